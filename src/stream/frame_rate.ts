/** Marks that are kept; each so-manieth frame is one, so that they span so much at least. */
const MAX_MARKS = 64;
const SPAN_MS = 10_000;
/** Fewer say nothing, nor do those of a shorter time. */
const MIN_MARKS = 8;
const MIN_SPAN_MS = 1000;
/** A rate is known when it is so certain. */
const KNOWN = 0.015;
/** How many times its standard error a rate may be off; more where there are few marks. */
const ERRORS = 4;
const ERRORS_OF_FEW = 100;
/** Parts of the marks that differ by more than this, and than their errors, are of two rates. */
const SAME = 0.04;
/** Steps that are so many times longer or shorter than usual, three in a row, are of another rate. */
const CHANGED = 1.25;
const CHANGED_STEPS = 3;
const STEP_MS = 300;
/** After a pause of so many intervals, and at least so long, the rate is to be found anew. */
const PAUSE_INTERVALS = 5;
const PAUSE_MS = 2000;
/** A mark that is late by this, and by half its time, is of another rate. */
const LATE_MS = 1000;

/** How many frames had come when. */
interface Mark {
  readonly frames: number;
  readonly atMs: number;
}

/** A line through marks. */
interface Line {
  readonly intervalMs: number;
  /** The standard error of the interval, as a part of it. */
  readonly error: number;
}

/**
 * How many frames a second a camera sends, by when they arrive: timestamps may be anything. It is not
 * known at first, nor while it changes: what comes in a burst, as from a relay that begins with what it
 * has kept, is no rate.
 */
export class FrameRate {
  #marks: Mark[] = [];
  #frames = 0;
  /** From mark to mark. */
  #stride = 1;
  #lastAtMs = -Infinity;
  #intervalMs: number | null = null;

  /** A frame arrived, not before the one before it. */
  arrive(atMs: number): void {
    const sinceMs = atMs - this.#lastAtMs;
    this.#lastAtMs = atMs;
    this.#frames++;
    if (this.#isPause(sinceMs) || this.#isLate(atMs)) this.#marks = [];
    if (this.#marks.length === 0) this.#forget();
    const last = this.#marks.at(-1);
    if (last !== undefined && this.#frames - last.frames < this.#stride) return;
    this.#marks.push({ frames: this.#frames, atMs });
    if (this.#marks.length > MAX_MARKS) this.#makeRoom();
    this.#look();
  }

  /** Frames a second; null while that is not known. */
  at(nowMs: number): number | null {
    if (this.#intervalMs === null) return null;
    const isOver = this.#isPause(nowMs - this.#lastAtMs) || this.#isLate(nowMs);
    return isOver ? null : 1000 / this.#intervalMs;
  }

  /** Another connection: nothing is known of it. */
  restart(): void {
    this.#marks = [];
    this.#forget();
    this.#lastAtMs = -Infinity;
  }

  /** So many frames that one of them would be a mark should have come long ago. */
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

  /** The rate is to be found anew, from the marks that are there. */
  #forget(): void {
    this.#intervalMs = null;
    this.#stride = 1;
  }

  #makeRoom(): void {
    if (this.#spanMs >= SPAN_MS) return void this.#marks.shift();
    this.#marks = this.#marks.filter((_mark, index) => index % 2 === 0);
    this.#stride *= 2;
  }

  get #spanMs(): number {
    const [first] = this.#marks;
    const last = this.#marks.at(-1);
    return first === undefined || last === undefined ? 0 : last.atMs - first.atMs;
  }

  #look(): void {
    const changedAt = this.#changedAt();
    if (changedAt !== null) {
      this.#marks = this.#marks.slice(changedAt);
      this.#forget();
    }
    while (this.#isOfTwo()) this.#marks.shift();
    const line = lineThrough(this.#marks);
    if (line === null) return;
    const { length } = this.#marks;
    const off = line.error * (ERRORS + ERRORS_OF_FEW / (length - 2) ** 2);
    if (length < MIN_MARKS || this.#spanMs < MIN_SPAN_MS) return;
    if (off <= KNOWN && this.#halvesAgree()) {
      this.#intervalMs = line.intervalMs;
    }
  }

  /** Where the newest steps begin, when all are longer, or all shorter, than those that made the rate. */
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
      if (stepMs > usualMs * CHANGED) longer++;
      else if (stepMs * CHANGED < usualMs) shorter++;
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

  /** The older half goes on at another rate than the newer one. */
  #isOfTwo(): boolean {
    const halves = this.#marks.length < 2 * (MIN_MARKS - 2) ? null : this.#halves();
    if (halves === null) return false;
    const [older, newer] = halves;
    const apart = Math.abs(older.intervalMs / newer.intervalMs - 1);
    return apart > SAME + ERRORS * newer.error * Math.SQRT2;
  }

  #halvesAgree(): boolean {
    const halves = this.#halves();
    return halves !== null && Math.abs(halves[0].intervalMs / halves[1].intervalMs - 1) <= SAME;
  }
}

/** By least squares, the time over the frames; null through fewer than three. */
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
  const leftMs = Math.max(0, squaresMs - intervalMs * products);
  return { intervalMs, error: Math.sqrt(leftMs / (count - 2) / squares) / intervalMs };
}
