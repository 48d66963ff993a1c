import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { epochMs } from "../../core/clock.ts";
import { endpointText } from "../../core/endpoint.ts";
import { rtspError, type RtspErrorCode } from "../errors.ts";
import { type ByteStream, type ConnectOptions, withDeadline } from "./byte_stream.ts";

/** How a camera's certificate is verified. */
export interface TlsTrust {
  /** PEM of the certificate authorities that replace the system's, or null. */
  readonly ca: string | null;
  /**
   * SHA-256 of the only accepted certificate, 64 hexadecimal digits in lower case, or null. Replaces the
   * verification of host name and chain, since most cameras have a self-signed certificate.
   */
  readonly fingerprint: string | null;
  /** Accept any certificate. */
  readonly insecure: boolean;
}

/**
 * Opens a TLS connection, and verifies the camera's certificate before any data is sent.
 *
 * Uses `node:tls`, since `Deno.connectTls` cannot accept a certificate by its fingerprint.
 *
 * @throws {StreamError} as `connectTcp`, and `STREAM_TLS_…` with the certificate's fingerprint
 */
export async function connectTls(options: ConnectOptions, trust: TlsTrust): Promise<ByteStream> {
  const { hostname, port, timeoutMs } = options;
  const socket = connect({
    host: hostname,
    port,
    // RFC 6066 3: no server name for an IP address.
    ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
    ...(trust.ca === null ? {} : { ca: trust.ca }),
    // Verified below, also by fingerprint.
    rejectUnauthorized: false,
  });
  const noHandshake = `no TLS handshake in ${timeoutMs} ms; without TLS it is rtsp://`;
  let isConnected = false;
  const opened = new Promise<TlsStream>((resolve, reject) => {
    socket.once("connect", () => isConnected = true);
    socket.once("secureConnect", () => resolve(new TlsStream(socket, options)));
    const found = "the connection was closed during the TLS handshake";
    const closed = rtspError("STREAM_TLS", { ...contextOf(options), found });
    socket.once("error", (error) => reject(isReset(error) ? closed : socketError(error, options)));
    socket.once("close", () => reject(closed));
  });
  try {
    const stream = await withDeadline(opened, options, (late) => late.close(), () => ({
      ...contextOf(options),
      ...(isConnected ? { peer: "silent", found: noHandshake } : {}),
    }));
    verify(socket, options, trust);
    return stream;
  } catch (error) {
    // Further errors of the abandoned socket are irrelevant.
    socket.on("error", () => {});
    socket.destroy();
    throw error;
  }
}

/** SHA-256 of the peer's certificate in the form of {@link TlsTrust.fingerprint}; "" without one. */
export function fingerprintOf(socket: TLSSocket): string {
  return (socket.getPeerCertificate().fingerprint256 ?? "").replaceAll(":", "").toLowerCase();
}

function verify(socket: TLSSocket, options: ConnectOptions, trust: TlsTrust): void {
  if (trust.insecure) return;
  const fingerprint = fingerprintOf(socket);
  const context = { ...contextOf(options), fingerprint };
  if (trust.fingerprint !== null) {
    if (fingerprint === trust.fingerprint) return;
    const found = `the camera's certificate has the fingerprint sha256:${fingerprint}, ` +
      `the configuration names sha256:${trust.fingerprint}`;
    throw rtspError("STREAM_TLS_FINGERPRINT", { ...context, found });
  }
  if (socket.authorized) return;
  const cause = String(socket.authorizationError);
  const validity = /SELF_SIGNED/.test(cause) ? null : invalidity(socket, options);
  if (validity !== null) {
    throw rtspError("STREAM_TLS_EXPIRED", { ...context, found: validity });
  }
  throw rtspError(tlsCode(cause), { ...context, found: `its certificate is rejected: ${cause}` });
}

/**
 * The validity of a certificate that is not valid now; else null. Deno gives a chain that cannot be verified
 * as the cause of both. A self-signed certificate is trusted by its fingerprint, whatever its validity.
 */
