/** An AV1 packetizer (RTP Payload Format For AV1). */
import { joined, noise } from "./packets.ts";

/** An OBU without a size field. */
export function obu(
  type: number,
  bytes: number,
  first = 0x33,
  layer: number | null = null,
): Uint8Array {
  const header = layer === null ? [type << 3] : [type << 3 | 4, layer << 3];
  return joined([header, bytes > 0 ? [first] : [], noise(Math.max(0, bytes - 1), bytes)]);
}

export function leb128(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; bytes.length === 0 || rest > 0; rest = Math.floor(rest / 128)) {
    bytes.push(rest % 128 + (rest >= 128 ? 128 : 0));
  }
  return bytes;
}

/** An OBU with a size field, as decoders expect. */
export function sized(unit: Uint8Array): Uint8Array {
  const header = unit[0] ?? 0;
  const headerBytes = (header & 4) === 0 ? 1 : 2;
  const payload = unit.subarray(headerBytes);
  return joined([[header | 2], unit.subarray(1, headerBytes), leb128(payload.length), payload]);
}

/**
 * The payloads of a temporal unit: packets are filled with OBUs, the last of which continues in the next.
 * @param counted  write the count of elements if it is at most three, and no size of the last
 */
export function av1Payloads(
  obus: readonly Uint8Array[],
  maxBytes: number,
  options: { readonly isCounted?: boolean; readonly startsSequence?: boolean } = {},
): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  let elements: Uint8Array[] = [];
  let isContinued = false;
  const close = (continues: boolean) => {
    const count = options.isCounted === true && elements.length <= 3 ? elements.length : 0;
    const starts = options.startsSequence === true && payloads.length === 0 ? 0x08 : 0;
    const header = (isContinued ? 0x80 : 0) | (continues ? 0x40 : 0) | count << 4 | starts;
    const isSized = (index: number) => count === 0 || index < count - 1;
    payloads.push(joined([
      [header],
      ...elements.flatMap((element, index) => [
        isSized(index) ? leb128(element.length) : [],
        element,
      ]),
    ]));
    elements = [];
    isContinued = continues;
  };
  let room = maxBytes - 1;
  for (const unit of obus) {
    for (let at = 0; at < unit.length;) {
      // Two bytes of size always suffice here.
      if (room < 4) {
        close(at > 0);
        room = maxBytes - 1;
      }
      const part = unit.subarray(at, at + room - 2);
      elements.push(part);
      room -= part.length + 2;
      at += part.length;
    }
  }
  close(false);
  return payloads;
}
