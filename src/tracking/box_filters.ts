import type { BoxPx, PointPx, Scale } from "../core/geometry.ts";

/**
 * Standard deviations in heights of the box, those of the aspect ratio as they are. ByteTrack states its own
 * for a frame at 30 Hz; what is for a time is a random walk here, per root of a second.
 */
const NOISE = {
  /** A measured centre or height. */
  measured: 1 / 20,
  measuredAspect: 0.1,
  /** The velocity of a track that was seen once, per second. */
  firstVelocity: 1.9,
  firstHeightVelocity: 0.5,
  /** How much a centre or height changes beside its velocity. */
  position: 0.15,
  aspect: 0.055,
  /** How much a velocity changes: walkers stop and turn within a second. */
  velocity: 0.7,
  heightVelocity: 0.15,
  aspectVelocity: 0.0016,
} as const;

/** For how long a centre goes on by its velocity: an object that is hidden for longer may have stopped. */
const COAST_SECONDS = 2;
/** The same for the size, whose velocity is mostly noise. */
const SIZE_COAST_SECONDS = 0.5;

/** Centre x and y, aspect ratio, height; then their velocities per second. */
const STATES = 8;
/** Of each of the four: the variance, the covariance with its velocity, the variance of the velocity. */
const VARIANCES = 12;
const HEIGHT = 3;

/** Where a box is expected, in pixels. */
export interface Expected {
  x: number;
  y: number;
  width: number;
  height: number;
}

/**
 * Kalman filters over centre, aspect ratio and height of boxes with constant velocity, as in ByteTrack, for
 * steps of any duration.
 *
 * Noise and motion couple none of the four with another, so a filter of eight states is four of two.
 */
export class BoxFilters {
  readonly #means: Float64Array;
  readonly #variances: Float64Array;

  constructor(count: number) {
    this.#means = new Float64Array(STATES * count);
    this.#variances = new Float64Array(VARIANCES * count);
  }

  /** Starts a filter at a box. */
  start(index: number, box: BoxPx): void {
    for (let part = 0; part <= HEIGHT; part++) {
      this.#means[STATES * index + part] = measured(box, part);
      this.#means[STATES * index + 4 + part] = 0;
      const at = VARIANCES * index + 3 * part;
      const noise = 2 * measurementNoise(part, box.height);
      const velocity = firstVelocity(part, box.height);
      this.#variances[at] = noise * noise;
      this.#variances[at + 1] = 0;
      this.#variances[at + 2] = velocity * velocity;
    }
  }

  /** Writes where the box is expected `seconds` after the last update, or before it. */
  expect(index: number, seconds: number, into: Expected): void {
    const at = STATES * index;
    const coast = clamped(seconds, COAST_SECONDS);
    const sizeCoast = clamped(seconds, SIZE_COAST_SECONDS);
    const means = this.#means;
    const x = (means[at] ?? 0) + coast * (means[at + 4] ?? 0);
    const y = (means[at + 1] ?? 0) + coast * (means[at + 5] ?? 0);
    const aspect = (means[at + 2] ?? 0) + sizeCoast * (means[at + 6] ?? 0);
    const height = (means[at + 3] ?? 0) + sizeCoast * (means[at + 7] ?? 0);
    // A box that shrinks does not vanish.
    into.height = Math.max(height, (means[at + 3] ?? 0) / 2);
    into.width = into.height * Math.max(aspect, (means[at + 2] ?? 0) / 2);
    into.x = x - into.width / 2;
    into.y = y - into.height / 2;
  }

