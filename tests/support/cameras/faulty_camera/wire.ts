/** The bytes of one connection: written in order, at once, in pieces, or a byte at a time. */
import { type Clock, systemClock } from "../../../../src/core/clock.ts";
import type { Wire as WireFaults } from "./options.ts";

/** An accepted connection. */
export class Wire {
  readonly #connection: Deno.Conn;
  readonly #faults: WireFaults;
  readonly #clock: Clock;
  #writing: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(connection: Deno.Conn, faults: WireFaults, clock: Clock = systemClock) {
    this.#connection = connection;
    this.#faults = faults;
    this.#clock = clock;
    if ("setNoDelay" in connection && typeof connection.setNoDelay === "function") {
      connection.setNoDelay(true);
    }
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The next bytes; null once the client or {@link close} has closed it. */
  async read(buffer: Uint8Array): Promise<Uint8Array | null> {
    try {
      const count = await this.#connection.read(buffer);
      return count === null ? null : buffer.subarray(0, count);
    } catch (error) {
      if (isGone(error)) return null;
      throw error;
    }
  }

  /** Writes after all earlier writes; does nothing once closed. */
  write(bytes: Uint8Array, isAnswer = false): Promise<void> {
    const pieceBytes = isAnswer && this.#faults.trickleMs > 0 ? 1 : this.#faults.splitBytes;
    const pauseMs = isAnswer ? this.#faults.trickleMs : 0;
    this.#writing = this.#writing.then(() => this.#pieces(bytes, pieceBytes, pauseMs));
    return this.#writing;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#connection.close();
  }

  async #pieces(bytes: Uint8Array, pieceBytes: number, pauseMs: number): Promise<void> {
    const stepBytes = pieceBytes > 0 ? pieceBytes : bytes.length;
    for (let at = 0; at < bytes.length && !this.#isClosed; at += stepBytes) {
      if (!await this.#whole(bytes.subarray(at, at + stepBytes))) return;
      if (pauseMs > 0) await this.#clock.sleep(pauseMs);
    }
  }

  async #whole(bytes: Uint8Array): Promise<boolean> {
    for (let rest = bytes; rest.length > 0;) {
      if (this.#isClosed) return false;
      try {
        rest = rest.subarray(await this.#connection.write(rest));
      } catch (error) {
        if (!isGone(error)) throw error;
        this.close();
        return false;
      }
    }
    return true;
  }
}

/** Errors of a connection closed by either side; over TLS without close_notify. */
export function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.UnexpectedEof || error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.InvalidData || error instanceof Deno.errors.NotConnected;
}
