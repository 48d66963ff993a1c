/** Start codes (00 00 01) between units of a byte stream (H.264 annex B, MPEG-4 part 2). */

/** The first start code that begins at or after `start` and ends by `end`, or -1. */
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

/** The bytes of one start code, without zeros before it. */
export const START_CODE_BYTES = 3;

/** The end of a unit that ends at or before `end`: zeros that precede a start code are not part of it. */
export function withoutTrailingZeros(bytes: Uint8Array, start: number, end: number): number {
  let last = end;
  while (last > start && bytes[last - 1] === 0) last--;
  return last;
}
