/** Hosts and ports, as addresses, permissions and URLs format them. */
import { isIPv4 } from "node:net";

/** Host and port of a listener, a broker or a camera. */
export interface Endpoint {
  /** Without the brackets of an IPv6 address. */
  readonly hostname: string;
  readonly port: number;
}

/** Formats a host: an IPv6 address stands in brackets. */
export function hostText(hostname: string): string {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}

/** Formats `host:port`: an IPv6 address stands in brackets. */
export function endpointText({ hostname, port }: Endpoint): string {
  return `${hostText(hostname)}:${port}`;
}

/** Whether a host can only be reached from this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" ||
    (isIPv4(hostname) && hostname.startsWith("127."));
}
