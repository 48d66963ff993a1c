import { assert } from "../core/assert.ts";
import type { CameraSource } from "../core/camera_types.ts";
import { bothClocks, type Clock, plusMs, sinceMs, type SteadyMs } from "../core/clock.ts";
import { CodecParameters } from "../libav/codec_parameters.ts";
import type { VideoStream } from "../libav/video_stream.ts";
import type { Libav } from "../libav/library.ts";
import type { Packet } from "../libav/packet.ts";
import { SocketInfo } from "../libav/socket_info.ts";
import { DatagramSocket } from "../libav/sockets.ts";
import { ArrivalClock, type ReadBatch } from "../rtsp/timing/arrival_clock.ts";
import type { CameraHints } from "../rtsp/client/camera_hints.ts";
import { openRtsp } from "../rtsp/client/open.ts";
import type { RtspSession, SessionRead } from "../rtsp/client/session.ts";
import type { RtpTimeline } from "../rtsp/timing/timeline.ts";
import { EventLoopYielder } from "../rtsp/client/event_loop_yielder.ts";
import type { CaptureTime } from "./capture_time.ts";
import { UnitQueue } from "./unit_queue.ts";
import type { PacketSource, SourcePacket } from "./packet_source.ts";
import type { ReadPacer } from "./read_pacer.ts";

/** Steps time out before the stall timeout does, because their error is more specific. */
const STEP_PART = 0.8;
/** User agent of requests, without a version that would help an attacker. */
const USER_AGENT = "Orion";

export interface RtspSourceParts {
  readonly libav: Libav;
  readonly source: CameraSource;
  readonly captureTime: CaptureTime;
  readonly memory: CameraHints;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly random: () => number;
}

/** What a session that opens has brought so far. */
interface Opening {
  queue: UnitQueue | null;
  datagrams: DatagramSocket | null;
}

/** Reads a camera's packets through Orion's RTSP client: copies each access unit into a packet, once. */
export class RtspSource implements PacketSource {
  readonly session: RtspSession;
  readonly #parts: RtspSourceParts;
  readonly #queue: UnitQueue;
  readonly #parameters: CodecParameters;
  readonly #socket: SocketInfo | null;
  /** The socket for RTP over UDP. */
  readonly #datagrams: DatagramSocket | null;
  readonly #arrivals = new ArrivalClock();
  readonly #yielder: EventLoopYielder;
  #reading: ReadPacer | null = null;
  #hasEnded = false;
  /** The last read completed no unit: the rest of one is still to arrive. */
  #isMidUnit = true;
  /** The last read left units in the session, because the queue was full. */
  #hasBacklog = false;
  #isDisposed = false;

