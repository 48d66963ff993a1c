import { endpointText } from "../../core/endpoint.ts";
import type { Clock } from "../../core/clock.ts";
import { RtspError, rtspError, type RtspErrorContext } from "../errors.ts";

/** A bidirectional byte stream to a camera, over TCP or TLS. */
export interface ByteStream {
  /**
   * Bytes leave the socket before {@link read} is called: the operating system's count of unread bytes does
   * not include them.
   */
  readonly readsAhead: boolean;
  /** SHA-256 of the peer's certificate, 64 hexadecimal digits in lower case; null without TLS. */
  readonly fingerprint: string | null;
  /** The local port, which identifies the connection to the operating system. */
  readonly localPort: number;
  /** The peer's address, without brackets. */
  readonly remoteAddress: string;
  /**
   * Waits for bytes and copies them to the beginning of `into`.
   * @returns the count, or null at the end. Less than the length of `into`: no more have arrived.
   */
  read(into: Uint8Array<ArrayBuffer>): Promise<number | null>;
  /** Writes all of `bytes`. */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Closes the stream at once; pending calls reject or end. Idempotent. */
  close(): void;
}

/** The peer, and the time limit of the connection attempt. */
export interface ConnectOptions {
  readonly hostname: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Opens a TCP connection.
 *
 * @throws {StreamError} `STREAM_NAME_UNKNOWN`, `STREAM_UNREACHABLE`, `STREAM_REFUSED`, `STREAM_TIMEOUT`,
 *   `STREAM_INTERRUPTED` when the signal was aborted
 */
export async function connectTcp(options: ConnectOptions): Promise<ByteStream> {
  const { hostname, port } = options;
  const connecting = Deno.connect({ hostname, port });
  const connection = await withDeadline(connecting, options, (late) => late.close());
  connection.setNoDelay(true);
  return new TcpStream(connection);
}

/**
 * Waits for a connection within its time limit. Passes a connection that is opened too late to `drop`.
 * @param lateness  what is known when the time is over
 */
export async function withDeadline<T>(
  opening: Promise<T>,
  options: ConnectOptions,
  drop: (late: T) => void,
  lateness: () => Partial<RtspErrorContext> = () => ({}),
): Promise<T> {
  const { clock, timeoutMs, signal } = options;
  const context = contextOf(options);
  const cancelled = Promise.withResolvers<never>();
  const cancel = clock.after(timeoutMs, () => {
    const found = `no answer in ${timeoutMs} ms`;
    cancelled.reject(rtspError("STREAM_TIMEOUT", { ...context, found, ...lateness() }));
  });
  const onAbort = () => cancelled.reject(rtspError("STREAM_INTERRUPTED", context));
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([opening, cancelled.promise]);
  } catch (error) {
    opening.then(drop, () => {
      // It failed: there is no connection to drop.
    });
    throw connectionError(error, context);
  } finally {
    cancel();
    signal.removeEventListener("abort", onAbort);
  }
}

class TcpStream implements ByteStream {
  readonly readsAhead = false;
  readonly fingerprint = null;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly #connection: Deno.TcpConn;
  #closed = false;

  constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
    this.localPort = connection.localAddr.port;
    this.remoteAddress = connection.remoteAddr.hostname;
  }

  read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    return this.#connection.read(into);
  }

  async write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    for (let written = 0; written < bytes.byteLength;) {
      written += await this.#connection.write(bytes.subarray(written));
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection.close();
  }
}

function contextOf(options: ConnectOptions): RtspErrorContext {
  return { action: `Cannot connect to ${endpointText(options)}` };
}

/**
 * Maps the error of a connection attempt, or of a read. Deno has error classes for the most common causes
 * only. Other errors, and those that have a code already, are returned unchanged.
 */
export function connectionError(error: unknown, context: RtspErrorContext): unknown {
  if (!(error instanceof Error) || error instanceof RtspError) return error;
  const found = error.message;
  if (error instanceof Deno.errors.ConnectionRefused) {
    return rtspError("STREAM_REFUSED", { ...context, found: "the connection was refused" });
  }
  if (error instanceof Deno.errors.TimedOut) {
    return rtspError("STREAM_TIMEOUT", { ...context, found });
  }
  if (/failed to lookup address|name or service not known|no address/i.test(found)) {
    return rtspError("STREAM_NAME_UNKNOWN", { ...context, found: "no such host name" });
  }
  const isUnreachable = error instanceof Deno.errors.NetworkUnreachable ||
    error instanceof Deno.errors.AddrNotAvailable ||
    /unreachable|no route|os error (101|113|99)\b/i.test(found);
  if (isUnreachable) {
    return rtspError("STREAM_UNREACHABLE", {
      ...context,
      found: "there is no route to that address",
    });
  }
  return isConnectionLost(error) ? rtspError("STREAM_ENDED", { ...context, found }) : error;
}

/** Whether a read or write failed because the peer closed the connection. */
export function isConnectionLost(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.NotConnected || error instanceof Deno.errors.UnexpectedEof;
}
