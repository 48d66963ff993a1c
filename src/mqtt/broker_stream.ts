/**
 * What the embedded broker reads from a client: everything that has come, and no packet beyond a limit.
 *
 * `read()` of a stream gives one chunk under Deno, where Node gives all of them joined. A
 * reader that calls it once for each `readable` event, as aedes does, then never sees the other chunks:
 * no further event comes while some are left. So `read()` is made to give all of them.
 */
import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";

/** Bytes of one message; a snapshot in an acknowledgement is the largest. */
export const MAX_PAYLOAD_BYTES = 8 * 1024 * 1024;

/** The first packet of a connection, a CONNECT: four fields of at most 64 KiB. */
export const MAX_FIRST_BYTES = 4 * 64 * 1024;
/** Every other one: the largest message, its topic and headers. */
export const MAX_PACKET_BYTES = MAX_PAYLOAD_BYTES + 64 * 1024 + 64;
/** What has begun to come of packets larger than the first may be, from all clients. */
export const MAX_BYTES_IN_ALL = 48 * 1024 * 1024;

/**
 * Makes `read()` give every byte that has come, and ends the connection at the header of a packet that
 * is larger than the limit: before any of it is kept.
 */
export function readWhole(stream: Duplex, budget: PacketBudget): void {
  const readChunk = stream.read.bind(stream);
  const guard = new PacketGuard(budget);
  stream.on("close", () => guard.end());
  stream.read = () => {
    const chunks: Uint8Array[] = [];
    for (;;) {
      const chunk: unknown = readChunk();
      if (!(chunk instanceof Uint8Array)) break;
      if (!guard.admits(chunk)) {
        stream.destroy(new Error("the packet is too large"));
        return null;
      }
      chunks.push(chunk);
    }
    return chunks.length === 0 ? null : Buffer.concat(chunks);
  };
}

/** Room for large packets that have not come whole, shared by all connections. */
export class PacketBudget {
  #bytes = 0;

  /** @returns whether there is room */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > MAX_BYTES_IN_ALL) return false;
    this.#bytes += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/** A length of a packet takes at most so many bytes (MQTT 3.1.1, section 2.2.3). */
const MAX_LENGTH_BYTES = 4;

/** Follows the packets of a connection by their headers. */
export class PacketGuard {
  readonly #budget: PacketBudget;
  #isFirst = true;
  /** Bytes of the packet's body that are still to come. */
  #left = 0;
  /** What the open packet holds of the budget. */
  #held = 0;
  /** Bytes of the length that were read, or -1 before the packet's first byte. */
  #lengthBytes = -1;
  #length = 0;

  constructor(budget: PacketBudget) {
    this.#budget = budget;
  }

  /** Whether every packet that begins in these bytes is within the limits. */
  admits(bytes: Uint8Array): boolean {
    let at = 0;
    while (at < bytes.length) {
      if (this.#left > 0) {
        const step = Math.min(this.#left, bytes.length - at);
        this.#left -= step;
        at += step;
        if (this.#left === 0) this.end();
      } else if (!this.#header(bytes[at++] ?? 0)) return false;
    }
    return true;
  }

  /** The open packet is whole, or its connection has ended. */
  end(): void {
    this.#budget.giveBack(this.#held);
    this.#held = 0;
  }

  /** One byte of a header: the packet's type, or a byte of its length, seven bits each. */
  #header(byte: number): boolean {
    if (this.#lengthBytes < 0) {
      this.#lengthBytes = 0;
      this.#length = 0;
      return true;
    }
    this.#length += (byte & 0x7f) * 2 ** (7 * this.#lengthBytes);
    this.#lengthBytes++;
    if ((byte & 0x80) !== 0) return this.#lengthBytes < MAX_LENGTH_BYTES;
    return this.#begin(this.#length);
  }

  #begin(length: number): boolean {
    if (length > (this.#isFirst ? MAX_FIRST_BYTES : MAX_PACKET_BYTES)) return false;
    if (length > MAX_FIRST_BYTES) {
      if (!this.#budget.take(length)) return false;
      this.#held = length;
    }
    this.#isFirst = false;
    this.#left = length;
    this.#lengthBytes = -1;
    return true;
  }
}
