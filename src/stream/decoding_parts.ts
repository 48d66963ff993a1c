import type { CameraSource, DecodeLevel, StreamInfo } from "../core/camera_types.ts";
import type { Clock, SteadyMs } from "../core/clock.ts";
import type { OrionError } from "../core/errors.ts";
import type { FrameBus } from "../framebus/bus.ts";
import type { Libav } from "../libav/library.ts";
import type { StreamBounds } from "./bounds/stream_bounds.ts";
import type { CaptureTime } from "./capture_time.ts";
import type { GopBuffer } from "./gop_buffer.ts";
import type { Snapshots } from "./snapshots.ts";
import type { FramePool, SharedFrame } from "./shared_frame.ts";

/** What decoding works with; it owns none of it. */
export interface DecodingParts {
  readonly libav: Libav;
  readonly source: CameraSource;
  readonly bus: FrameBus<SharedFrame>;
  readonly snapshots: Snapshots;
  readonly pool: FramePool;
  readonly captureTime: CaptureTime;
  readonly clock: Clock;
  /** What the connection may ask of the decoder. */
  readonly bounds: StreamBounds;
  /** A packet came. */
  readonly onArrival: (atMs: SteadyMs) => void;
  /** A good frame came, decoded or left out on purpose. */
  readonly onFrame: (atMs: SteadyMs) => void;
  /** A packet came, and no keyframe yet that decoding could begin with. */
  readonly onWaiting: (atMs: SteadyMs) => void;
  readonly onInfo: (info: StreamInfo) => void;
  readonly onDecoderFallback: (error: OrionError) => void;
  /** Milliseconds spent in the decoder for one packet. */
  readonly onDecoded: (spentMs: number) => void;
  /** How much is decoded, with every packet. */
  readonly onLevel: (level: DecodeLevel) => void;
  /** What is kept of the connection, until it ends. */
  readonly onBuffer: (buffer: GopBuffer | null) => void;
  /** The decoder goes on with what it left out. */
  readonly onCatchUp: () => void;
}
