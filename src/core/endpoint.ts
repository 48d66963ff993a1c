/** Host and port, as addresses, permissions and URLs spell them. */
import { isIPv4 } from "node:net";

/** Host and port of a listener, a broker or a camera. */
export interface Endpoint {
  /** Without the brackets of an IPv6 address. */
  readonly hostname: string;
  readonly port: number;
}

/** A host, with the brackets that an IPv6 address needs in a URL. */
export function hostText(hostname: string): string {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}

/** `host:port`, with the brackets that an IPv6 address needs. */
export function endpointText({ hostname, port }: Endpoint): string {
  return `${hostText(hostname)}:${port}`;
}

/** Whether a host can only be reached from this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" ||
    (isIPv4(hostname) && hostname.startsWith("127."));
}
