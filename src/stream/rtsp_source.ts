import { assert } from "../core/assert.ts";
import type { CameraSource } from "../core/camera_types.ts";
import { type Clock, plusMs, sinceMs, type SteadyMs } from "../core/clock.ts";
import { CodecParameters } from "../libav/codec_parameters.ts";
import type { VideoStream } from "../libav/input.ts";
import type { Libav } from "../libav/library.ts";
import type { Packet } from "../libav/packet.ts";
import { SocketInfo } from "../libav/socket_info.ts";
import { ArrivalClock } from "../rtsp/arrival.ts";
import type { CameraMemory } from "../rtsp/camera_memory.ts";
import { MAX_STEP_MS, openRtsp } from "../rtsp/client.ts";
import type { RtspSession, SessionRead } from "../rtsp/session.ts";
import type { RtpTimeline } from "../rtsp/timeline.ts";
import { Turns } from "../rtsp/turns.ts";
import type { CaptureTime } from "./capture_time.ts";
import { UnitQueue } from "./unit_queue.ts";
import type { PacketSource, SourcePacket } from "./packet_source.ts";
import type { ReadPacer } from "./read_pacer.ts";

/** A step that takes too long ends before the stall time does: it has the truer reason. */
const STEP_PART = 0.8;
/** How requests name their sender. A version would tell the network more than it need know. */
const USER_AGENT = "Orion";

export interface RtspSourceParts {
  readonly libav: Libav;
  readonly source: CameraSource;
  readonly captureTime: CaptureTime;
  readonly memory: CameraMemory;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly random: () => number;
}

/** A camera's packets over RTSP of our own: each access unit in a packet, by one copy. */
export class RtspSource implements PacketSource {
  readonly session: RtspSession;
  readonly #parts: RtspSourceParts;
  readonly #intake: UnitQueue;
  readonly #parameters: CodecParameters;
  readonly #socket: SocketInfo | null;
  readonly #arrivals = new ArrivalClock();
  readonly #turns: Turns;
  #reading: ReadPacer | null = null;
  #hasEnded = false;
  /** The last read brought nothing whole: the rest of a unit is on its way. */
  #isMidUnit = true;
  /** The last read left units behind, for which there was no room. */
  #isHeld = false;
  #isDisposed = false;

