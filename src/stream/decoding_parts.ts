import type { CameraSource, DecodeLevel, StreamInfo } from "../core/camera_types.ts";
import type { Clock, SteadyMs } from "../core/clock.ts";
import type { OrionError } from "../core/errors.ts";
import type { FrameBus } from "../framebus/bus.ts";
import type { StreamLedger } from "../framebus/ledger.ts";
import type { Libav } from "../libav/library.ts";
import type { StreamBounds } from "./bounds/stream_bounds.ts";
import type { CameraPacing } from "./camera_pacing.ts";
import type { CaptureTime } from "./capture_time.ts";
import type { GopBuffer } from "./gop_buffer.ts";
import type { FrameWish } from "./snapshots.ts";
import type { FramePool, SharedFrame } from "./shared_frame.ts";

/** What decoding works with; it owns none of it. */
export interface DecodingParts {
  readonly libav: Libav;
  readonly source: CameraSource;
  readonly bus: FrameBus<SharedFrame>;
  /** The stream's side of the camera's account. */
  readonly ledger: StreamLedger;
  readonly pacing: CameraPacing;
  /** Of snapshots and live pictures. */
  readonly snapshots: FrameWish;
  readonly pool: FramePool;
  readonly captureTime: CaptureTime;
  readonly clock: Clock;
  /** Limits what the connection may demand of the decoder. */
  readonly bounds: StreamBounds;
  /** A packet arrived. */
  readonly onArrival: (atMs: SteadyMs) => void;
  /** A usable frame arrived, decoded or skipped. */
  readonly onFrame: (atMs: SteadyMs) => void;
  /** A packet arrived, and no keyframe before it that decoding could start with. */
  readonly onWaiting: (atMs: SteadyMs) => void;
  readonly onInfo: (info: StreamInfo) => void;
  readonly onDecoderFallback: (error: OrionError) => void;
  /** Milliseconds spent in the decoder for one packet. */
  readonly onDecoded: (spentMs: number) => void;
  /** The decode level at each packet. */
  readonly onLevel: (level: DecodeLevel) => void;
  /** The GOP buffer of the connection; null when that ends. */
  readonly onBuffer: (buffer: GopBuffer | null) => void;
  /** The decoder catches up with skipped packets. */
  readonly onCatchUp: () => void;
}
