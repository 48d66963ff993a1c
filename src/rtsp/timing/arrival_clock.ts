import { latestMs, plusMs, sinceMs, type SteadyMs } from "../../core/clock.ts";
import { DtsEstimator } from "./dts_estimator.ts";
import { WindowedMinimum } from "./windowed_minimum.ts";

/** The units completed by one read, or by several until the socket was empty. */
export interface ReadBatch {
  /** When the last read returned. */
  readonly readAt: SteadyMs;
  /** The socket was empty before the read: the bytes arrived just now, or while the thread was busy. */
  readonly isAwaited: boolean;
  /** When the socket was last empty: no unit was complete then; null if unknown. */
  readonly emptyAt: SteadyMs | null;
  /** When the newest bytes arrived, by the kernel (`SocketInfo.receivedBetween`); null if unknown. */
  readonly received: { readonly from: SteadyMs; readonly to: SteadyMs } | null;
  /** The newest bytes are the newest unit's; else they follow it: a report, or a part of the next one. */
  readonly isNewest: boolean;
  /** PTS of the units in the order of arrival, in milliseconds, validated. */
  readonly ptsMs: ArrayLike<number>;
  /** `SenderClock.rate`: true milliseconds per millisecond of {@link ptsMs}; null while unknown. */
  readonly rate: number | null;
}

/** A larger deviation of the clock rates is a step or a delay, and ignored. */
const MAX_RATE_ERROR = 0.2;
/**
 * The most that the delay of a unit with an estimated arrival exceeds the least delay of the last 15 s: the
 * estimate may be based on a unit that was itself read late.
 */
const MAX_LATENESS_MS = 100;

/**
 * Estimates when access units arrived, also those that stayed in the socket between reads: from the nearest
 * unit with a known arrival, by the intervals of their PTS.
 *
 * - A unit that was awaited arrived when it was read, unless the kernel received it earlier. Bytes that
 *   follow it have mostly arrived with it, and never before it.
 * - The newest unit of another read arrived with the newest bytes if the kernel's receive time is known, in
 *   the middle of a tick.
 *   Else its distance to the last known arrival is that of their PTS; if sender reports give the rate of
 *   the camera's clock, it is limited by the least delay.
 * - The units before it are spread between the two, so that no drift of the camera's clock accumulates.
 *
 * No unit arrives after it was read, before the socket was empty, or before the previous unit.
 */
export class ArrivalClock {
  readonly #dts = new DtsEstimator();
  #lastDtsMs: number | null = null;
  /** Sum of the intervals between units, in true milliseconds if the rate is known. */
  #mediaMs = 0;
  #lastAt: SteadyMs | null = null;
  #anchorAt: SteadyMs | null = null;
  #anchorMediaMs = 0;
  readonly #leastDelayMs = new WindowedMinimum();
  readonly #arrivals: SteadyMs[] = [];
  /** {@link #mediaMs} of each unit of a read. */
  readonly #unitsMediaMs: number[] = [];

  /**
   * Estimates the arrivals of units that were read together, in order.
   *
   * @returns one instant for each of {@link ReadBatch.ptsMs}; the array is reused by the next call
   */
  read(batch: ReadBatch): readonly SteadyMs[] {
    const arrivals = this.#arrivals;
    arrivals.length = batch.ptsMs.length;
    if (arrivals.length === 0) return arrivals;
    for (let i = 0; i < arrivals.length; i++) {
      this.#unitsMediaMs[i] = this.#advance(batch.ptsMs[i] ?? 0, batch.rate ?? 1);
    }
    const known = this.#known(batch);
    const earliest = this.#earliest(batch);
    const newestAt = clamp(known ?? this.#estimated(batch), earliest, latest(batch));
    this.#spread({ newestAt, earliest, scale: known === null ? 1 : this.#scale(newestAt) });
    this.#lastAt = newestAt;
    // A corrected estimate is a new reference: else the drift of the camera's clock would accumulate.
    const isCorrected = this.#anchorAt === null || newestAt !== this.#estimated(batch);
    if (known !== null || isCorrected) {
      this.#anchorAt = newestAt;
      this.#anchorMediaMs = this.#mediaMs;
    }
    if (known !== null && batch.rate !== null) {
      this.#leastDelayMs.add(newestAt - this.#mediaMs, newestAt);
    }
    return arrivals;
  }

  /** The earliest possible arrival of the units; null if unknown. */
  #earliest({ readAt, emptyAt }: ReadBatch): SteadyMs | null {
    const last = this.#lastAt;
    const earliest = last === null || (emptyAt !== null && emptyAt > last) ? emptyAt : last;
    return earliest !== null && earliest > readAt ? readAt : earliest;
  }

  #advance(ptsMs: number, rate: number): number {
    const dtsMs = this.#dts.next(ptsMs);
    this.#mediaMs += (dtsMs - (this.#lastDtsMs ?? dtsMs)) * rate;
    this.#lastDtsMs = dtsMs;
    return this.#mediaMs;
  }

  /** When the newest unit arrived; null if unknown. */
  #known(batch: ReadBatch): SteadyMs | null {
    const { readAt, isAwaited, emptyAt, received, isNewest } = batch;
    if (!isAwaited && !isNewest) return null;
    if (received === null) return isAwaited ? readAt : null;
    const { from, to } = received;
    // In one tick the read is more precise; after the tick, the thread waited for a processor.
    if (to >= readAt && isAwaited) return readAt;
    const end = latest(batch);
    const start = latestMs(from, emptyAt ?? from);
    return start < end ? plusMs(start, sinceMs(start, end) / 2) : end;
  }

  /** By the interval since the last known arrival, limited by the least delay. */
  #estimated({ readAt, rate }: ReadBatch): SteadyMs {
    if (this.#anchorAt === null) return readAt;
    const byAnchor = plusMs(this.#anchorAt, this.#mediaMs - this.#anchorMediaMs);
    if (rate === null) return byAnchor;
    const byDelay = this.#mediaMs + this.#leastDelayMs.value + MAX_LATENESS_MS;
    return plusMs(byAnchor, Math.min(0, byDelay - byAnchor));
  }

  /** True time per media time since the last known arrival; 1 if they cannot be compared. */
  #scale(newestAt: SteadyMs): number {
    const mediaMs = this.#mediaMs - this.#anchorMediaMs;
    if (this.#anchorAt === null || mediaMs <= 0) return 1;
    const scale = (newestAt - this.#anchorAt) / mediaMs;
    return Math.abs(scale - 1) <= MAX_RATE_ERROR ? scale : 1;
  }

  #spread({ newestAt, earliest, scale }: {
    readonly newestAt: SteadyMs;
    readonly earliest: SteadyMs | null;
    readonly scale: number;
  }): void {
    for (let i = 0; i < this.#arrivals.length; i++) {
      const beforeMs = (this.#mediaMs - (this.#unitsMediaMs[i] ?? this.#mediaMs)) * scale;
      this.#arrivals[i] = clamp(plusMs(newestAt, -beforeMs), earliest, newestAt);
    }
  }
}

/** The latest possible arrival of the units. */
function latest({ readAt, received }: ReadBatch): SteadyMs {
  return received === null || received.to > readAt ? readAt : received.to;
}

/** Not before `earliest`, also where `latest` is: the kernel's times are less precise. */
function clamp(at: SteadyMs, earliest: SteadyMs | null, latest: SteadyMs): SteadyMs {
  const notAfter = at > latest ? latest : at;
  return earliest !== null && notAfter < earliest ? earliest : notAfter;
}
