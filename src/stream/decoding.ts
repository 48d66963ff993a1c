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

/** A decoder lags behind when a camera's packet waited for longer than this. */
const BEHIND_MS = 1000;
/** A decoder that needs more than this part of the frame interval does not catch up. */
const SLOW_PART = 0.8;
/** Weight of one packet in the running mean of the decoding time. */
const WEIGHT = 1 / 8;

/** `empty`: it has no frame to refer to. `paused`: it has, but packets were skipped since. */
type DecoderState = "empty" | "paused" | "working";

/** Turns a connection's packets into frames on the bus: decides, decodes, checks and counts. */
export class Decoding implements Disposable {
  readonly policy: DecodePolicy;
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
    const { libav, source, ledger } = parts;
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
    this.policy = new DecodePolicy(source.decode);
    this.#tracker = new CorruptionTracker({ ledger, skipsNonRef });
    this.#buffer = new GopBuffer({ ledger, recycle: (packet) => packets.recycle(packet) });
    parts.onBuffer(this.#buffer);
  }

  /** Counts a packet, and decodes it if a detector needs its frame or a later one. */
  push(packet: SourcePacket): void {
    const skipped = this.#push(packet);
    if (packet.isCorrupt) {
      this.#buffer.clear();
    } else if (this.#parts.source.decode !== "keyframes") {
      this.#packets.keep();
      this.#buffer.add(packet, skipped);
      if (skipped === null && this.#state !== "empty") this.#buffer.advance();
    } else if (skipped !== null) {
      this.#parts.ledger.undecoded(skipped);
    }
  }

  /** @returns why the packet was skipped, where it may still be decoded: its frame is not settled yet */
  #push(packet: SourcePacket): UndecodedReason | null {
    const { bus, ledger, pacing, snapshots, source } = this.#parts;
    const { isKey, arrivedAtMs } = packet;
    if (isKey) this.#info.keyframe(packet.positionSeconds);
    ledger.arrive();
    pacing.packets.observe(arrivedAtMs);
    this.#parts.onArrival(arrivedAtMs);
    const decision = this.policy.decide({
      isKey,
      isRecoveryPoint: packet.isRecoveryPoint,
      isCorrupt: packet.isCorrupt,
      isTooSlow: this.#isTooSlow(arrivedAtMs),
      isDisposable: packet.isDisposable,
      atMs: arrivedAtMs,
      frameMs: pacing.packets.intervalMs,
      isWanted: bus.isWanted,
      isSnapshotWanted: snapshots.isWanted,
      periodMs: bus.periodMs,
      dueInMs: bus.dueInMs(arrivedAtMs),
      dueNextInMs: bus.dueNextInMs(arrivedAtMs),
      hasDelayedFrames: this.#tracker.hasPending,
      buffer: this.#bufferState,
    });
    if (isKey) this.#alignWithKeyframes(arrivedAtMs);
    this.#parts.onLevel(this.policy.level);
    if (decision.kind === "catch-up" || decision.kind === "decode") {
      if (decision.kind === "catch-up") this.#catchUp();
      else if (this.#mustRestart(packet)) {
        this.#buffer.clear();
        this.#restart(packet);
      }
      this.#decode(packet);
      // No packet follows that makes the decoder output the frame.
      if (this.policy.keyframesOnly) this.#sleep();
      return null;
    }
    const isNonRef = decision.kind === "skip" && decision.reason === "nonref";
    if (this.#state === "working" && !isNonRef) this.#sleep();
    if (decision.kind === "unusable") {
      ledger.corrupt();
      if (!this.#hasDecoded) this.#parts.onWaiting(arrivedAtMs);
      return null;
    }
    this.#parts.onFrame(arrivedAtMs);
    if (source.file === null) this.#info.frame(null);
    if (!isNonRef) return decision.reason;
    ledger.undecoded("nonref");
    return null;
  }

  /** Drains the decoder: the stream has ended, or starts again. */
  end(): void {
    this.#drain();
  }

  /** Prepares for the first packet of a file that starts again. */
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
    const { isComplete, isTruncated, isFull } = this.#buffer;
    // A decoder with delayed frames is flushed when it sleeps.
    if (!isComplete || (isTruncated && this.#tracker.hasPending)) return "incomplete";
    return isFull ? "full" : "complete";
  }

  /** Decodes the skipped packets, so that the current one can follow; their frames are not offered. */
  #catchUp(): void {
    this.#parts.onCatchUp();
    const { restartPacket } = this.#buffer;
    try {
      if (restartPacket !== null) this.#restart(restartPacket);
      this.#state = "working";
      this.#buffer.replay((packet, frameState) => this.#decode({ ...packet, frameState }));
    } catch (error) {
      // The current packet is not reached.
      this.#parts.ledger.undecoded("asleep");
      throw error;
    }
  }

  /** Whether the decoder has to be restarted for this packet. */
  #mustRestart(packet: SourcePacket): boolean {
    if (this.#state !== "working") return true;
    return packet.isRecoveryPoint && this.#tracker.isCorrupt;
  }

  /** Starts decoding here, independently of what was decoded before. */
  #restart(packet: SourcePacket): void {
    if (this.#state !== "empty") this.#drain();
    this.#state = "working";
    this.#tracker.restart(packet, this.#hasDecoded);
    this.#hasDecoded = true;
  }

  #isTooSlow(arrivedAtMs: SteadyMs): boolean {
    const { source, pacing, clock } = this.#parts;
    const { intervalMs } = pacing.packets;
    if (source.file !== null || intervalMs === null) return false;
    return this.#decodeMs > SLOW_PART * intervalMs && clock.nowMs() - arrivedAtMs > BEHIND_MS;
  }

  /** Stops decoding until a later packet is wanted. */
  #sleep(): void {
    if (this.#tracker.hasPending) this.#drain();
    else this.#state = "paused";
    this.#parts.bus.dropNotDue();
  }

  /** Makes detectors whose rate permits it due with the keyframes: that takes the least decoding. */
  #alignWithKeyframes(atMs: SteadyMs): void {
    const { bus, pacing } = this.#parts;
    const { keyframes, keyframesOnly } = this.policy;
    pacing.decodesOnly(keyframesOnly ? keyframes : null);
    const { intervalMs } = keyframes;
    if (intervalMs !== null && keyframes.isSteady) bus.align({ atMs, intervalMs });
  }

