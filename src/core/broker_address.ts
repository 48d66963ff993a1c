import { type Endpoint, endpointText } from "./endpoint.ts";

/** The default ports of the schemes. */
export const MQTT_PORTS = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 } as const;

/** The transport of MQTT: TCP or web sockets, with or without TLS. */
export type BrokerScheme = keyof typeof MQTT_PORTS;

/** The address of a broker. */
export interface BrokerAddress extends Endpoint {
  readonly scheme: BrokerScheme;
  /** For web sockets path and query, from the slash on; else "". */
  readonly path: string;
}

/** Formats an address for display: without path and query, which may hold a token. */
export function shownBroker(address: BrokerAddress): string {
  return `${address.scheme}://${endpointText(address)}`;
}
