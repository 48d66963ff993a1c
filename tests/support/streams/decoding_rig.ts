/** A camera's decoding on a held clock: real packets, the real decoder, detectors that take at once. */
import assert from "node:assert/strict";
import { type CameraAccount, DROP_REASONS, UNDECODED_REASONS } from "../../../src/core/accounts.ts";
import type { CameraSource, StreamInfo } from "../../../src/core/camera_types.ts";
import { type SteadyMs, wallMs } from "../../../src/core/clock.ts";
import { FrameBus } from "../../../src/framebus/bus.ts";
import { CameraLedger } from "../../../src/framebus/ledger.ts";
import { CodecParameters } from "../../../src/libav/codec_parameters.ts";
import type { VideoStream } from "../../../src/libav/video_stream.ts";
import type { Libav } from "../../../src/libav/library.ts";
import { Packet } from "../../../src/libav/packet.ts";
import { StreamBounds } from "../../../src/stream/bounds/stream_bounds.ts";
import { CameraPacing } from "../../../src/stream/camera_pacing.ts";
import { CaptureTime } from "../../../src/stream/capture_time.ts";
import { Decoding } from "../../../src/stream/decoding.ts";
import type { GopBuffer } from "../../../src/stream/gop_buffer.ts";
import type { PacketSource, SourcePacket } from "../../../src/stream/packet_source.ts";
import { Snapshots } from "../../../src/stream/snapshots.ts";
import { FramePool, type SharedFrame } from "../../../src/stream/shared_frame.ts";
import { sourceOf } from "../cameras/camera_source.ts";
import type { CameraClip } from "../cameras/faulty_camera/clip.ts";
import { HeldClock } from "../clocks/held_clock.ts";
import { assertCloses } from "./ledger.ts";

const TICKS_PER_SECOND = 1000;
const START_CODE = [0, 0, 0, 1] as const;
/** H.264's unit types (table 7-1), and the recovery point among SEI payloads (annex D). */
const H264 = { lastSlice: 5, sei: 6, recoveryPoint: 6 } as const;

export interface RigOptions {
  readonly clip: CameraClip;
  readonly fps: number;
  /** The rate of each detector; they take announced frames at once. */
  readonly ratesHz: readonly number[];
  readonly source?: Partial<CameraSource>;
  /** The first picture of the clip to send. */
  readonly startFrame?: number;
}

/** The packets of a clip, one at a time. */
class ClipSource implements PacketSource {
  readonly hasMore = false;
  readonly video: VideoStream;
  /** Packets that the decoding keeps. */
  lent = 0;
  readonly #libav: Libav;
  readonly #parameters: CodecParameters;
  #next: Packet;

  constructor(libav: Libav) {
    this.#libav = libav;
    this.#parameters = new CodecParameters(libav, {
      codecName: "h264",
      clockRate: TICKS_PER_SECOND,
      extradata: null,
      frameRate: null,
    });
    this.video = this.#parameters.video;
    this.#next = new Packet(libav);
  }

  /** A packet as it arrives from a camera now. */
  packet(of: {
    readonly units: readonly Uint8Array[];
    readonly isKey: boolean;
    readonly shownAtMs: number;
    readonly atMs: SteadyMs;
    readonly isCorrupt: boolean;
  }): SourcePacket {
    const packet = this.#next;
    packet.fill(Uint8Array.from(of.units.flatMap((unit) => [...START_CODE, ...unit])), of.isKey);
    packet.stamp(BigInt(of.shownAtMs));
    const isDisposable = of.units.every((unit) => !isSlice(unit) || (unit[0] ?? 0) >> 5 === 0);
    return {
      packet,
      pts: BigInt(of.shownAtMs),
      isKey: of.isKey,
      isRecoveryPoint: !of.isKey && of.units.some(isRecoveryPoint),
      isCorrupt: of.isCorrupt,
      isDisposable: () => isDisposable,
      positionSeconds: of.shownAtMs / TICKS_PER_SECOND,
      arrivedAtMs: of.atMs,
      capturedAtMs: wallMs(of.atMs),
      clock: "arrival",
    };
  }

  keep(): void {
    this.lent++;
    this.#next = new Packet(this.#libav);
  }

  recycle(packet: Packet): void {
    this.lent--;
    packet[Symbol.dispose]();
  }

  secondsOf(pts: bigint | null): number {
    return Number(pts ?? 0n) / TICKS_PER_SECOND;
  }

  read(): Promise<"end"> {
    return Promise.resolve("end");
  }

  take(): null {
    return null;
  }

  decoded(): void {
    // Nothing is planned.
  }

  rewind(): void {
    // It goes on.
  }

  async close(): Promise<void> {
    // Nothing is open.
  }

  [Symbol.dispose](): void {
    this.#next[Symbol.dispose]();
    this.#parameters[Symbol.dispose]();
  }
}

/** Plays a clip packet by packet; after each the account closes and no count has decreased. */
export class DecodingRig implements Disposable {
  readonly clock = new HeldClock(1000);
  readonly ledger = new CameraLedger();
  readonly bus: FrameBus<SharedFrame>;
  readonly snapshots: Snapshots;
  readonly infos: StreamInfo[] = [];
  /** When each detector was delivered a frame, and its position in the stream. */
  readonly taken: { readonly detector: string; readonly atMs: number; readonly seconds: number }[] =
    [];
  catchUps = 0;
  waits = 0;
  /** Packets sent to the decoder, some of them more than once. */
  sent = 0;
  buffer: GopBuffer | null = null;
  decoding: Decoding;
  readonly source: ClipSource;
  readonly #options: RigOptions;
  readonly #parts: ConstructorParameters<typeof Decoding>[0];
  readonly #pool: FramePool;
  #next = 0;
  #before: readonly number[] = [];