  /** Moves a filter on by `seconds`, to a box that was measured then. */
  update(index: number, seconds: number, box: BoxPx): void {
    const scale = Math.max(1, this.#means[STATES * index + HEIGHT] ?? 1);
    for (let part = 0; part <= HEIGHT; part++) {
      this.#updatePart(index, part, { seconds, scale, value: measured(box, part) });
    }
    // A height or an aspect ratio of nothing could not be scaled up again.
    for (const part of [2, HEIGHT]) {
      const at = STATES * index + part;
      const least = measured(box, part) / 4;
      if ((this.#means[at] ?? 0) < least) this.#means[at] = least;
    }
  }

  #updatePart(
    index: number,
    part: number,
    { seconds, scale, value }: {
      readonly seconds: number;
      readonly scale: number;
      readonly value: number;
    },
  ): void {
    const mean = STATES * index + part;
    const at = VARIANCES * index + 3 * part;
    const velocity = this.#means[mean + 4] ?? 0;
    const coast = clamped(seconds, part < 2 ? COAST_SECONDS : SIZE_COAST_SECONDS);
    const change = positionNoise(part, scale);
    const turn = velocityNoise(part, scale);
    const both = this.#variances[at + 1] ?? 0;
    const ofVelocity = this.#variances[at + 2] ?? 0;
    const grown = turn * turn * seconds;
    // White noise of the acceleration, and a random walk of the position.
    const variance = (this.#variances[at] ?? 0) + 2 * coast * both + coast * coast * ofVelocity +
      change * change * seconds + grown * coast * coast / 3;
    const covariance = both + coast * ofVelocity + grown * coast / 2;
    const noise = measurementNoise(part, scale);
    const gain = variance / (variance + noise * noise);
    const velocityGain = covariance / (variance + noise * noise);
    const expected = (this.#means[mean] ?? 0) + coast * velocity;
    const surprise = value - expected;
    this.#means[mean] = expected + gain * surprise;
    this.#means[mean + 4] = velocity + velocityGain * surprise;
    this.#variances[at] = (1 - gain) * variance;
    this.#variances[at + 1] = (1 - gain) * covariance;
    this.#variances[at + 2] = Math.max(0, ofVelocity + grown - velocityGain * covariance);
  }

  /** Lets a centre go on as it went on average from one box to another, after a while without any. */
  goAs(
    index: number,
    from: { readonly box: BoxPx; readonly ageSeconds: number },
    to: BoxPx,
  ): void {
    if (from.ageSeconds <= 0) return;
    for (let part = 0; part < 2; part++) {
      const way = measured(to, part) - measured(from.box, part);
      this.#means[STATES * index + 4 + part] = way / from.ageSeconds;
    }
  }

  /** States the velocity of a centre that was followed before, in pixels per second. */
  setVelocity(index: number, { x, y }: PointPx): void {
    const at = STATES * index;
    this.#means[at + 4] = x;
    this.#means[at + 5] = y;
    const noise = velocityNoise(0, this.#means[at + HEIGHT] ?? 0);
    for (let part = 0; part < 2; part++) {
      this.#variances[VARIANCES * index + 3 * part + 2] = noise * noise;
    }
  }

  /** Makes one filter like another. */
  copy(from: number, to: number): void {
    this.#means.copyWithin(STATES * to, STATES * from, STATES * (from + 1));
    this.#variances.copyWithin(VARIANCES * to, VARIANCES * from, VARIANCES * (from + 1));
  }

  /** Scales a filter to a picture of another size. */
  scale(index: number, { x, y }: Scale): void {
    for (let part = 0; part <= HEIGHT; part++) {
      const factor = part === 0 ? x : part === 2 ? x / y : y;
      const mean = STATES * index + part;
      this.#means[mean] = factor * (this.#means[mean] ?? 0);
      this.#means[mean + 4] = factor * (this.#means[mean + 4] ?? 0);
      for (let i = 0; i < 3; i++) {
        const at = VARIANCES * index + 3 * part + i;
        this.#variances[at] = factor * factor * (this.#variances[at] ?? 0);
      }
    }
  }
}

/** Centre x, centre y, aspect ratio or height. */
function measured(box: BoxPx, part: number): number {
  if (part === 0) return box.x + box.width / 2;
  if (part === 1) return box.y + box.height / 2;
  return part === 2 ? box.width / box.height : box.height;
}

function measurementNoise(part: number, height: number): number {
  return part === 2 ? NOISE.measuredAspect : NOISE.measured * height;
}

function firstVelocity(part: number, height: number): number {
  if (part === 2) return NOISE.aspectVelocity;
  return height * (part === HEIGHT ? NOISE.firstHeightVelocity : NOISE.firstVelocity);
}

function positionNoise(part: number, height: number): number {
  return part === 2 ? NOISE.aspect : NOISE.position * height;
}

function velocityNoise(part: number, height: number): number {
  if (part === 2) return NOISE.aspectVelocity;
  return height * (part === HEIGHT ? NOISE.heightVelocity : NOISE.velocity);
}

function clamped(value: number, bound: number): number {
  return Math.min(bound, Math.max(-bound, value));
}
