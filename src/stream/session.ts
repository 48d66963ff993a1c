import type { Clock } from "../core/clock.ts";
import type { OrionError } from "../core/errors.ts";
import type { CameraSource, DecodeLevel, StreamInfo } from "../core/messages.ts";
import type { FrameBus } from "../framebus/bus.ts";
import type { Decoder } from "../libav/decoder.ts";
import { isDisposable } from "../libav/disposable.ts";
import { LibavError } from "../libav/error.ts";
import type { Input } from "../libav/input.ts";
import type { Libav } from "../libav/library.ts";
import { Packet } from "../libav/packet.ts";
import type { CaptureTime } from "./capture_time.ts";
import { DecodeGate } from "./decode_gate.ts";
import { GapWatch } from "./gap_watch.ts";
import { Gathering } from "./gathering.ts";
import { InfoTeller } from "./info_teller.ts";
import { openDecoder } from "./open_decoder.ts";
import { type PacketInfo, PictureTracker } from "./picture_tracker.ts";
import { PictureClock } from "./picture_clock.ts";
import type { Pictures } from "./pictures.ts";
import type { FramePool, SharedFrame } from "./shared_frame.ts";
import type { SilenceWatch } from "./silence_watch.ts";
import { Pace, Timeline } from "./timeline.ts";

/** How a connection ended, other than by an error. */
export type ConnectionEnd = "ended" | "stalled" | "stopped";

/** What a connection works with; it owns none of it. */
export interface ConnectionParts {
  readonly libav: Libav;
  readonly source: CameraSource;
  readonly bus: FrameBus<SharedFrame>;
  readonly pictures: Pictures;
  readonly pool: FramePool;
  /** The camera's, from connection to connection. */
  readonly captureTime: CaptureTime;
  readonly clock: Clock;
  /** Aborted when the camera is to stop. */
  readonly signal: AbortSignal;
  /** A good frame came, decoded or left out on purpose. */
  readonly onFrame: (atMs: number) => void;
  readonly onInfo: (info: StreamInfo) => void;
  readonly onDecoderFallback: (error: OrionError) => void;
  /** Milliseconds spent in the decoder for one packet. */
  readonly onDecoded: (spentMs: number) => void;
  /** How much is decoded, told with every packet. */
  readonly onLevel: (level: DecodeLevel) => void;
}

/** The read loop of an open input. */
export class Session implements Disposable {
  readonly #parts: ConnectionParts;
  readonly #input: Input;
  readonly #silence: SilenceWatch;
  readonly #packet: Packet;
  readonly #decoder: Decoder;
  readonly #gate: DecodeGate;
  readonly #gaps: GapWatch | null;
  readonly #tracker: PictureTracker;
  readonly #timeline: Timeline;
  readonly #pictureClock: PictureClock;
  readonly #info: InfoTeller;
  readonly #pace: Pace | null;
  readonly #gathering: Gathering;
  readonly #isDisposable = () => isDisposable(this.#input.video.codecName, this.#packet.head());
  #wasDecoding = false;
  #hasDecoded = false;

