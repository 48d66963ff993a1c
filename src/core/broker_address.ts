import { type Endpoint, endpointText } from "./endpoint.ts";

/** The ports of schemes where an address names none. */
export const MQTT_PORTS = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 } as const;

/** How MQTT travels: over TCP or web sockets, with TLS or without. */
export type BrokerScheme = keyof typeof MQTT_PORTS;

/** Where a broker answers. */
export interface BrokerAddress extends Endpoint {
  readonly scheme: BrokerScheme;
  /** For web sockets path and query, from the slash on; else "". */
  readonly path: string;
}

/** The address as it may be shown: without path and query, which may hold a token. */
export function shownBroker(address: BrokerAddress): string {
  return `${address.scheme}://${endpointText(address)}`;
}
