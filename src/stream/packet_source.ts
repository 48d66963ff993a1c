import type { SteadyMs, WallMs } from "../core/clock.ts";
import type { CaptureClock } from "../core/frame_meta.ts";
import type { VideoStream } from "../libav/video_stream.ts";
import type { Packet } from "../libav/packet.ts";

/** A packet with its metadata, as taken from its source. */
export interface SourcePacket {
  /** The coded data, owned by the source; valid until the next packet is taken. */
  readonly packet: Packet;
  /** Presentation timestamp in time base units, or null. */
  readonly pts: bigint | null;
  /** A decoder can start here, and all frames from here on are intact. */
  readonly isKey: boolean;
  /** A decoder can start here, but intact frames follow later (intra refresh). */
  readonly isRecoveryPoint: boolean;
  /** Data of this packet, or just before it, was lost. */
  readonly isCorrupt: boolean;
  /** Whether no other frame refers to this one. Evaluated only where needed. */
  readonly isDisposable: () => boolean;
  /** Presentation time in seconds since the connection's first packet; of a file the position. */
  readonly positionSeconds: number;
  /** When its last byte arrived; of a file when it was due. */
  readonly arrivedAtMs: SteadyMs;
  /** When the frame was captured. */
  readonly capturedAtMs: WallMs;
  /** The clock of `capturedAtMs`. */
  readonly clock: CaptureClock;
}

/** Source of a connection's packets: a camera's RTSP session, or a demuxer of libav. */
export interface PacketSource {
  /** The stream to open a decoder for. Valid until the source is closed. */
  readonly video: VideoStream;
  /** Whether more packets are available without waiting. */
  readonly hasMore: boolean;
  /**
   * Waits for packets. Only one read may be pending.
   * @returns `end` when none will follow
   * @throws {OrionError} when reading fails
   */
  read(): Promise<"read" | "end">;
  /** Takes the oldest packet that was read, or null. */
  take(): SourcePacket | null;
  /** Transfers the packet taken last to the caller, who returns it with {@link recycle}. */
  keep(): void;
  /** Takes back a packet that was transferred. */
  recycle(packet: Packet): void;
  /** Position of a frame, as {@link SourcePacket.positionSeconds}. */
  secondsOf(pts: bigint | null): number;
  /** Records the time spent decoding a packet, for scheduling reads. */
  decoded(spentMs: number): void;
  /** Seeks to the first packet, where possible. */
  rewind(): void;
  /** Ends a pending read, and closes the connection gracefully where that does not take long. */
  close(): Promise<void>;
}