  constructor(parts: ConnectionParts, input: Input, silence: SilenceWatch) {
    const { libav, source, bus, clock } = parts;
    this.#parts = parts;
    this.#input = input;
    this.#silence = silence;
    this.#decoder = openDecoder(libav, input.video, {
      decoder: source.decoder,
      onFallback: parts.onDecoderFallback,
    });
    this.#info = new InfoTeller({
      video: input.video,
      decoder: this.#decoder,
      onInfo: parts.onInfo,
    });
    this.#packet = new Packet(libav);
    const skipsNonRef = source.decode === "nonref";
    if (skipsNonRef) this.#decoder.setSkipFrame("noref");
    this.#gate = new DecodeGate(source.decode);
    const isFile = source.file !== null;
    const isUdp = source.transport === "udp" && !isFile;
    // Over UDP whole frames can be lost without a trace but for their time.
    this.#gaps = isUdp ? new GapWatch() : null;
    // And what is not read at once may be lost there.
    this.#gathering = new Gathering({ ...parts, gate: this.#gate }, !isFile && !isUdp);
    this.#tracker = new PictureTracker({ ledger: bus.ledger, skipsNonRef, gaps: this.#gaps });
    this.#timeline = new Timeline(input.video.timeBase);
    this.#pictureClock = new PictureClock({ input, isFile, time: parts.captureTime, clock });
    this.#pace = isFile ? new Pace(clock) : null;
  }

  async run(): Promise<ConnectionEnd> {
    const { source, signal, clock } = this.#parts;
    for (;;) {
      await this.#gathering.rest();
      const startedAtMs = clock.nowMs();
      const read = await this.#input.read(this.#packet);
      if (signal.aborted) return "stopped";
      if (this.#silence.broken) return "stalled";
      if (read === "end") {
        this.#drain();
        if (!source.loop) return "ended";
        this.#rewind();
        continue;
      }
      // The packet keeps its data until the next read lets go of it.
      if (this.#packet.streamIndex === this.#input.video.index) await this.#onPacket(startedAtMs);
    }
  }

  [Symbol.dispose](): void {
    this.#gathering[Symbol.dispose]();
    this.#tracker.settle();
    this.#packet[Symbol.dispose]();
    this.#decoder[Symbol.dispose]();
  }

  async #onPacket(readAtMs: number): Promise<void> {
    const { bus, pictures, clock, signal, source } = this.#parts;
    const { pts, isKey } = this.#packet;
    const positionSeconds = this.#timeline.positionSeconds(pts);
    const waitMs = this.#pace?.waitMs(positionSeconds);
    // Also a wait of nothing gives the event loop its turn: a fast file must not shut the mailboxes out.
    if (waitMs !== undefined) await clock.sleep(waitMs, signal);
    const nowMs = clock.nowMs();
    const arrivedAtMs = this.#gathering.read({
      nowMs,
      tookMs: nowMs - readAtMs,
      positionMs: positionSeconds * 1000,
      sizeBytes: this.#packet.sizeBytes,
      isKey,
    });
    const info: PacketInfo = {
      pts,
      isKey,
      arrivedAtMs,
      ...this.#pictureClock.of(pts, nowMs - arrivedAtMs),
    };
    if (isKey) this.#info.keyframe(positionSeconds);
    bus.ledger.arrive();
    bus.rhythm.beat(arrivedAtMs);
    this.#gaps?.arrived(pts);
    const fate = this.#gate.decide({
      isKey,
      isDisposable: this.#isDisposable,
      atMs: arrivedAtMs,
      frameMs: bus.rhythm.intervalMs,
      wanted: bus.wanted,
      pictureWanted: pictures.wanted,
      periodMs: bus.periodMs,
      dueInMs: bus.dueInMs(arrivedAtMs),
    });
    if (isKey) this.#followKeyframes(arrivedAtMs);
    this.#parts.onLevel(this.#gate.level);
    if (fate.kind === "decode") {
      if (!this.#wasDecoding) this.#restart(info);
      this.#decode(info);
      // Nothing will follow that pushes the picture out.
      if (this.#gate.keyframesOnly) this.#sleep();
      return;
    }
    if (this.#wasDecoding && fate.kind === "skip" && fate.reason !== "nonref") this.#sleep();
    if (fate.kind === "unusable") return bus.ledger.corrupt();
    bus.ledger.undecoded(fate.reason);
    this.#good(arrivedAtMs);
    if (source.file === null) this.#info.frame(null);
  }

  /** The decoder slept: begin with this keyframe as if there had been nothing before. */
  #restart(key: PacketInfo): void {
    this.#wasDecoding = true;
    this.#tracker.restart(key, this.#hasDecoded);
    this.#hasDecoded = true;
  }

  /** Empties the decoder and the mailboxes: what is wanted next has not come yet. */
  #sleep(): void {
    this.#drain();
    this.#parts.bus.rest();
  }

  /** Detectors whose rate allows it are due with the keyframes: least has to be decoded then. */
  #followKeyframes(atMs: number): void {
    const { bus } = this.#parts;
    const { keyframes, keyframesOnly } = this.#gate;
    bus.pictureRhythm = keyframesOnly ? keyframes : null;
    const everyMs = keyframes.intervalMs;
    if (everyMs !== null && keyframes.isSteady) bus.follow({ atMs, everyMs });
  }

  #decode(info: PacketInfo): void {
    const startedAtMs = this.#parts.clock.nowMs();
    try {
      if (this.#packet.isCorrupt) this.#tracker.gap();
      while (this.#decoder.send(this.#packet) === "again") this.#receiveAll();
      this.#tracker.sent(info);
    } catch (error) {
      if (!(error instanceof LibavError)) throw error;
      this.#tracker.refused();
    }
    this.#receiveAll();
    const spentMs = this.#parts.clock.nowMs() - startedAtMs;
    this.#gathering.decoded(spentMs);
    this.#parts.onDecoded(spentMs);
  }

  /** Takes every picture out of the decoder that is ready. */
  #receiveAll(): "again" | "end" {
    const { bus, pictures, pool, source, captureTime } = this.#parts;
    for (;;) {
      const frame = pool.take();
      try {
        const state = this.#receive(frame);
        if (state !== "frame") return state;
        const { picture } = frame;
        const damaged = picture.isCorrupt || picture.decodeErrorFlags !== 0;
        const packet = this.#tracker.received({ pts: picture.pts, damaged });
        if (packet === null) continue;
        frame.info = {
          seq: source.firstSeq + bus.ledger.received,
          isKey: packet.isKey,
          ptsSeconds: this.#timeline.peekSeconds(packet.pts),
          capturedAtMs: captureTime.inOrder(packet.capturedAtMs),
          arrivedAtMs: packet.arrivedAtMs,
          clock: packet.clock,
        };
        this.#info.frame(frame);
        this.#good(packet.arrivedAtMs);
        bus.distribute(frame);
        if (this.#gathering.isNewest) pictures.offer(frame);
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
      this.#wasDecoding = false;
    }
  }

  #rewind(): void {
    this.#input.seekToStart();
    this.#timeline.rewind();
    this.#pace?.rewind();
    this.#info.rewind();
  }

  #good(atMs: number): void {
    this.#silence.frame(atMs);
    this.#parts.onFrame(atMs);
  }
}