  #decode(packet: SourcePacket & { readonly frameState?: FrameState }): void {
    const startedAtMs = this.#parts.clock.nowMs();
    try {
      while (this.#decoder.send(packet.packet) === "again") this.#receiveAll();
      this.#tracker.sent(packet);
    } catch (error) {
      this.#tracker.rejected(packet);
      if (!(error instanceof LibavError || isRefusal(error))) throw error;
    }
    this.#receiveAll();
    const spentMs = this.#parts.clock.nowMs() - startedAtMs;
    this.#decodeMs += (spentMs - this.#decodeMs) * WEIGHT;
    this.#packets.decoded(spentMs);
    this.#parts.onDecoded(spentMs);
  }

  /** Receives every frame that the decoder has ready. */
  #receiveAll(): void {
    const { bus, ledger, snapshots, pool, source, captureTime } = this.#parts;
    for (;;) {
      const frame = pool.take();
      try {
        if (this.#receive(frame) !== "frame") return;
        const { picture } = frame;
        // Also of a frame that is not offered: its side data may apply to later ones.
        const view = this.#views.of(picture);
        const isDamaged = picture.isCorrupt || picture.decodeErrorFlags !== 0;
        const packet = this.#tracker.received({ pts: picture.pts, isDamaged });
        if (packet === null) continue;
        if (packet.frameState !== undefined) {
          bus.countCatchUp(packet.frameState);
          continue;
        }
        const ptsSeconds = this.#packets.secondsOf(packet.pts);
        frame.info = {
          seq: source.firstSeq + ledger.received,
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
        if (snapshots.isWanted && !this.#packets.hasMore) snapshots.offer(frame);
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
      // The frame is lost; its packet stays pending until a later one settles it.
      this.#tracker.frameLost();
      return "again";
    }
  }

  /** Receives the delayed frames, and leaves the decoder ready for a keyframe. */
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
