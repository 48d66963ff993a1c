import type { SteadyMs, WallMs } from "../core/clock.ts";
import type { CaptureClock } from "../core/frame_meta.ts";
import type { VideoStream } from "../libav/input.ts";
import type { Packet } from "../libav/packet.ts";

/** A packet, and what is known of it when it is taken from its source. */
export interface SourcePacket {
  /** Its coded data; the source's, valid until the next packet is taken. */
  readonly packet: Packet;
  /** Presentation time in ticks of the stream's time base, or null. */
  readonly pts: bigint | null;
  /** A decoder can start here and give whole pictures from here on. */
  readonly isKey: boolean;
  /** A decoder can start here; whole pictures follow later (intra refresh). */
  readonly isRecoveryPoint: boolean;
  /** Something of it, or of what came just before it, is missing. */
  readonly isCorrupt: boolean;
  /** Whether no other picture refers to this one. Only asked where that matters. */
  readonly isDisposable: () => boolean;
  /** Presentation time in seconds since the connection's first packet; for files the position. */
  readonly positionSeconds: number;
  /** When its last byte reached this machine; for files when it was due. */
  readonly arrivedAtMs: SteadyMs;
  /** When the picture was taken. */
  readonly capturedAtMs: WallMs;
  /** Whose clock that is. */
  readonly clock: CaptureClock;
}

/** Where a connection's packets come from: a camera's RTSP session, or a demuxer of libav. */
export interface PacketSource {
  /** What a decoder is opened with. Valid as long as the source is. */
  readonly video: VideoStream;
  /** Whether packets were read and not taken yet. */
  readonly hasMore: boolean;
  /**
   * Waits until packets have come; not while another read is pending.
   * @returns `end` when none will follow
   * @throws {OrionError} when the stream cannot be read on
   */
  read(): Promise<"read" | "end">;
  /** The oldest packet that was read and not taken yet, or null. */
  take(): SourcePacket | null;
  /**
   * Leaves the packet that was taken last to the caller, who gives it back with {@link recycle}.
   */
  keep(): void;
  /** Takes back a packet that was kept. */
  recycle(packet: Packet): void;
  /** A frame's place in the stream, in seconds as {@link SourcePacket.positionSeconds}. */
  secondsOf(pts: bigint | null): number;
  /** A packet's time in the decoder, for planning. */
  decoded(spentMs: number): void;
  /** Goes back to the first packet, where that is possible. */
  rewind(): void;
  /** Ends a pending read, and the connection in order where that can be done at once. */
  close(): Promise<void>;
}
