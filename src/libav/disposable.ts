const FIRST_SLICE = 1;
const LAST_SLICE = 5;

/**
 * Whether a packet holds a non-reference picture, which can be skipped without affecting others.
 *
 * Reads the NAL unit header of the first slice (H.264: `nal_ref_idc` is 0), of units separated by start
 * codes, as over RTSP, or prefixed with four-byte lengths, as in files. Always false for other codecs,
 * whose headers do not show it as directly.
 *
 * @param codecName  libav's name
 * @param head       the first bytes of the packet; false when they contain no slice
 */
export function isDisposable(codecName: string, head: Uint8Array): boolean {
  if (codecName !== "h264") return false;
  for (const at of unitStarts(head)) {
    const header = head[at] ?? 0;
    const type = header & 31;
    if (type >= FIRST_SLICE && type <= LAST_SLICE) return (header >> 5 & 3) === 0;
  }
  return false;
}

function* unitStarts(head: Uint8Array): Generator<number> {
  if (startCode(head, 0) > 0) {
    for (let at = 0; at < head.length; at++) {
      const length = startCode(head, at);
      if (length > 0 && at + length < head.length) yield at + length;
      if (length > 0) at += length - 1;
    }
    return;
  }
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  for (let at = 0; at + 4 < head.length; at += 4 + view.getUint32(at)) yield at + 4;
}

/** Length of the start code at this position, or 0. */
function startCode(head: Uint8Array, at: number): number {
  if (head[at] !== 0 || head[at + 1] !== 0) return 0;
  if (head[at + 2] === 1) return 3;
  return head[at + 2] === 0 && head[at + 3] === 1 ? 4 : 0;
}
