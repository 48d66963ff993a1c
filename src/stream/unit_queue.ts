import { CLOCK_START, plusMs, type SteadyMs } from "../core/clock.ts";
import type { Libav } from "../libav/library.ts";
import { Packet } from "../libav/packet.ts";
import type { ArrivalClock, ReadBatch } from "../rtsp/timing/arrival_clock.ts";
import type { AccessUnit } from "../rtsp/media.ts";
import type { SenderReport } from "../rtsp/rtp/rtcp.ts";
import { SenderClock } from "../rtsp/timing/sender_clock.ts";
import { RtpTimeline } from "../rtsp/timing/timeline.ts";

/** Data queued before decoding; beyond it, data stays in the socket. */
const MAX_QUEUED_BYTES = 8 * 1024 * 1024;
const MAX_QUEUED_UNITS = 256;
/** Empty packets kept for reuse. */
const MAX_FREE = MAX_QUEUED_UNITS;
const UNKNOWN = plusMs(CLOCK_START, NaN);

/** An access unit queued for the decoder. */
export interface QueuedUnit {
  readonly packet: Packet;
  readonly rtpTimestamp: number;
  readonly isKey: boolean;
  readonly isRecoveryPoint: boolean;
  readonly isDisposable: boolean;
  readonly isCorrupt: boolean;
  /** Presentation timestamp in clock ticks since the connection's first unit; NaN until the read ends. */
  pts: number;
  /** NaN until the read ends. */
  arrivedAt: SteadyMs;
}

/** The timing of a read, once it has ended. */
export type ReadEnd = Omit<ReadBatch, "ptsMs" | "rate">;

/** Queue between the connection and the decoder: copies access units into packets, and times them. */
export class UnitQueue implements Disposable {
  readonly timeline: RtpTimeline;
  readonly senderClock: SenderClock;
  readonly #libav: Libav;
  readonly #clockRate: number;
  readonly #queue: QueuedUnit[] = [];
  readonly #free: Packet[] = [];
  readonly #pts: number[] = [];
  #settled = 0;
  #queuedBytes = 0;
  #taken: Packet | null = null;

  constructor(libav: Libav, clockRate: number) {
    this.#libav = libav;
    this.#clockRate = clockRate;
    this.timeline = new RtpTimeline(clockRate);
    this.senderClock = new SenderClock({
      clockRate,
      ptsOf: (rtpTimestamp, at) => this.timeline.ptsOf(rtpTimestamp, at),
    });
  }

  /** Number of queued units. */
  get size(): number {
    return this.#queue.length;
  }

  /** Whether the queue accepts more units. */
  get canAccept(): boolean {
    return this.#queuedBytes < MAX_QUEUED_BYTES && this.#queue.length < MAX_QUEUED_UNITS;
  }

  /** Copies a unit into a packet and queues it. */
  push(unit: AccessUnit): void {
    const packet = this.#free.pop() ?? new Packet(this.#libav);
    packet.fill(unit.data, unit.isKey);
    this.#queuedBytes += unit.data.byteLength;
    const { rtpTimestamp, isKey, isRecoveryPoint, isDisposable, isCorrupt } = unit;
    this.#queue.push({
      packet,
      rtpTimestamp,
      isKey,
      isRecoveryPoint,
      isDisposable,
      isCorrupt,
      pts: NaN,
      arrivedAt: UNKNOWN,
    });
  }

  /** Records a sender report. */
  report({ wallMs, rtpTimestamp }: SenderReport, receivedAt: SteadyMs): void {
    if (wallMs !== null) this.senderClock.report({ ntpWallMs: wallMs, rtpTimestamp, receivedAt });
  }

  /** Ends a read: sets the times of its units. */
  settle(arrivals: ArrivalClock, end: ReadEnd): void {
    const units = this.#queue.slice(this.#settled);
    if (units.length === 0) return;
    this.#pts.length = 0;
    for (const unit of units) {
      unit.pts = this.timeline.unit(unit.rtpTimestamp, end.readAt);
      unit.packet.stamp(BigInt(unit.pts));
      this.#pts.push(unit.pts * 1000 / this.#clockRate);
    }
    const rate = this.senderClock.rate;
    const arrivedAt = arrivals.read({ ...end, ptsMs: this.#pts, rate });
    units.forEach((unit, index) => unit.arrivedAt = arrivedAt[index] ?? end.readAt);
    this.#settled = this.#queue.length;
  }

  /** Takes the oldest unit; its packet is valid until the next one is taken. */
  take(): QueuedUnit | null {
    if (this.#taken !== null) this.recycle(this.#taken);
    const unit = this.#queue.shift();
    if (unit === undefined) return null;
    this.#settled--;
    this.#queuedBytes -= unit.packet.sizeBytes;
    this.#taken = unit.packet;
    return unit;
  }

  /** Transfers the packet taken last to the caller. */
  keep(): void {
    this.#taken = null;
  }

  /** Takes back a packet for reuse. */
  recycle(packet: Packet): void {
    if (packet === this.#taken) this.#taken = null;
    packet.unref();
    if (this.#free.length < MAX_FREE) this.#free.push(packet);
    else packet[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    if (this.#taken !== null) this.recycle(this.#taken);
    for (const { packet } of this.#queue.splice(0)) packet[Symbol.dispose]();
    for (const packet of this.#free.splice(0)) packet[Symbol.dispose]();
  }
}