  private constructor(
    parts: RtspSourceParts,
    session: RtspSession,
    { queue, datagrams }: Opening & { readonly queue: UnitQueue },
  ) {
    this.#parts = parts;
    this.session = session;
    this.#queue = queue;
    this.#datagrams = datagrams;
    this.#yielder = new EventLoopYielder(parts.clock);
    const { format, media } = session.track;
    this.#parameters = new CodecParameters(parts.libav, {
      codecName: format.codec,
      clockRate: format.clockRate,
      extradata: format.extradata,
      frameRate: media.frameRate,
    });
    const { localPort } = session;
    this.#socket = localPort === null ? null : SocketInfo.find(parts.libav, localPort, parts.clock);
  }

  /**
   * Connects and starts playing.
   * @throws {StreamError} when that fails; nothing is left open
   */
  static async open(parts: RtspSourceParts): Promise<RtspSource> {
    const { libav, source, clock, signal, random, memory } = parts;
    // The queue needs the clock rate of the track, which is selected while the session opens.
    const opening: Opening = { queue: null, datagrams: null };
    const session = await openRtsp({
      ...source,
      stepTimeoutMs: STEP_PART * source.stallTimeoutMs,
      userAgent: USER_AGENT,
      clock,
      signal,
      random,
      randomToken: () => crypto.randomUUID().replaceAll("-", ""),
      hints: memory,
      onTrackSelected: ({ format }) => opening.queue = new UnitQueue(libav, format.clockRate),
      onUdpBound: (rtpPort) => {
        opening.datagrams = DatagramSocket.find(libav, rtpPort);
        opening.datagrams?.enlargeBuffer();
      },
      onUnit: (unit) => opening.queue?.push(unit),
      canAccept: () => opening.queue?.canAccept ?? true,
      onReport: (report, receivedAt) => opening.queue?.report(report, receivedAt),
    }).catch((error) => {
      opening.queue?.[Symbol.dispose]();
      throw error;
    });
    const { queue } = opening;
    assert(queue !== null, "an RTSP session has no selected track");
    try {
      return new RtspSource(parts, session, { queue, datagrams: opening.datagrams });
    } catch (error) {
      queue[Symbol.dispose]();
      await session.close();
      throw error;
    }
  }

  get video(): VideoStream {
    return this.#parameters.video;
  }

  get hasMore(): boolean {
    return this.#queue.size > 0 || this.#hasBacklog || (this.#reading?.isBehind() ?? false) ||
      (this.#datagrams?.hasUnread ?? false);
  }

  /** The state of the connection in the kernel, or null. */
  get socket(): SocketInfo | null {
    return this.#socket;
  }

  /** Number of packets lost in the network. */
  get lostPackets(): number {
    return this.session.track.lostPackets;
  }

  /** Number of timestamp anomalies, by kind. */
  get anomalies(): RtpTimeline["anomalies"] {
    return this.#queue.timeline.anomalies;
  }

  /** Schedules the reads from now on. Owned by the caller. */
  set reading(reading: ReadPacer) {
    this.#reading = reading;
  }

  async read(): Promise<"read" | "end"> {
    if (this.#hasEnded) return "end";
    const before = this.#parts.clock.nowMs();
    if (this.#hasBacklog) this.#reading?.fallBehind();
    else if (!this.#isMidUnit && this.session.localPort !== null) await this.#reading?.delay();
    const hasRested = this.#parts.clock.nowMs() - before > 1;
    const isEmpty = this.#socket === null
      ? !hasRested && this.#datagrams?.hasUnread !== true
      : this.#socket.unreadBytes() === 0;
    const emptyAt = isEmpty && !this.#hasBacklog ? this.#parts.clock.nowMs() : null;
    let read: SessionRead;
    let isMore: boolean;
    do {
      read = await this.session.read();
      this.#hasBacklog = read.hasBuffered;
      isMore = !read.ended && (read.hasBuffered || this.#hasUnread(read.mayHaveMore));
      await this.#yielder.afterRead(isMore);
    } while (isMore && this.#queue.canAccept);
    this.#isMidUnit = this.#queue.size === 0;
    this.#hasEnded = read.ended;
    this.#settleArrivals(read.readAt, emptyAt);
    return this.#isMidUnit && read.ended ? "end" : "read";
  }

  take(): SourcePacket | null {
    const { captureTime, clock } = this.#parts;
    const unit = this.#queue.take();
    if (unit === null) return null;
    const { packet, pts, isKey, isRecoveryPoint, isCorrupt, isDisposable, arrivedAt } = unit;
    const { steady, wall } = bothClocks(clock);
    const arrivedWallMs = plusMs(wall, -sinceMs(arrivedAt, steady));
    this.#reading?.packet(packet.sizeBytes, isKey);
    return {
      packet,
      pts: BigInt(pts),
      isKey,
      isRecoveryPoint,
      isCorrupt,
      isDisposable: () => isDisposable,
      positionSeconds: this.#queue.timeline.positionSeconds(pts),
      arrivedAtMs: arrivedAt,
      ...captureTime.of(arrivedWallMs, this.#queue.senderClock.capturedAt(pts)),
    };
  }

  keep(): void {
    this.#queue.keep();
  }

  recycle(packet: Packet): void {
    this.#queue.recycle(packet);
  }

  decoded(spentMs: number): void {
    this.#reading?.decoded(spentMs);
  }

  secondsOf(pts: bigint | null): number {
    return this.#queue.timeline.positionSeconds(Number(pts ?? 0n));
  }

  rewind(): void {
    // Not possible for a camera.
  }

  /** @param waitMs  how long to wait for the camera's answer */
  async close(waitMs?: number): Promise<void> {
    await this.session.close(waitMs);
  }

  /** Frees the packets; after {@link close}, when no read is pending. */
  [Symbol.dispose](): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#parameters[Symbol.dispose]();
    this.#queue[Symbol.dispose]();
  }

  #hasUnread(isFull: boolean): boolean {
    if (this.#datagrams !== null) return this.#datagrams.hasUnread;
    const unreadBytes = this.#socket?.unreadBytes() ?? null;
    return unreadBytes === null ? isFull : unreadBytes > 0;
  }

  /** When the newest bytes that were read arrived, by the kernel; null if unknown. */
  #receivedBetween(): ReadBatch["received"] {
    if (this.#datagrams === null) return this.#socket?.receivedBetween() ?? null;
    const at = this.#datagrams.receivedAt(this.#parts.clock);
    return at === null ? null : { from: at, to: at };
  }

  #settleArrivals(readAt: SteadyMs, emptyAt: SteadyMs | null): void {
    const isNewest = this.session.hasCompletedUnit && !this.#hasBacklog && !this.#hasUnread(false);
    this.#queue.settle(this.#arrivals, {
      readAt,
      isAwaited: emptyAt !== null,
      emptyAt,
      received: this.#receivedBetween(),
      isNewest,
    });
  }
}
