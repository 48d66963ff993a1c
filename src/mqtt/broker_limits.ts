/** What a broker of MQTT 5 states in its CONNACK about itself. */

/** The properties of a CONNACK, as mqtt.js names them. */
export interface ConnackProperties {
  readonly receiveMaximum?: number;
  readonly maximumPacketSize?: number;
  readonly maximumQoS?: number;
  readonly retainAvailable?: boolean;
}

export interface BrokerLimits {
  /** Messages of QoS 1 in flight. */
  readonly receiveMaximum: number;
  readonly maximumPacketBytes: number;
  /** What Orion cannot do without and the broker refuses; null for nothing. */
  readonly lack: BrokerLack | null;
}

/** The error with which a broker refuses what it lacks, also one that only states it. */
export class BrokerLack extends Error {
  /** @param code  a reason code of MQTT 5 */
  constructor(readonly code: number) {
    super(`reason code ${code}`);
  }
}

/** The limits of a broker that states none. */
export const NO_LIMITS: BrokerLimits = {
  receiveMaximum: Infinity,
  maximumPacketBytes: Infinity,
  lack: null,
};

const RETAIN_NOT_SUPPORTED = 0x9a;
const QOS_NOT_SUPPORTED = 0x9b;

/** Reads the limits from the properties of a CONNACK. */
export function brokerLimits(properties: ConnackProperties = {}): BrokerLimits {
  return {
    receiveMaximum: properties.receiveMaximum ?? NO_LIMITS.receiveMaximum,
    maximumPacketBytes: properties.maximumPacketSize ?? NO_LIMITS.maximumPacketBytes,
    lack: properties.retainAvailable === false
      ? new BrokerLack(RETAIN_NOT_SUPPORTED)
      : properties.maximumQoS === 0
      ? new BrokerLack(QOS_NOT_SUPPORTED)
      : null,
  };
}

/** What a broker lacks that refuses with a reason code; null for other codes. */
export function lackOf(code: string | number) {
  switch (code) {
    case RETAIN_NOT_SUPPORTED:
      return {
        found: `it allows no retained messages (code ${code})`,
        remedy: "Allow retained messages in the broker's configuration: Orion needs them.",
      };
    case QOS_NOT_SUPPORTED:
      return {
        found: `it allows no messages of QoS 1 (code ${code})`,
        remedy: "Allow QoS 1 in the broker's configuration: Orion needs it.",
      };
    default:
      return null;
  }
}