function invalidity(socket: TLSSocket, { clock }: ConnectOptions): string | null {
  const { valid_from: from, valid_to: to } = socket.getPeerCertificate();
  const nowMs = epochMs(clock.wallMs());
  const isValid = !(nowMs < Date.parse(from)) && !(nowMs > Date.parse(to));
  return isValid ? null : `its certificate is valid from ${from} to ${to}`;
}

/** Maps Node's codes of certificate errors (OpenSSL's `X509_V_ERR_…` without the prefix). */
function tlsCode(cause: string): RtspErrorCode {
  if (/EXPIRED|NOT_YET_VALID/.test(cause)) return "STREAM_TLS_EXPIRED";
  if (/ALTNAME|HOSTNAME/.test(cause)) return "STREAM_TLS_NAME";
  if (/SELF_SIGNED|UNABLE_TO|UNTRUSTED|UNKNOWN/.test(cause)) return "STREAM_TLS_UNTRUSTED";
  return "STREAM_TLS";
}

function codeOf(error: Error): string {
  return "code" in error ? String(error.code) : "";
}

/** Whether the peer closed the connection. */
function isReset(error: Error): boolean {
  return codeOf(error) === "ECONNRESET" || codeOf(error) === "EPIPE";
}

function socketError(error: Error, options: ConnectOptions): Error {
  const context = contextOf(options);
  const code = codeOf(error);
  if (code === "ECONNREFUSED") {
    return rtspError("STREAM_REFUSED", { ...context, found: "the connection was refused" });
  }
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return rtspError("STREAM_NAME_UNKNOWN", { ...context, found: "no such host name" });
  }
  if (code === "ENETUNREACH" || code === "EHOSTUNREACH") {
    return rtspError("STREAM_UNREACHABLE", {
      ...context,
      found: "there is no route to that address",
    });
  }
  if (isReset(error)) {
    return rtspError("STREAM_ENDED", { ...context, found: "the connection was closed" });
  }
  if (code === "ETIMEDOUT") return rtspError("STREAM_TIMEOUT", { ...context, found: code });
  const isTls = code.startsWith("ERR_SSL") || code.startsWith("ERR_TLS") || /ssl|tls/i.test(code);
  return isTls ? rtspError("STREAM_TLS", { ...context, found: code || error.message }) : error;
}

function contextOf(options: ConnectOptions): { readonly action: string } {
  return { action: `Cannot connect to ${endpointText(options)} over TLS` };
}

/** A TLS socket of Node's, read on demand: unread bytes stay in the socket. */
class TlsStream implements ByteStream {
  readonly readsAhead = true;
  readonly fingerprint: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly #socket: TLSSocket;
  /** The part of a chunk that did not fit into the last `read`. */
  #rest: Uint8Array | null = null;
  #ended = false;
  #error: Error | null = null;
  #wake: (() => void) | null = null;

  constructor(socket: TLSSocket, options: ConnectOptions) {
    this.#socket = socket;
    this.fingerprint = fingerprintOf(socket);
    this.localPort = socket.localPort ?? 0;
    this.remoteAddress = socket.remoteAddress ?? "";
    socket.on("readable", () => this.#wake?.());
    const end = () => {
      this.#ended = true;
      this.#wake?.();
    };
    socket.on("end", end);
    socket.on("close", end);
    socket.on("error", (error) => {
      this.#error = socketError(error, options);
      this.#wake?.();
    });
  }

  async read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    for (;;) {
      const count = this.#drain(into);
      if (count > 0) return count;
      if (this.#error !== null) throw this.#error;
      if (this.#ended) return null;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = null;
    }
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    return new Promise((resolve, reject) => {
      // A copy: the socket may hold it longer than the caller.
      this.#socket.write(Buffer.from(bytes), (error) => error ? reject(error) : resolve());
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Reads until null: in Deno, `socket.read()` returns one chunk only. */
  #drain(into: Uint8Array<ArrayBuffer>): number {
    let count = 0;
    while (count < into.byteLength) {
      const chunk: Uint8Array | null = this.#rest ?? this.#socket.read();
      if (chunk === null) break;
      const fits = Math.min(chunk.byteLength, into.byteLength - count);
      into.set(chunk.subarray(0, fits), count);
      count += fits;
      this.#rest = fits < chunk.byteLength ? chunk.subarray(fits) : null;
    }
    return count;
  }
}
