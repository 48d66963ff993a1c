import type { SteadyMs } from "../core/clock.ts";
import type { UndecodedReason } from "../core/accounts.ts";
import type { FrameState } from "../framebus/ledger.ts";
import { LibavError } from "../libav/error.ts";
import type { BoundedDecoder } from "./bounds/bounded_decoder.ts";
import { isRefusal } from "./bounds/errors.ts";
import { DecodePolicy } from "../pacing/decode_policy.ts";
import type { DecodingParts } from "./decoding_parts.ts";
import { GopBuffer } from "./gop_buffer.ts";
import { StreamInfoReporter } from "./stream_info.ts";
import { openDecoder } from "./open_decoder.ts";
import type { PacketSource, SourcePacket } from "./packet_source.ts";
import { CorruptionTracker } from "./corruption_tracker.ts";
import { FrameViews } from "./frame_views.ts";
import type { SharedFrame } from "./shared_frame.ts";
import { ShownTimes } from "./shown_times.ts";

/** A camera's packet that waited for so long shows that the decoder is behind. */
const BEHIND_MS = 1000;
/** A decoder that needs this part of the time between frames does not catch up any more. */
const SLOW_PART = 0.8;
/** Weight of one packet in the mean time that decoding takes. */
const WEIGHT = 1 / 8;

/** `empty`: it begins with the next packet. `standing`: it left packets out, and remembers. */
type DecoderState = "empty" | "standing" | "working";

/** From a connection's packets to frames on the bus: what is decoded, what is whole, what is counted. */
export class Decoding implements Disposable {
  readonly gate: DecodePolicy;
  readonly #parts: DecodingParts;
  readonly #packets: PacketSource;
  readonly #decoder: BoundedDecoder;
  readonly #tracker: CorruptionTracker;
  readonly #views: FrameViews;
  readonly #info: StreamInfoReporter;
  readonly #buffer: GopBuffer;
  #shownTimes = new ShownTimes();
  #state: DecoderState = "empty";
  #hasDecoded = false;
  #decodeMs = 0;