  private constructor(parts: RtspSourceParts, session: RtspSession, intake: UnitQueue) {
    this.#parts = parts;
    this.session = session;
    this.#intake = intake;
    this.#turns = new Turns(parts.clock);
    const { format, media } = session.track;
    this.#parameters = new CodecParameters(parts.libav, {
      codecName: format.codec,
      clockRate: format.clockRate,
      extradata: format.extradata,
      frameRate: media.frameRate,
    });
    const { localPort } = session;
    this.#socket = localPort === null ? null : SocketInfo.find(parts.libav, localPort);
  }

  /**
   * Connects and plays.
   * @throws {StreamError} why that is not possible; nothing is left behind
   */
  static async open(parts: RtspSourceParts): Promise<RtspSource> {
    const { libav, source, clock, signal, random, memory } = parts;
    // Which track is played, and so its clock, is known only when the session is open.
    const opening: { intake: UnitQueue | null } = { intake: null };
    const session = await openRtsp({
      ...source,
      stepTimeoutMs: Math.min(MAX_STEP_MS, STEP_PART * source.stallTimeoutMs),
      userAgent: USER_AGENT,
      clock,
      signal,
      random,
      randomToken: () => crypto.randomUUID().replaceAll("-", ""),
      memory,
      onChosen: ({ format }) => opening.intake = new UnitQueue(libav, format.clockRate),
      onUnit: (unit) => opening.intake?.unit(unit),
      hasRoom: () => opening.intake?.hasRoom ?? true,
      onReport: (report, receivedAt) => opening.intake?.report(report, receivedAt),
    }).catch((error) => {
      opening.intake?.[Symbol.dispose]();
      throw error;
    });
    const { intake } = opening;
    assert(intake !== null, "a session plays no track");
    try {
      return new RtspSource(parts, session, intake);
    } catch (error) {
      intake[Symbol.dispose]();
      await session.close();
      throw error;
    }
  }

  get video(): VideoStream {
    return this.#parameters.video;
  }

  get hasMore(): boolean {
    return this.#intake.size > 0 || this.#isHeld || (this.#reading?.isBehind() ?? false);
  }

  /** How the operating system knows the connection, or null. */
  get socket(): SocketInfo | null {
    return this.#socket;
  }

  /** Packets that were lost on the way. */
  get lostPackets(): number {
    return this.session.track.lostPackets;
  }

  /** Timestamps that were wrong, by kind. */
  get anomalies(): RtpTimeline["anomalies"] {
    return this.#intake.timeline.anomalies;
  }

  /** Decides when is read, from now on. It stays the caller's. */
  set reading(reading: ReadPacer) {
    this.#reading = reading;
  }

  async read(): Promise<"read" | "end"> {
    if (this.#hasEnded) return "end";
    const before = this.#parts.clock.nowMs();
    if (this.#isHeld) this.#reading?.fallBehind();
    else if (!this.#isMidUnit && this.session.localPort !== null) await this.#reading?.rest();
    const hasRested = this.#parts.clock.nowMs() - before > 1;
    const isEmpty = this.#socket === null ? !hasRested : this.#socket.unreadBytes() === 0;
    const emptyAt = isEmpty && !this.#isHeld ? this.#parts.clock.nowMs() : null;
    let read: SessionRead;
    let isMore: boolean;
    do {
      read = await this.session.read();
      this.#isHeld = read.isHeld;
      isMore = !read.ended && (read.isHeld || this.#hasUnread(read.isFull));
      await this.#turns.afterRead(isMore);
    } while (isMore && this.#intake.hasRoom);
    this.#isMidUnit = this.#intake.size === 0;
    this.#hasEnded = read.ended;
    this.#settleArrivals(read.readAt, emptyAt);
    return this.#isMidUnit && read.ended ? "end" : "read";
  }

  take(): SourcePacket | null {
    const { captureTime, clock } = this.#parts;
    const unit = this.#intake.take();
    if (unit === null) return null;
    const { packet, pts, isKey, isRecoveryPoint, isCorrupt, isDisposable, arrivedAt } = unit;
    const arrivedWallMs = plusMs(clock.wallMs(), -sinceMs(arrivedAt, clock.nowMs()));
    this.#reading?.packet(packet.sizeBytes, isKey);
    return {
      packet,
      pts: BigInt(pts),
      isKey,
      isRecoveryPoint,
      isCorrupt,
      isDisposable: () => isDisposable,
      positionSeconds: this.#intake.timeline.positionSeconds(pts),
      arrivedAtMs: arrivedAt,
      ...captureTime.of(arrivedWallMs, this.#intake.senderClock.capturedAt(pts)),
    };
  }

  keep(): void {
    this.#intake.keep();
  }

  recycle(packet: Packet): void {
    this.#intake.recycle(packet);
  }

  decoded(spentMs: number): void {
    this.#reading?.decoded(spentMs);
  }

  secondsOf(pts: bigint | null): number {
    return this.#intake.timeline.positionSeconds(Number(pts ?? 0n));
  }

  rewind(): void {
    // A camera has no beginning.
  }

  /** @param waitMs  how long the camera may take to answer */
  async close(waitMs?: number): Promise<void> {
    await this.session.close(waitMs);
  }

  /** Frees the packets; after {@link close}, when no read is pending. */
  [Symbol.dispose](): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#parameters[Symbol.dispose]();
    this.#intake[Symbol.dispose]();
  }

  #hasUnread(isFull: boolean): boolean {
    const unreadBytes = this.#socket?.unreadBytes() ?? null;
    return unreadBytes === null ? isFull : unreadBytes > 0;
  }

  #settleArrivals(readAt: SteadyMs, emptyAt: SteadyMs | null): void {
    const isNewest = this.session.hasEndedUnit && !this.#isHeld && !this.#hasUnread(false);
    this.#intake.settle(this.#arrivals, {
      readAt,
      isAwaited: emptyAt !== null,
      emptyAt,
      sinceReceivedMs: isNewest ? this.#socket?.sinceReceivedMs() ?? null : null,
    });
  }
}
