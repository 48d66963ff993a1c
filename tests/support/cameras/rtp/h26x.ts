/** Packetizers of H.264 (RFC 6184) and H.265 (RFC 7798) in all supported modes. */
import { joined } from "./packets.ts";

/** Payloads of one picture's NAL units, none larger than `maxBytes`. */
export type Packetizer = (nals: readonly Uint8Array[], maxBytes: number) => Uint8Array[];

function uint16(value: number): number[] {
  return [value >> 8 & 0xff, value & 0xff];
}

/** Splits the payload of a NAL unit into fragments. */
function fragments(
  nal: Uint8Array,
  headerBytes: number,
  maxBytes: number,
  head: (flags: number) => readonly number[],
): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = headerBytes; at < nal.length;) {
    const isFirst = at === headerBytes;
    const room = maxBytes - head(isFirst ? 0x80 : 0).length;
    const isLast = at + room >= nal.length;
    parts.push(joined([
      head((isFirst ? 0x80 : 0) | (isLast ? 0x40 : 0)),
      nal.subarray(at, at + room),
    ]));
    at += room;
  }
  return parts;
}

/** Single NAL units, and FU-A for larger ones; FU-B first with `withOrder`. */
export function h264Fragments(
  nals: readonly Uint8Array[],
  maxBytes: number,
  withOrder = false,
): Uint8Array[] {
  return nals.flatMap((nal, order) => {
    if (nal.length <= maxBytes) return [nal];
    const header = nal[0] ?? 0;
    return fragments(nal, 1, maxBytes, (flags) => {
      const isOrdered = withOrder && (flags & 0x80) !== 0;
      const indicator = (header & 0xe0) | (isOrdered ? 29 : 28);
      return [indicator, flags | (header & 31), ...(isOrdered ? uint16(order) : [])];
    });
  });
}

/** Aggregates NAL units with their sizes, as many as fit. */
function aggregated(
  nals: readonly Uint8Array[],
  maxBytes: number,
  wrap: {
    readonly overhead: (count: number) => number;
    readonly pack: (units: readonly Uint8Array[]) => Uint8Array;
    readonly fragment: (nal: Uint8Array) => Uint8Array[];
  },
): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  let units: Uint8Array[] = [];
  const close = () => {
    const [only] = units;
    if (units.length === 1 && only !== undefined) payloads.push(...wrap.fragment(only));
    else if (units.length > 1) payloads.push(wrap.pack(units));
    units = [];
  };
  for (const nal of nals) {
    const size = [...units, nal].reduce((sum, unit) => sum + unit.length, 0);
    if (size + wrap.overhead(units.length + 1) > maxBytes) close();
    units.push(nal);
  }
  close();
  return payloads;
}

/** STAP-A (or STAP-B with `withOrder`) for small NAL units, FU for large ones. */
export function h264Aggregates(
  nals: readonly Uint8Array[],
  maxBytes: number,
  withOrder = false,
): Uint8Array[] {
  return aggregated(nals, maxBytes, {
    overhead: (count) => (withOrder ? 3 : 1) + 2 * count,
    pack: (units) =>
      joined([
        withOrder ? [0x60 | 25, 0, 0] : [0x60 | 24],
        ...units.flatMap((unit) => [uint16(unit.length), unit]),
      ]),
    fragment: (nal) => h264Fragments([nal], maxBytes, withOrder),
  });
}

/** Single NAL units and FU; with decoding order numbers if `hasDonl`. */
export function h265Fragments(
  nals: readonly Uint8Array[],
  maxBytes: number,
  hasDonl = false,
): Uint8Array[] {
  return nals.flatMap((nal, order) => {
    const orderBytes = hasDonl ? uint16(order) : [];
    if (nal.length + orderBytes.length <= maxBytes) {
      return [joined([nal.subarray(0, 2), orderBytes, nal.subarray(2)])];
    }
    const [header = 0, second = 0] = nal;
    return fragments(nal, 2, maxBytes, (flags) => [
      ...[(header & 0x81) | 49 << 1, second, flags | (header >> 1 & 63)],
      ...((flags & 0x80) !== 0 ? orderBytes : []),
    ]);
  });
}

/** Aggregation packets for small NAL units, FU for large ones. */
export function h265Aggregates(
  nals: readonly Uint8Array[],
  maxBytes: number,
  hasDonl = false,
): Uint8Array[] {
  return aggregated(nals, maxBytes, {
    overhead: (count) => 2 + 2 * count + (hasDonl ? 1 + count : 0),
    pack: (units) =>
      joined([
        [48 << 1, 1],
        ...units.flatMap((unit, index) => [
          hasDonl ? (index === 0 ? uint16(0) : [0]) : [],
          uint16(unit.length),
          unit,
        ]),
      ]),
    fragment: (nal) => h265Fragments([nal], maxBytes, hasDonl),
  });
}
