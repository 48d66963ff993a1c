/** Marks to keep, and the time that they span at least: every n-th frame is a mark. */
const MAX_MARKS = 64;
const SPAN_MS = 10_000;
/** Fewer marks, or marks over a shorter time, give no estimate. */
const MIN_MARKS = 8;
const MIN_SPAN_MS = 1000;
/** Relative error up to which a rate is known. */
const MAX_ERROR = 0.015;
/** Standard errors of the confidence interval; the second term widens it where there are few marks. */
const ERRORS = 4;
const ERRORS_FEW_MARKS = 100;
/** Relative difference up to which halves of the marks have the same rate. */
const SAME_RATE = 0.04;
/** Three consecutive steps that are longer or shorter by this factor indicate another rate. */
const CHANGE_FACTOR = 1.25;
const CHANGED_STEPS = 3;
const STEP_MS = 300;
/** A pause of as many intervals, and of this length at least, restarts the estimate. */
const PAUSE_INTERVALS = 5;
const PAUSE_MS = 2000;
/** A mark that is late by this, and by half its interval, indicates another rate. */
const LATE_MS = 1000;

/** The number of frames that had arrived at a time. */
interface Mark {
  readonly frames: number;
  readonly atMs: number;
}

/** A regression line through marks. */
interface Line {
  readonly intervalMs: number;
  /** Relative standard error of the interval. */
  readonly error: number;
}

/**
 * Estimates a camera's frame rate from arrival times, because timestamps may be wrong. Unknown at first
 * and while it changes: a burst, such as the buffered frames of a relay, is no rate.
 */
export class FrameRate {
  #marks: Mark[] = [];
  #frames = 0;
  /** Frames from mark to mark. */
  #stride = 1;
  #lastAtMs = -Infinity;
  #intervalMs: number | null = null;

