/** Servers that do not speak RTSP: recognised by their first bytes. */

/** As many bytes as {@link protocolOf} compares. */
export const PROTOCOL_BYTES = 5;

const latin1 = new TextDecoder("latin1");

/** TLS records of an alert and of a handshake (RFC 8446 5.1), in any version. */
const TLS_RECORD = /^[\x15\x16]\x03/;

/** A protocol that a server speaks instead of RTSP. */
export type OtherProtocol = "HTTP" | "SSH" | "TLS" | "unknown";

/** The protocol of a server whose first bytes are no RTSP message. */
export function protocolOf(bytes: Uint8Array): OtherProtocol {
  const text = latin1.decode(bytes);
  if (text.startsWith("HTTP/")) return "HTTP";
  if (text.startsWith("SSH-")) return "SSH";
  return TLS_RECORD.test(text) ? "TLS" : "unknown";
}
