import type { Decoder, SkipFrame } from "../../libav/decoder.ts";
import type { Frame } from "../../libav/frame.ts";
import type { Libav } from "../../libav/library.ts";
import type { Packet } from "../../libav/packet.ts";
import { BoundsError, pictureRefused } from "./errors.ts";
import type { DecodeResult } from "./fair_share.ts";
import type { Inspector } from "./inspector.ts";
import { MAX_PACKET_BYTES } from "./limits.ts";
import type { StreamBounds } from "./stream_bounds.ts";

/** Enough for the packets of most cameras. */
const FIRST_BYTES = 64 * 1024;

export interface BoundedDecoderParts {
  /** Owned by the bounded decoder. */
  readonly decoder: Decoder;
  readonly libav: Libav;
  readonly inspector: Inspector;
  readonly bounds: StreamBounds;
}

/** A decoder that gets only packets within the bounds, and whose CPU time is budgeted. */
export class BoundedDecoder implements Disposable {
  readonly name: string;
  readonly codecName: string;
  readonly #decoder: Decoder;
  readonly #libav: Libav;
  readonly #inspector: Inspector;
  readonly #bounds: StreamBounds;
  #bytes = new Uint8Array(FIRST_BYTES);
  /** The decoder returned "again": the caller sends the same packet once more. */
  #isResend = false;
  // State of the current packet.
  #spentMs = 0;
  /** The thread's time when a packet was sent that nothing was received for yet: both are measured as one. */
  #sentMs: number | null = null;
  #isWasted = false;
  #sizeChanges = 0;

  constructor({ decoder, libav, inspector, bounds }: BoundedDecoderParts) {
    this.#decoder = decoder;
    this.#libav = libav;
    this.#inspector = inspector;
    this.#bounds = bounds;
    this.name = decoder.name;
    this.codecName = decoder.codecName;
  }

  /**
   * Inspects a packet and sends it, as {@link Decoder.send} does.
   * @throws {LibavError} for a damaged packet
   * @throws {BoundsError} for a packet that exceeds the bounds
   * @throws {UnusablePacket} for a packet that cannot be decoded
   */
  send(packet: Packet | null): "ok" | "again" {
    if (packet !== null && !this.#isResend) this.#inspect(packet);
    const startedMs = this.#libav.threadMs();
    this.#isResend = false;
    try {
      const result = this.#decoder.send(packet);
      this.#isResend = result === "again";
      this.#sentMs = startedMs;
      return result;
    } catch (error) {
      this.#spentMs += this.#libav.threadMs() - startedMs;
      this.#isWasted = true;
      throw error;
    }
  }

  /** Receives a frame, as {@link Decoder.receive} does. */
  receive(frame: Frame): "frame" | "again" | "end" {
    const startedMs = this.#sentMs ?? this.#libav.threadMs();
    this.#sentMs = null;
    let result: "frame" | "again" | "end" | "failed" = "failed";
    try {
      return result = this.#decoder.receive(frame);
    } finally {
      this.#spentMs += this.#libav.threadMs() - startedMs;
      const isDamaged = result === "frame" && (frame.isCorrupt || frame.decodeErrorFlags !== 0);
      if (result === "failed" || isDamaged) this.#isWasted = true;
      if (result !== "frame") this.#settle();
    }
  }

  flush(): void {
    this.#isResend = false;
    this.#sentMs = null;
    this.#decoder.flush();
  }

  setSkipFrame(skip: SkipFrame): void {
    this.#decoder.setSkipFrame(skip);
  }

  pixelFormatName(format: number): string {
    return this.#decoder.pixelFormatName(format);
  }

  [Symbol.dispose](): void {
    this.#decoder[Symbol.dispose]();
  }

  #inspect(packet: Packet): void {
    const { failure } = this.#bounds;
    if (failure !== null) throw failure;
    try {
      const length = packet.sizeBytes;
      if (length > MAX_PACKET_BYTES) throw pictureRefused(`it has ${length} bytes`);
      if (length > this.#bytes.length) this.#bytes = new Uint8Array(length);
      packet.copyTo(this.#bytes);
      this.#inspector.packet(this.#bytes, length);
    } catch (error) {
      if (error instanceof BoundsError) this.#bounds.refuse(error);
      throw error;
    }
  }

  /** Accounts for a packet, once all of its frames were received. */
  #settle(): void {
    const { pixels, sizeChanges, isFinelySliced } = this.#inspector;
    const isResized = sizeChanges !== this.#sizeChanges;
    const isWasted = this.#isWasted || isResized;
    const result: DecodeResult = isWasted ? "wasted" : isFinelySliced ? "finely-sliced" : "intact";
    this.#bounds.decoded(this.#spentMs, pixels, result);
    this.#spentMs = 0;
    this.#isWasted = false;
    this.#sizeChanges = sizeChanges;
  }
}
