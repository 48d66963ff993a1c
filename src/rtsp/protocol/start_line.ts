/** The beginnings of the start lines that a server may send, in any case: `rtsp/1.0 200 OK`. */
const START_LINES = [
  ...["RTSP/", "OPTIONS ", "ANNOUNCE ", "GET_PARAMETER ", "SET_PARAMETER ", "REDIRECT "],
  ...["TEARDOWN ", "PLAY_NOTIFY "],
].map((text) => new TextEncoder().encode(text));

/** The bit that distinguishes lower-case letters from upper-case ones in ASCII. */
const CASE_BIT = 0x20;
const LOWER_A = 0x61;
const LOWER_Z = 0x7a;

/** For each byte, 1 if a start line can begin with it: junk is scanned byte by byte. */
const FIRST_BYTES = new Uint8Array(256);
for (const [first = 0] of START_LINES) FIRST_BYTES[first] = FIRST_BYTES[first | CASE_BIT] = 1;

/** Whether the bytes from `at` to `end` are the beginning of a start line (RFC 2326 6.1, 7.1). */
export function isStartLine(bytes: Uint8Array, at: number, end: number): boolean {
  if (FIRST_BYTES[bytes[at] ?? 0] === 0) return false;
  return START_LINES.some((start) => {
    const compared = Math.min(start.byteLength, end - at);
    for (let index = 0; index < compared; index++) {
      if (upperCase(bytes[at + index] ?? 0) !== start[index]) return false;
    }
    return true;
  });
}

function upperCase(byte: number): number {
  return byte >= LOWER_A && byte <= LOWER_Z ? byte & ~CASE_BIT : byte;
}
