import { plusMs, type SteadyMs } from "../../core/clock.ts";
import { DtsEstimator } from "./dts_estimator.ts";
import { WindowedMinimum } from "./windowed_minimum.ts";

/** What is known of units that one read, or several up to an empty socket, completed. */
export interface ReadBatch {
  /** When the read returned that completed them. */
  readonly readAt: SteadyMs;
  /** The socket was empty and the read pending: the bytes came just now, or the thread was busy. */
  readonly isAwaited: boolean;
  /** When the socket was last found empty before: none of the units was complete then. Else null. */
  readonly emptyAt: SteadyMs | null;
  /**
   * When the newest bytes came, by the kernel (`SocketInfo.sinceReceivedMs`); null where it is not known,
   * and where they belong to a unit that is not complete.
   */
  readonly receivedAt: SteadyMs | null;
  /** Presentation times of the units in the order of arrival, in milliseconds, sanitised. */
  readonly ptsMs: ArrayLike<number>;
  /** `SenderClock.rate`: milliseconds of true time for one of {@link ptsMs}; null while not known. */
  readonly rate: number | null;
}

/** The kernel's time of receipt is in its timer's ticks: 1 to 10 ms (`CONFIG_HZ`), as is seen. */
const MAX_TICK_MS = 10;
/** Clocks that differ by more are not compared: something stepped or was late. */
const MAX_RATE_ERROR = 0.2;
/**
 * A unit whose arrival is an estimate took at most so much longer than the quickest of the last 15 s:
 * the estimate may count from a unit that itself was read late.
 */
const MAX_LATENESS_MS = 100;

/**
 * When access units arrived, also those that lay in the socket while nothing was read: by the distances
 * that the camera gave them, from the nearest unit whose arrival is known.
 *
 * - A single unit that was waited for arrived when it was read, unless the kernel has had it for longer.
 * - The newest unit of a later read arrived with the newest bytes, where the kernel says when, else as
 *   long after the last known arrival as it was sent after that unit, and where the camera's sender
 *   reports give the rate of its clock, not later than the quickest units took.
 * - Those before it are spread between the two, so that no drift of the camera's clock adds up.
 *
 * Nothing arrives after it was read, before the socket was found empty, or before the unit before it.
 */
export class ArrivalClock {
  readonly #decodeTimes = new DtsEstimator();
  #lastDecodeMs: number | null = null;
  /** Sum of the distances between units, in true milliseconds as far as known. */
  #mediaMs = 0;
  #lastAt: SteadyMs | null = null;
  #anchorAt: SteadyMs | null = null;
  #anchorMediaMs = 0;
  readonly #leastDelayMs = new WindowedMinimum();
  readonly #arrivals: SteadyMs[] = [];
  /** {@link #mediaMs} at each unit of a read. */
  readonly #unitsMediaMs: number[] = [];
  #tickMs = MAX_TICK_MS;

  /**
   * The arrivals of units that were read together, in their order.
   *
   * @returns one instant for each of {@link ReadBatch.ptsMs}; the array is used again by the next call
   */
  read(units: ReadBatch): readonly SteadyMs[] {
    const arrivals = this.#arrivals;
    arrivals.length = units.ptsMs.length;
    if (arrivals.length === 0) return arrivals;
    for (let i = 0; i < arrivals.length; i++) {
      this.#unitsMediaMs[i] = this.#advance(units.ptsMs[i] ?? 0, units.rate ?? 1);
    }
    const known = this.#known(units);
    const earliest = this.#earliest(units);
    const newestAt = clamp(known ?? this.#estimated(units), earliest, units.readAt);
    this.#spread({ newestAt, earliest, scale: known === null ? 1 : this.#scale(newestAt) });
    this.#lastAt = newestAt;
    // An estimate that had to be corrected is as good as known: else a camera's drift would add up.
    const isCorrected = this.#anchorAt === null || newestAt !== this.#estimated(units);
    if (known !== null || isCorrected) {
      this.#anchorAt = newestAt;
      this.#anchorMediaMs = this.#mediaMs;
    }
    if (known !== null && units.rate !== null) {
      this.#leastDelayMs.note(newestAt - this.#mediaMs, newestAt);
    }
    return arrivals;
  }

  /** When the units can have arrived at the earliest; null where nothing says it. */
  #earliest({ readAt, emptyAt }: ReadBatch): SteadyMs | null {
    const last = this.#lastAt;
    const earliest = last === null || (emptyAt !== null && emptyAt > last) ? emptyAt : last;
    return earliest !== null && earliest > readAt ? readAt : earliest;
  }

  #advance(ptsMs: number, rate: number): number {
    const decodeMs = this.#decodeTimes.unit(ptsMs);
    this.#mediaMs += (decodeMs - (this.#lastDecodeMs ?? decodeMs)) * rate;
    this.#lastDecodeMs = decodeMs;
    return this.#mediaMs;
  }

  /** When the newest unit arrived, where that can be told; else null. */
  #known({ readAt, isAwaited, receivedAt }: ReadBatch): SteadyMs | null {
    if (receivedAt === null) return isAwaited ? readAt : null;
    const sinceMs = readAt - receivedAt;
    if (sinceMs >= 1) this.#tickMs = Math.min(this.#tickMs, sinceMs);
    // Where both are known and agree to a tick, the read is the more precise.
    const isPrompt = isAwaited && sinceMs <= this.#tickMs;
    return isPrompt || receivedAt > readAt ? readAt : receivedAt;
  }

  /** By the distance from the last known arrival, and by the delay of the quickest units. */
  #estimated({ readAt, rate }: ReadBatch): SteadyMs {
    if (this.#anchorAt === null) return readAt;
    const byAnchor = plusMs(this.#anchorAt, this.#mediaMs - this.#anchorMediaMs);
    if (rate === null) return byAnchor;
    const byDelay = this.#mediaMs + this.#leastDelayMs.value + MAX_LATENESS_MS;
    return plusMs(byAnchor, Math.min(0, byDelay - byAnchor));
  }

  /** True time for the media time since the last known arrival; 1 where the two cannot be compared. */
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

function clamp(at: SteadyMs, earliest: SteadyMs | null, latest: SteadyMs): SteadyMs {
  const notBefore = earliest !== null && at < earliest ? earliest : at;
  return notBefore > latest ? latest : notBefore;
}