  constructor(libav: Libav, options: RigOptions) {
    this.#options = options;
    const pacing = new CameraPacing();
    this.bus = new FrameBus<SharedFrame>({
      clock: this.clock,
      stallTimeoutMs: 10_000,
      ledger: this.ledger,
      pacing,
      onDemandChanged: () => pacing.wake(),
      announce: (detector) => void this.clock.after(1, () => this.#take(detector)),
    });
    this.snapshots = new Snapshots(libav, () => pacing.wake());
    this.#pool = new FramePool(libav);
    this.source = new ClipSource(libav);
    for (const [index, rateHz] of options.ratesHz.entries()) {
      this.bus.register({ detector: `d${index}`, rateHz, paused: false, pictures: false });
    }
    this.bus.start();
    this.#parts = {
      libav,
      source: sourceOf({ url: "rtsp://127.0.0.1/cam", ...options.source }),
      bus: this.bus,
      ledger: this.ledger,
      pacing,
      snapshots: this.snapshots,
      pool: this.#pool,
      captureTime: new CaptureTime(),
      clock: this.clock,
      bounds: new StreamBounds({ maxPixels: 8192 * 4320, isLive: true, clock: this.clock }),
      onArrival: () => undefined,
      onFrame: () => undefined,
      onWaiting: () => this.waits++,
      onInfo: (info) => void this.infos.push(info),
      onDecoderFallback: (error) => assert.fail(error.message),
      onDecoded: () => this.sent++,
      onLevel: () => undefined,
      onBuffer: (buffer) => this.buffer = buffer,
      onCatchUp: () => this.catchUps++,
    };
    this.decoding = new Decoding(this.#parts, this.source);
  }

  get account(): CameraAccount {
    return this.bus.account();
  }

  /** Sends so many pictures of the clip, and lets the time between them pass. */
  async play(pictures: number, change: {
    readonly isCorrupt?: boolean;
    /** NAL units to send instead of the clip's. */
    readonly units?: readonly Uint8Array[];
    /** How much earlier or later a packet arrives, as a part of the frame interval. */
    readonly jitter?: () => number;
  } = {}): Promise<void> {
    const { clip, fps } = this.#options;
    const frameMs = 1000 / fps;
    for (let count = 0; count < pictures; count++) {
      const index = this.#next++;
      const at = (index + (this.#options.startFrame ?? 0)) % clip.pictures.length;
      const picture = clip.pictures[at] ?? assert.fail("an empty clip");
      const dueMs = 1000 + (index + 1 + (change.jitter?.() ?? 0)) * frameMs;
      await this.clock.pass(Math.max(0, dueMs - this.clock.nowMs()));
      this.decoding.push(this.source.packet({
        units: change.units ?? picture.units,
        isKey: picture.isKey,
        shownAtMs: Math.round((index + (clip.shownAt?.[at] ?? at) - at) * frameMs),
        atMs: this.clock.nowMs(),
        isCorrupt: change.isCorrupt ?? false,
      }));
      this.check();
    }
    await this.clock.pass(2);
  }

  /** Ends the connection and begins another. */
  reconnect(): void {
    this.decoding[Symbol.dispose]();
    assert.equal(this.source.lent, 0, "every packet is recycled");
    this.decoding = new Decoding(this.#parts, this.source);
  }

  /** The longest time between two deliveries to a detector, in milliseconds, and until now. */
  longestPauseMs(detector: string): number {
    const times = this.taken.filter((each) => each.detector === detector).map(({ atMs }) => atMs);
    assert.ok(times.length > 0, `${detector} was delivered nothing`);
    const ends = [...times.slice(1), this.clock.nowMs()];
    return Math.max(...ends.map((at, index) => at - (times[index] ?? 0)));
  }

  /** Asserts that the account closes and does not lag, and that no count has decreased. */
  check(): void {
    const { account } = this;
    assertCloses(account);
    assert.equal(account.received + this.ledger.pending, this.ledger.arrived);
    assert.ok(this.ledger.pending <= 16, "received lags behind the camera");
    const counts = [
      account.received,
      account.corrupt,
      account.decoded,
      ...UNDECODED_REASONS.map((reason) => account.undecoded[reason]),
      ...account.detectors.flatMap(({ processed, dropped, decoded }) => [
        processed,
        decoded,
        ...DROP_REASONS.map((reason) => dropped[reason]),
      ]),
    ];
    for (const [index, count] of counts.entries()) {
      assert.ok(count >= (this.#before[index] ?? 0), `count ${index} decreased`);
    }
    this.#before = counts;
  }

  [Symbol.dispose](): void {
    this.decoding[Symbol.dispose]();
    this.bus.stop();
    this.check();
    assert.equal(this.ledger.pending, 0, "every frame is settled");
    assert.equal(this.account.undecoded.buffered, 0, "and none is buffered");
    assert.equal(this.source.lent, 0, "every packet is recycled");
    this.#pool[Symbol.dispose]();
    this.source[Symbol.dispose]();
  }

  #take(detector: string): void {
    this.bus.deliver(detector, ({ info }) => {
      this.taken.push({ detector, atMs: this.clock.nowMs(), seconds: info.ptsSeconds });
    });
  }
}

function isSlice(unit: Uint8Array): boolean {
  const type = (unit[0] ?? 0) & 31;
  return type >= 1 && type <= H264.lastSlice;
}

function isRecoveryPoint(unit: Uint8Array): boolean {
  return ((unit[0] ?? 0) & 31) === H264.sei && unit[1] === H264.recoveryPoint;
}
