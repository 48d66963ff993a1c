// @ts-check
/** The last ten minutes, as far as the page was open: the ledger and the latencies. */

/**
 * @typedef {import("./api.js").Status} Status
 * @typedef {Status["cameras"][number]} Camera
 * @typedef {Camera["ledger"]["detectors"][number]} Mailbox
 * @typedef {{
 *   atMs: number,
 *   counts: readonly number[],
 *   decodeSeconds: number,
 *   rateHz: number | null,
 *   p50: number | null,
 *   p95: number | null,
 * }} Sample  the latencies are those since the sample before it
 * @typedef {{
 *   times: number[],
 *   rates: number[][],
 *   asked: (number | null)[],
 *   p50: (number | null)[],
 *   p95: (number | null)[],
 * }} Series
 */

/** Kept of each camera and detector. */
export const KEPT_MS = 10 * 60_000;
const MAX_SAMPLES = 600;
/** Latencies kept of each camera and detector. */
const MAX_LATENCIES = 2_000;
/** Latencies between two reports; a detector gives 30 a second at most. */
const MAX_RECENT = 500;
/** A longer gap is one in which the page was hidden: its figures would be an average over it. */
const MAX_GAP_MS = 15_000;

/**
 * What became of a frame, in the order they are stacked: its key, its name, what it means.
 * @type {readonly (readonly [key: string, name: string, means: string])[]}
 */
export const OUTCOMES = [
  ["processed", "looked at", "a detector inferred them"],
  ["rate", "not due", "decoded, and the detector's rate asks for fewer"],
  ["overwritten", "overtaken", "a newer picture came while the worker was busy"],
  ["catchup", "catch-up", "decoded only because a later one refers to them"],
  ["paused", "paused", "detection was paused"],
  ["other", "otherwise dropped", "stale, unconvertible, or lost in a restart"],
  ["undecoded", "not decoded", "skipped before decoding, which saves the work"],
  ["corrupt", "corrupt", "damaged, or dependent on a damaged picture"],
];

/**
 * The counts of one camera and detector, in the order of {@link OUTCOMES}.
 * @param {Camera} camera
 * @param {Mailbox} mailbox
 */
function countsOf(camera, mailbox) {
  const { dropped } = mailbox;
  const { rate, overwritten, catchup, paused } = dropped;
  const { stale, shutdown, restart, unconvertible } = dropped;
  const undecoded = Object.values(camera.ledger.undecoded).reduce((sum, one) => sum + one, 0);
  const other = stale + shutdown + restart + unconvertible;
  return [mailbox.processed, rate, overwritten, catchup, paused, other]
    .concat(undecoded, camera.ledger.corrupt);
}

/**
 * @param {string} camera
 * @param {string} detector
 */
function keyOf(camera, detector) {
  return `${camera}/${detector}`;
}

export class History {
  /** @type {Map<string, Sample[]>} */
  #samples = new Map();
  /** @type {Map<string, number[]>} */
  #latencies = new Map();
  /** Those since the newest report. @type {Map<string, number[]>} */
  #recent = new Map();

  /**
   * Records the figures of a report.
   * @param {Status} status
   */
  add(status) {
    const atMs = Date.parse(status.time);
    for (const camera of status.cameras) {
      for (const mailbox of camera.ledger.detectors) {
        const key = keyOf(camera.id, mailbox.detector);
        const samples = this.#samples.get(key) ?? [];
        this.#samples.set(key, samples);
        const newest = samples.at(-1);
        if (newest !== undefined && atMs <= newest.atMs) {
          // The same report again, by another way; or a clock that was set back.
          if (newest.atMs - atMs < MAX_GAP_MS) continue;
          samples.length = 0;
        }
        const recent = this.#recent.get(key) ?? [];
        const [p50 = null, p95 = null] = percentiles(recent, [0.5, 0.95]);
        recent.length = 0;
        const { rateHz, paused } = mailbox;
        samples.push({
          ...{ atMs, p50, p95, rateHz: paused ? 0 : rateHz },
          counts: countsOf(camera, mailbox),
          decodeSeconds: camera.decodeSeconds,
        });
        const first = samples.findIndex((sample) => atMs - sample.atMs <= KEPT_MS);
        samples.splice(0, Math.max(first, samples.length - MAX_SAMPLES));
      }
    }
  }