  /** @throws {LibavError} `STREAM_CODEC` when libav has no decoder for the stream */
  constructor(parts: DecodingParts, packets: PacketSource) {
    const { libav, source, bus } = parts;
    const { video } = packets;
    this.#parts = parts;
    this.#packets = packets;
    this.#decoder = openDecoder(libav, video, {
      decoder: source.decoder,
      bounds: parts.bounds,
      onFallback: parts.onDecoderFallback,
    });
    this.#views = new FrameViews({ libav, video, wish: source });
    const { onInfo } = parts;
    this.#info = new StreamInfoReporter({
      video,
      decoder: this.#decoder,
      views: this.#views,
      onInfo,
    });
    const skipsNonRef = source.decode === "nonref";
    if (skipsNonRef) this.#decoder.setSkipFrame("noref");
    this.gate = new DecodePolicy(source.decode);
    this.#tracker = new CorruptionTracker({ ledger: bus.ledger, skipsNonRef });
    this.#buffer = new GopBuffer({
      ledger: bus.ledger,
      recycle: (packet) => packets.recycle(packet),
    });
    parts.onBuffer(this.#buffer);
  }

  /** Counts a packet, and decodes it if some detector will take its picture or one after it. */
  packet(packet: SourcePacket): void {
    const leftOut = this.#packet(packet);
    if (packet.isCorrupt) {
      this.#buffer.clear();
    } else if (this.#parts.source.decode !== "keyframes") {
      this.#packets.keep();
      this.#buffer.add(packet, leftOut);
      if (leftOut === null && this.#state !== "empty") this.#buffer.advance();
    } else if (leftOut !== null) {
      this.#parts.bus.ledger.undecoded(leftOut);
    }
  }

  /** @returns why the packet was left out, where it may be decoded yet; its frame is to be settled */
  #packet(packet: SourcePacket): UndecodedReason | null {
    const { bus, snapshots, source } = this.#parts;
    const { isKey, arrivedAtMs } = packet;
    if (isKey) this.#info.keyframe(packet.positionSeconds);
    bus.ledger.arrive();
    bus.cadence.beat(arrivedAtMs);
    this.#parts.onArrival(arrivedAtMs);
    const fate = this.gate.decide({
      isKey,
      isRecoveryPoint: packet.isRecoveryPoint,
      isCorrupt: packet.isCorrupt,
      isTooSlow: this.#isTooSlow(arrivedAtMs),
      isDisposable: packet.isDisposable,
      atMs: arrivedAtMs,
      frameMs: bus.cadence.intervalMs,
      wanted: bus.wanted,
      pictureWanted: snapshots.wanted,
      periodMs: bus.periodMs,
      dueInMs: bus.dueInMs(arrivedAtMs),
      dueNextInMs: bus.dueNextInMs(arrivedAtMs),
      holdsBack: this.#tracker.holdsBack,
      buffer: this.#bufferState,
    });
    if (isKey) this.#followKeyframes(arrivedAtMs);
    this.#parts.onLevel(this.gate.level);
    if (fate.kind === "catch-up" || fate.kind === "decode") {
      if (fate.kind === "catch-up") this.#catchUp();
      else if (this.#mustRestart(packet)) {
        this.#buffer.clear();
        this.#restart(packet);
      }
      this.#decode(packet);
      // Nothing follows that pushes the picture out.
      if (this.gate.keyframesOnly) this.#sleep();
      return null;
    }
    const isNonRef = fate.kind === "skip" && fate.reason === "nonref";
    if (this.#state === "working" && !isNonRef) this.#sleep();
    if (fate.kind === "unusable") {
      bus.ledger.corrupt();
      if (!this.#hasDecoded) this.#parts.onWaiting(arrivedAtMs);
      return null;
    }
    this.#parts.onFrame(arrivedAtMs);
    if (source.file === null) this.#info.frame(null);
    if (!isNonRef) return fate.reason;
    bus.ledger.undecoded("nonref");
    return null;
  }

  /** The stream has ended, or starts again: gets out what the decoder holds back. */
  end(): void {
    this.#drain();
  }

  /** A file starts again from its beginning. */
  rewind(): void {
    this.#shownTimes = new ShownTimes();
    this.#info.rewind();
  }

  [Symbol.dispose](): void {
    this.#parts.onBuffer(null);
    this.#tracker.settle();
    this.#buffer[Symbol.dispose]();
    this.#decoder[Symbol.dispose]();
  }

  get #bufferState(): "incomplete" | "complete" | "full" {
    const { isComplete, isCut, isFull } = this.#buffer;
    // A decoder that holds pictures back forgets everything when it sleeps.
    if (!isComplete || (isCut && this.#tracker.holdsBack)) return "incomplete";
    return isFull ? "full" : "complete";
  }

  /** Decodes what was left out, so that the packet at hand can follow; its pictures are passed over. */
  #catchUp(): void {
    this.#parts.onCatchUp();
    const { beginning } = this.#buffer;
    try {
      if (beginning !== null) this.#restart(beginning);
      this.#state = "working";
      this.#buffer.replay((packet, standing) => this.#decode({ ...packet, standing }));
    } catch (error) {
      // The packet at hand does not get its turn.
      this.#parts.bus.ledger.undecoded("asleep");
      throw error;
    }
  }

  /** Decoding cannot go on with this packet from where the decoder is. */
  #mustRestart(packet: SourcePacket): boolean {
    if (this.#state !== "working") return true;
    return packet.isRecoveryPoint && this.#tracker.isTainted;
  }

  /** The decoder slept, or is to forget: begin here as if there had been nothing before. */
  #restart(packet: SourcePacket): void {
    if (this.#state !== "empty") this.#drain();
    this.#state = "working";
    this.#tracker.restart(packet, this.#hasDecoded);
    this.#hasDecoded = true;
  }

  #isTooSlow(arrivedAtMs: SteadyMs): boolean {
    const { source, bus, clock } = this.#parts;
    const { intervalMs } = bus.cadence;
    if (source.file !== null || intervalMs === null) return false;
    return this.#decodeMs > SLOW_PART * intervalMs && clock.nowMs() - arrivedAtMs > BEHIND_MS;
  }

  /** Lets go of every picture: what is wanted next has not come yet. */
  #sleep(): void {
    if (this.#tracker.holdsBack) this.#drain();
    else this.#state = "standing";
    this.#parts.bus.rest();
  }

  /** Detectors whose rate allows it are due with the keyframes: least has to be decoded then. */
  #followKeyframes(atMs: SteadyMs): void {
    const { bus } = this.#parts;
    const { keyframes, keyframesOnly } = this.gate;
    bus.frameCadence = keyframesOnly ? keyframes : null;
    const everyMs = keyframes.intervalMs;
    if (everyMs !== null && keyframes.isSteady) bus.follow({ atMs, everyMs });
  }

  #decode(packet: SourcePacket & { readonly standing?: FrameState }): void {
    const startedAtMs = this.#parts.clock.nowMs();
    try {
      while (this.#decoder.send(packet.packet) === "again") this.#receiveAll();
      this.#tracker.sent(packet);
    } catch (error) {
      this.#tracker.refused(packet);
      if (!(error instanceof LibavError || isRefusal(error))) throw error;
    }
    this.#receiveAll();
    const spentMs = this.#parts.clock.nowMs() - startedAtMs;
    this.#decodeMs += (spentMs - this.#decodeMs) * WEIGHT;
    this.#packets.decoded(spentMs);
    this.#parts.onDecoded(spentMs);
  }

  /** Takes every picture out of the decoder that is ready. */
  #receiveAll(): void {
    const { bus, snapshots, pool, source, captureTime } = this.#parts;
    for (;;) {
      const frame = pool.take();
      try {
        if (this.#receive(frame) !== "frame") return;
        const { picture } = frame;
        // Also of a picture that goes no further: it may say how those after it are shown.
        const view = this.#views.of(picture);
        const damaged = picture.isCorrupt || picture.decodeErrorFlags !== 0;
        const packet = this.#tracker.received({ pts: picture.pts, damaged });
        if (packet === null) continue;
        if (packet.standing !== undefined) {
          bus.passOver(packet.standing);
          continue;
        }
        const ptsSeconds = this.#packets.secondsOf(packet.pts);
        frame.info = {
          seq: source.firstSeq + bus.ledger.received,
          isKey: packet.isKey,
          ptsSeconds,
          shownAtMs: this.#shownTimes.of(ptsSeconds * 1000, packet.arrivedAtMs),
          capturedAtMs: captureTime.inOrder(packet.capturedAtMs),
          arrivedAtMs: packet.arrivedAtMs,
          clock: packet.clock,
          view,
        };
        this.#info.frame(frame);
        this.#parts.onFrame(packet.arrivedAtMs);
        bus.distribute(frame);
        if (!this.#packets.hasMore) snapshots.offer(frame);
      } finally {
        frame.release();
      }
    }
  }

  #receive(frame: SharedFrame): "frame" | "again" | "end" {
    try {
      return this.#decoder.receive(frame.picture);
    } catch (error) {
      if (!(error instanceof LibavError)) throw error;
      // The picture is lost; its packet stays pending until a later one settles it.
      this.#tracker.gap();
      return "again";
    }
  }

  /** Gets out what the decoder holds back, and leaves it ready for a keyframe. */
  #drain(): void {
    try {
      this.#decoder.send(null);
      this.#receiveAll();
    } finally {
      this.#tracker.settle();
      this.#decoder.flush();
      this.#state = "empty";
      this.#buffer.rewind();
    }
  }
}
