/** Start codes (00 00 01) of byte streams (H.264 annex B, MPEG-4 part 2). */

/** The offset of the first start code between `start` and `end`, or -1. */
export function findStartCode(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start + 2; at < end;) {
    const byte = bytes[at] ?? 0;
    if (byte > 1) at += 3;
    else if (byte === 0) at++;
    else if (bytes[at - 1] === 0 && bytes[at - 2] === 0) return at - 2;
    else at += 3;
  }
  return -1;
}

/** The bytes of a start code, without leading zeros. */
export const START_CODE_BYTES = 3;

/** The end of a NAL unit without the trailing zeros before `end`, which belong to the next start code. */
export function withoutTrailingZeros(bytes: Uint8Array, start: number, end: number): number {
  let last = end;
  while (last > start && bytes[last - 1] === 0) last--;
  return last;
}
