/** The beginnings of the start lines that a server may send. */
const START_LINES = [
  ...["RTSP/", "OPTIONS ", "ANNOUNCE ", "GET_PARAMETER ", "SET_PARAMETER ", "REDIRECT "],
  ...["TEARDOWN ", "PLAY_NOTIFY "],
].map((text) => new TextEncoder().encode(text));

/** For each byte, 1 if a start line can begin with it: junk is scanned byte by byte. */
const FIRST_BYTES = new Uint8Array(256);
for (const start of START_LINES) FIRST_BYTES[start[0] ?? 0] = 1;

/** Whether the bytes from `at` to `end` are the beginning of a start line (RFC 2326 6.1, 7.1). */
export function isStartLine(bytes: Uint8Array, at: number, end: number): boolean {
  if (FIRST_BYTES[bytes[at] ?? 0] === 0) return false;
  return START_LINES.some((start) => {
    const compared = Math.min(start.byteLength, end - at);
    for (let index = 0; index < compared; index++) {
      if (bytes[at + index] !== start[index]) return false;
    }
    return true;
  });
}
