/** Numbers of which a mean and a variance are known. */

export interface Estimate {
  readonly mean: number;
  readonly variance: number;
}

/** An estimate after a measurement, and the logarithm of how likely that was. */
export function seenAt({ mean, variance }: Estimate, value: number, noise: number) {
  const share = noise === Infinity ? 0 : variance / (variance + noise);
  return {
    now: { mean: mean + share * (value - mean), variance: (1 - share) * variance },
    gain: normal(value - mean, variance + noise),
  };
}

/** The logarithm of a normal density. */
export function normal(off: number, variance: number): number {
  return -0.5 * (off * off / variance + Math.log(2 * Math.PI * variance));
}

/** The normal distribution up to here. */
export function below(deviations: number): number {
  const far = Math.min(6, Math.max(-6, deviations));
  return 1 / (1 + Math.exp(-1.5976 * far - 0.07056 * far ** 3));
}