  /**
   * Records the latency of one inference.
   * @param {{ camera: string, detector: string, totalMs: number }} inference
   */
  addLatency({ camera, detector, totalMs }) {
    const key = keyOf(camera, detector);
    push(this.#latencies, key, totalMs, MAX_LATENCIES);
    push(this.#recent, key, totalMs, MAX_RECENT);
  }

  /**
   * What is drawn over time: frames per second by outcome, `rates[outcome][moment]`; the rate asked for, null
   * where there is no limit; and the latencies in milliseconds, null where nothing was inferred.
   * @param {string} camera
   * @param {string} detector
   * @returns {Series}
   */
  series(camera, detector) {
    const samples = this.#samples.get(keyOf(camera, detector)) ?? [];
    /** @type {Series} */
    const series = { times: [], rates: OUTCOMES.map(() => []), asked: [], p50: [], p95: [] };
    for (const [at, sample] of samples.entries()) {
      const before = samples[at - 1];
      if (before === undefined || sample.atMs - before.atMs > MAX_GAP_MS) continue;
      series.times.push(sample.atMs / 1000);
      for (const [index, rate] of ratesBetween(before, sample).entries()) {
        series.rates[index]?.push(rate);
      }
      series.asked.push(sample.rateHz);
      series.p50.push(sample.p50);
      series.p95.push(sample.p95);
    }
    return series;
  }

  /**
   * Frames per second by outcome, over the last while, and the share of a core that decoding took.
   * @param {string} camera
   * @param {string} detector
   * @returns {{ rates: readonly number[], decodeShare: number } | null}
   */
  recent(camera, detector, overMs = 20_000) {
    const samples = this.#samples.get(keyOf(camera, detector)) ?? [];
    const last = samples.at(-1);
    const first = samples.find((sample) => last !== undefined && last.atMs - sample.atMs <= overMs);
    if (first === undefined || last === undefined || first === last) return null;
    const seconds = (last.atMs - first.atMs) / 1000;
    const decodeShare = Math.max(0, last.decodeSeconds - first.decodeSeconds) / seconds;
    return { rates: ratesBetween(first, last), decodeShare };
  }

  /**
   * The given percentiles of the latency, of the newest inferences; null before the first one.
   * @param {string} camera
   * @param {string} detector
   * @param {readonly number[]} fractions
   */
  latency(camera, detector, fractions) {
    const kept = this.#latencies.get(keyOf(camera, detector)) ?? [];
    return kept.length === 0 ? null : { values: percentiles(kept, fractions), count: kept.length };
  }
}

/**
 * @param {Sample} before
 * @param {Sample} after
 */
function ratesBetween(before, after) {
  const seconds = (after.atMs - before.atMs) / 1000;
  // A frame that was skipped can be decoded later: its count falls then.
  return after.counts.map((count, at) => Math.max(0, count - (before.counts[at] ?? 0)) / seconds);
}

/**
 * @param {Map<string, number[]>} lists
 * @param {string} key
 * @param {number} value
 * @param {number} most  beyond it the oldest goes
 */
function push(lists, key, value, most) {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  list.push(value);
  if (list.length > most) list.shift();
}

/**
 * The values that these parts of all do not exceed; none of an empty list.
 * @param {readonly number[]} values
 * @param {readonly number[]} fractions
 */
function percentiles(values, fractions) {
  if (values.length === 0) return [];
  const sorted = values.toSorted((a, b) => a - b);
  return fractions.map((fraction) =>
    sorted[Math.max(0, Math.ceil(fraction * sorted.length) - 1)] ?? 0
  );
}
