/**
 * Rounds to the nearest number with at most `decimals` decimals; halves away from zero.
 *
 * `value * 10 ** decimals` alone lands below the half of 1.005, 0.285 and a twentieth of the others
 * that end in 5, and overflows for large values.
 */
export function round(value: number, decimals: number): number {
  // Adding 0 turns -0 into 0.
  if (Number.isInteger(value)) return value + 0;
  const scale = 10 ** decimals;
  const scaled = Math.abs(value) * scale * (1 + Number.EPSILON);
  return Number.isFinite(scaled) ? Math.sign(value) * Math.round(scaled) / scale + 0 : value;
}
