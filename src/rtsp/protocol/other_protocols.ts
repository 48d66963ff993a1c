/** Servers that do not speak RTSP: recognised by their first bytes. */

/** As many bytes as {@link protocolOf} compares. */
export const PROTOCOL_BYTES = 5;

/** The types of TLS records that a server may begin with, and their major version (RFC 8446 5.1). */
const TLS_ALERT = 21;
const TLS_HANDSHAKE = 22;
const TLS_MAJOR_VERSION = 3;

/** A protocol that a server speaks instead of RTSP. */
export type OtherProtocol = "HTTP" | "SSH" | "TLS" | "unknown";

/** The protocol of a server whose first bytes are no RTSP message. */
export function protocolOf(bytes: Uint8Array): OtherProtocol {
  const text = String.fromCharCode(...bytes.subarray(0, PROTOCOL_BYTES));
  if (text.startsWith("HTTP/")) return "HTTP";
  if (text.startsWith("SSH-")) return "SSH";
  const isTls = bytes[0] === TLS_ALERT || bytes[0] === TLS_HANDSHAKE;
  return isTls && bytes[1] === TLS_MAJOR_VERSION ? "TLS" : "unknown";
}