  /** Records the arrival of a frame, in order. */
  arrive(atMs: number): void {
    const sinceMs = atMs - this.#lastAtMs;
    this.#lastAtMs = atMs;
    this.#frames++;
    if (this.#isPause(sinceMs) || this.#isLate(atMs)) this.#marks = [];
    if (this.#marks.length === 0) this.#forget();
    const last = this.#marks.at(-1);
    if (last !== undefined && this.#frames - last.frames < this.#stride) return;
    this.#marks.push({ frames: this.#frames, atMs });
    if (this.#marks.length > MAX_MARKS) this.#thin();
    this.#estimate();
  }

  /** Frames per second; null while unknown. */
  at(nowMs: number): number | null {
    if (this.#intervalMs === null) return null;
    const isOver = this.#isPause(nowMs - this.#lastAtMs) || this.#isLate(nowMs);
    return isOver ? null : 1000 / this.#intervalMs;
  }

  /** Restarts the estimate for another connection. */
  restart(): void {
    this.#marks = [];
    this.#forget();
    this.#lastAtMs = -Infinity;
  }

  /** Whether the next mark is overdue. */
  #isLate(nowMs: number): boolean {
    const last = this.#marks.at(-1);
    if (last === undefined || this.#intervalMs === null || this.#stride === 1) return false;
    return nowMs - last.atMs > 1.5 * this.#stride * this.#intervalMs + LATE_MS;
  }

  #isPause(sinceMs: number): boolean {
    const { length } = this.#marks;
    const [first] = this.#marks;
    const last = this.#marks[length - 1];
    if (first === undefined || last === undefined || length < 2) return false;
    const intervalMs = this.#intervalMs ?? (last.atMs - first.atMs) / (last.frames - first.frames);
    return sinceMs > Math.max(PAUSE_MS, PAUSE_INTERVALS * intervalMs);
  }

  /** Restarts the estimate from the remaining marks. */
  #forget(): void {
    this.#intervalMs = null;
    this.#stride = 1;
  }

  #thin(): void {
    if (this.#spanMs >= SPAN_MS) return void this.#marks.shift();
    this.#marks = this.#marks.filter((_mark, index) => index % 2 === 0);
    this.#stride *= 2;
  }

  get #spanMs(): number {
    const [first] = this.#marks;
    const last = this.#marks.at(-1);
    return first === undefined || last === undefined ? 0 : last.atMs - first.atMs;
  }

  #estimate(): void {
    const changedAt = this.#changedAt();
    if (changedAt !== null) {
      this.#marks = this.#marks.slice(changedAt);
      this.#forget();
    }
    while (this.#hasTwoRates()) this.#marks.shift();
    const line = lineThrough(this.#marks);
    if (line === null) return;
    const { length } = this.#marks;
    const error = line.error * (ERRORS + ERRORS_FEW_MARKS / (length - 2) ** 2);
    if (length < MIN_MARKS || this.#spanMs < MIN_SPAN_MS) return;
    if (error <= MAX_ERROR && this.#halvesAgree()) {
      this.#intervalMs = line.intervalMs;
    }
  }

  /** Index where the newest steps start, if all of them are longer, or all shorter, than the known interval. */
  #changedAt(): number | null {
    const usualMs = this.#intervalMs;
    if (usualMs === null) return null;
    let longer = 0;
    let shorter = 0;
    let newer = this.#marks.length - 1;
    for (let at = newer - 1; at >= 0; at--) {
      const [before, after] = [this.#marks[at], this.#marks[newer]];
      if (before === undefined || after === undefined) return null;
      const sinceMs = after.atMs - before.atMs;
      if (sinceMs < STEP_MS) continue;
      const stepMs = sinceMs / (after.frames - before.frames);
      if (stepMs > usualMs * CHANGE_FACTOR) longer++;
      else if (stepMs * CHANGE_FACTOR < usualMs) shorter++;
      else return null;
      if (longer === CHANGED_STEPS || shorter === CHANGED_STEPS) return at;
      if (longer > 0 && shorter > 0) return null;
      newer = at;
    }
    return null;
  }

  #halves(): readonly [older: Line, newer: Line] | null {
    const half = Math.floor(this.#marks.length / 2);
    const older = lineThrough(this.#marks.slice(0, half));
    const newer = lineThrough(this.#marks.slice(-half));
    return older === null || newer === null ? null : [older, newer];
  }

  /** Whether the older half of the marks has another rate than the newer one. */
  #hasTwoRates(): boolean {
    const halves = this.#marks.length < 2 * (MIN_MARKS - 2) ? null : this.#halves();
    if (halves === null) return false;
    const [older, newer] = halves;
    const apart = Math.abs(older.intervalMs / newer.intervalMs - 1);
    return apart > SAME_RATE + ERRORS * newer.error * Math.SQRT2;
  }

  #halvesAgree(): boolean {
    const halves = this.#halves();
    return halves !== null &&
      Math.abs(halves[0].intervalMs / halves[1].intervalMs - 1) <= SAME_RATE;
  }
}

/** Fits the time over the frames by least squares; null for fewer than three marks. */
function lineThrough(marks: readonly Mark[]): Line | null {
  const count = marks.length;
  const [first] = marks;
  if (first === undefined || count < 3) return null;
  let meanFrames = 0;
  let meanMs = 0;
  for (const { frames, atMs } of marks) {
    meanFrames += (frames - first.frames) / count;
    meanMs += (atMs - first.atMs) / count;
  }
  let squares = 0;
  let products = 0;
  let squaresMs = 0;
  for (const { frames, atMs } of marks) {
    const x = frames - first.frames - meanFrames;
    const y = atMs - first.atMs - meanMs;
    squares += x * x;
    products += x * y;
    squaresMs += y * y;
  }
  const intervalMs = products / squares;
  if (!(intervalMs > 0)) return null;
  const residualMs = Math.max(0, squaresMs - intervalMs * products);
  return { intervalMs, error: Math.sqrt(residualMs / (count - 2) / squares) / intervalMs };
}
