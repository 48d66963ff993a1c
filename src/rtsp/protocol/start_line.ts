/** What a message from the server begins with. */
const STARTS = [
  ...["RTSP/", "OPTIONS ", "ANNOUNCE ", "GET_PARAMETER ", "SET_PARAMETER ", "REDIRECT "],
  ...["TEARDOWN ", "PLAY_NOTIFY "],
].map((text) => new TextEncoder().encode(text));

/** For each byte whether a message can begin with it: junk is looked through a byte at a time. */
const CAN_START = new Uint8Array(256);
for (const start of STARTS) CAN_START[start[0] ?? 0] = 1;

/** Whether a message begins at `at`, as far as the bytes up to `end` can say. */
export function isMessageStart(bytes: Uint8Array, at: number, end: number): boolean {
  if (CAN_START[bytes[at] ?? 0] === 0) return false;
  return STARTS.some((start) => {
    const compared = Math.min(start.byteLength, end - at);
    for (let index = 0; index < compared; index++) {
      if (bytes[at + index] !== start[index]) return false;
    }
    return true;
  });
}
