/** Feeds packets to the bounds, the decoder and the ledger, without a camera. */
import { steadyMs, systemClock, wallMs } from "../../../src/core/clock.ts";
import type { CameraAccount } from "../../../src/core/accounts.ts";
import { FrameBus } from "../../../src/framebus/bus.ts";
import { CameraLedger } from "../../../src/framebus/ledger.ts";
import { CodecParameters } from "../../../src/libav/codec_parameters.ts";
import type { Libav } from "../../../src/libav/library.ts";
import { Packet } from "../../../src/libav/packet.ts";
import { BoundsError } from "../../../src/stream/bounds/errors.ts";
import { StreamBounds } from "../../../src/stream/bounds/stream_bounds.ts";
import { CameraPacing } from "../../../src/stream/camera_pacing.ts";
import { CaptureTime } from "../../../src/stream/capture_time.ts";
import { Decoding } from "../../../src/stream/decoding.ts";
import type { PacketSource, SourcePacket } from "../../../src/stream/packet_source.ts";
import { Snapshots } from "../../../src/stream/snapshots.ts";
import { FramePool, type SharedFrame } from "../../../src/stream/shared_frame.ts";
import { sourceOf } from "../cameras/camera_source.ts";

const CLOCK_RATE = 90_000;
const FRAME_TICKS = 3600;

/** An access unit. */
export interface FedUnit {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly isKey: boolean;
}

/** The outcome of a stream. */
export interface Fed {
  readonly account: CameraAccount;
  /** Usable frames. */
  readonly frames: number;
  /** The code of the bound that ended it, or null. */
  readonly refused: string | null;
}

/** Feeds a whole stream, as its camera's worker does. Every libav object is freed afterwards. */
export function feed(
  libav: Libav,
  codecName: string,
  units: readonly FedUnit[],
  maxPixels: number,
): Fed {
  using parameters = new CodecParameters(libav, {
    codecName,
    clockRate: CLOCK_RATE,
    extradata: null,
    frameRate: null,
  });
  const bounds = new StreamBounds({ maxPixels, isLive: true, clock: systemClock });
  const ledger = new CameraLedger();
  const pacing = new CameraPacing();
  const bus = new FrameBus<SharedFrame>({
    clock: systemClock,
    stallTimeoutMs: 10_000,
    ledger,
    pacing,
    announce: () => {},
    onDemandChanged: () => {},
  });
  using pool = new FramePool(libav);
  using stack = new DisposableStack();
  stack.defer(() => bus.stop());
  const snapshots = new Snapshots(libav, () => {});
  bus.register({ detector: "consumer", rateHz: null, paused: false, pictures: false });
  bus.start();
  let frames = 0;
  let refused: string | null = null;
  {
    using source = new FedSource(libav, parameters);
    using decoding = new Decoding({
      ...{ libav, bus, ledger, pacing, snapshots, pool, bounds, clock: systemClock },
      source: sourceOf({ url: "", decode: "all", maxPixels }),
      captureTime: new CaptureTime(),
      onArrival: () => {},
      onFrame: () => frames++,
      onWaiting: () => {},
      onInfo: () => {},
      onDecoderFallback: () => {},
      onDecoded: () => {},
      onLevel: () => {},
      onBuffer: () => {},
      onCatchUp: () => {},
    }, source);
    try {
      for (const unit of units) {
        snapshots.request(() => {});
        decoding.push(source.next(unit));
        bounds.settle();
      }
      decoding.end();
    } catch (error) {
      if (!(error instanceof BoundsError)) throw error;
      refused = error.code;
    }
  }
  return { account: bus.account(), frames, refused };
}

/** Makes a packet for each access unit, and frees it with the next unless it is kept. */
class FedSource implements PacketSource, Disposable {
  readonly hasMore = false;
  readonly #libav: Libav;
  readonly #parameters: CodecParameters;
  #packet: Packet | null = null;
  #count = 0;

  constructor(libav: Libav, parameters: CodecParameters) {
    this.#libav = libav;
    this.#parameters = parameters;
  }

  get video(): CodecParameters["video"] {
    return this.#parameters.video;
  }

  next({ data, isKey }: FedUnit): SourcePacket {
    this.#packet?.[Symbol.dispose]();
    const packet = new Packet(this.#libav);
    this.#packet = packet;
    packet.fill(data, isKey);
    const pts = BigInt(this.#count++ * FRAME_TICKS);
    packet.stamp(pts);
    const nowMs = systemClock.nowMs();
    return {
      ...{ packet, pts, isKey, isRecoveryPoint: false, isCorrupt: false },
      isDisposable: () => false,
      positionSeconds: Number(pts) / CLOCK_RATE,
      arrivedAtMs: steadyMs(nowMs),
      capturedAtMs: wallMs(nowMs),
      clock: "arrival",
    };
  }

  read(): Promise<"end"> {
    return Promise.resolve("end");
  }

  take(): null {
    return null;
  }

  keep(): boolean {
    this.#packet = null;
    return true;
  }

  recycle(packet: Packet): void {
    packet[Symbol.dispose]();
  }

  secondsOf(pts: bigint | null): number {
    return Number(pts ?? 0n) / CLOCK_RATE;
  }

  decoded(): void {
    // Nothing is planned.
  }

  rewind(): void {
    // A camera has no beginning.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.dispose](): void {
    this.#packet?.[Symbol.dispose]();
  }
}
