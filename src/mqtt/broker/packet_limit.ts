/**
 * Limits the size of the packets that the embedded broker reads.
 *
 * Replaces `read()` of a stream as well: under Deno it returns one chunk, where Node concatenates all. aedes
 * calls it once for each `readable` event and would never get the other chunks, since no further event
 * comes while some are buffered.
 */
import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";

/** Bytes of a payload; the largest is a snapshot in an acknowledgement. */
export const MAX_PAYLOAD_BYTES = 8 * 1024 * 1024;

/** Bytes of a CONNECT, the first packet of a connection: four fields of at most 64 KiB. */
export const MAX_CONNECT_BYTES = 4 * 64 * 1024;
/** Bytes of any other packet: the largest payload, its topic and headers. */
export const MAX_PACKET_BYTES = MAX_PAYLOAD_BYTES + 64 * 1024 + 64;
/** Bytes of the packets that are being read and are larger than a CONNECT may be, of all clients. */
export const MAX_PARTIAL_BYTES = 48 * 1024 * 1024;

/**
 * Makes `read()` return every buffered byte, and destroys the stream at the header of a packet beyond the
 * limits, before any of its body is buffered by aedes.
 */
export function limitPackets(stream: Duplex, budget: PacketBudget): void {
  const readChunk = stream.read.bind(stream);
  const limiter = new PacketLimiter(budget);
  stream.on("close", () => limiter.end());
  stream.read = (size) => {
    // Streams call it themselves, to fetch more: what is buffered stays so.
    if (size === 0) return readChunk(0);
    const chunks: Uint8Array[] = [];
    for (;;) {
      const chunk: unknown = readChunk();
      if (!(chunk instanceof Uint8Array)) break;
      if (!limiter.accept(chunk)) {
        stream.destroy(new Error("the packet is too large"));
        return null;
      }
      chunks.push(chunk);
    }
    return chunks.length === 0 ? null : Buffer.concat(chunks);
  };
}

/** The bytes reserved for partial large packets, shared by all connections. */
export class PacketBudget {
  #bytes = 0;

  /** @returns whether that many were left */
  reserve(bytes: number): boolean {
    if (this.#bytes + bytes > MAX_PARTIAL_BYTES) return false;
    this.#bytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/** Bytes of the field Remaining Length (MQTT 3.1.1, section 2.2.3). */
const MAX_LENGTH_BYTES = 4;

/** Tracks the packets of a connection by their fixed headers. */
export class PacketLimiter {
  readonly #budget: PacketBudget;
  #isFirst = true;
  /** Bytes of the packet that are still to come. */
  #bytesLeft = 0;
  /** Bytes of the budget that the packet has reserved. */
  #reserved = 0;
  /** Bytes of Remaining Length read so far, or -1 before the first byte of the packet. */
  #lengthBytes = -1;
  #remainingLength = 0;

  constructor(budget: PacketBudget) {
    this.#budget = budget;
  }

  /** @returns whether every packet that begins in these bytes is within the limits */
  accept(bytes: Uint8Array): boolean {
    let at = 0;
    while (at < bytes.length) {
      if (this.#bytesLeft > 0) {
        const step = Math.min(this.#bytesLeft, bytes.length - at);
        this.#bytesLeft -= step;
        at += step;
        if (this.#bytesLeft === 0) this.end();
      } else if (!this.#readHeader(bytes[at++] ?? 0)) return false;
    }
    return true;
  }

  /** Releases the budget of a packet that is complete, or whose connection has closed. */
  end(): void {
    this.#budget.release(this.#reserved);
    this.#reserved = 0;
  }

  /** Reads the packet type, or a byte of Remaining Length: seven bits each, the lowest first. */
  #readHeader(byte: number): boolean {
    if (this.#lengthBytes < 0) {
      this.#lengthBytes = 0;
      this.#remainingLength = 0;
      return true;
    }
    this.#remainingLength += (byte & 0x7f) * 2 ** (7 * this.#lengthBytes);
    this.#lengthBytes++;
    if ((byte & 0x80) !== 0) return this.#lengthBytes < MAX_LENGTH_BYTES;
    return this.#beginBody(this.#remainingLength);
  }

  #beginBody(length: number): boolean {
    if (length > (this.#isFirst ? MAX_CONNECT_BYTES : MAX_PACKET_BYTES)) return false;
    if (length > MAX_CONNECT_BYTES) {
      if (!this.#budget.reserve(length)) return false;
      this.#reserved = length;
    }
    this.#isFirst = false;
    this.#bytesLeft = length;
    this.#lengthBytes = -1;
    return true;
  }
}
