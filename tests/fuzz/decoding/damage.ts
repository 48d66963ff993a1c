/** Seeded damage to streams: to bytes, to whole packets, and to the demands of their headers. */
import { annexB, pps, sps } from "../../support/clips/coded/h264.ts";
import { h265Pps, h265Sps } from "../../support/clips/coded/h265.ts";
import { jpeg, mpeg4 } from "../../support/clips/coded/others.ts";
import type { FedUnit } from "../../support/streams/packet_feed.ts";
import { mutated, pick, type Random } from "../mutate.ts";
import type { Corpus } from "./streams.ts";

type Size = { readonly width: number; readonly height: number };
export type Sizes = readonly [Size, ...Size[]];

/** Sizes that are decoded. */
export const ALLOWED_SIZES: Sizes = [
  { width: 16, height: 16 },
  { width: 176, height: 144 },
  { width: 1920, height: 1088 },
  { width: 3840, height: 2160 },
  { width: 4096, height: 2304 },
];
export const SIZES: Sizes = [...ALLOWED_SIZES, { width: 16_384, height: 16_000 }];
/** Start codes and JPEG markers. */
const WORDS = [
  "\0\0\u0001\u0067",
  "\0\0\u0001\u0065",
  "\0\0\u0001B",
  "\0\0\u0001",
  "\0\0",
] as const;
/** The part of a packet that contains most headers. */
const HEAD_BYTES = 96;

/**
 * Applies one to six kinds of damage to a stream of the corpus.
 * @param sizes  those that new parameter sets have
 */
export function damaged(
  random: Random,
  { codec, streams }: Corpus,
  sizes: Sizes = SIZES,
): readonly FedUnit[] {
  const first = streams[random(streams.length)] ?? [];
  let units = [...first];
  for (let rounds = 1 + random(6); rounds > 0 && units.length > 0; rounds--) {
    const at = random(units.length);
    const unit = units[at] ?? { data: new Uint8Array(), isKey: false };
    const other = streams[random(streams.length)] ?? [];
    switch (random(9)) {
      case 0:
        units.splice(at, 1);
        break;
      case 1:
        units.splice(at, 0, unit);
        break;
      case 2:
        units[at] = units[units.length - 1] ?? unit;
        units[units.length - 1] = unit;
        break;
      case 3:
        units = [...units.slice(0, at), ...other.slice(random(other.length + 1))];
        break;
      case 4:
        units[at] = { ...unit, data: unit.data.slice(0, random(unit.data.length + 1)) };
        break;
      case 5:
        units[at] = { data: withSets(codec, unit.data, { random, sizes }), isKey: true };
        break;
      case 6:
        units[at] = { ...unit, data: withHead(random, unit.data) };
        break;
      default: {
        const others = [unit.data, ...other.map(({ data }) => data)] as const;
        const data = new Uint8Array(mutated(random, [unit.data, ...others], WORDS));
        units[at] = { data, isKey: random(3) === 0 || unit.isKey };
      }
    }
  }
  return units;
}

/** Flips bits of the headers. */
function withHead(random: Random, data: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const copy = data.slice();
  for (let count = 1 + random(8); count > 0; count--) {
    const at = random(Math.min(HEAD_BYTES, copy.length));
    copy[at] = (copy[at] ?? 0) ^ 1 << random(8);
  }
  return copy;
}

/** Prepends parameter sets of another size. */
function withSets(
  codec: string,
  data: Uint8Array<ArrayBuffer>,
  { random, sizes }: { readonly random: Random; readonly sizes: Sizes },
): Uint8Array<ArrayBuffer> {
  const size = pick(random, sizes);
  switch (codec) {
    case "h264":
      return joined(annexB(sps({ ...size, pictures: random(18) }), pps()), data);
    case "hevc":
      return joined(annexB(h265Sps({ ...size, log2Block: 4 + random(3) }), h265Pps()), data);
    case "mjpeg":
      return resizedJpeg(data, size);
    default:
      return joined(Uint8Array.from(mpeg4(size, random(3))), data);
  }
}

/** Changes the size in the start of frame. */
function resizedJpeg(
  data: Uint8Array<ArrayBuffer>,
  size: Size,
): Uint8Array<ArrayBuffer> {
  const copy = data.slice();
  const at = copy.findIndex((byte, index) => byte === 0xff && copy[index + 1] === 0xc0);
  if (at < 0 || at + 9 > copy.length) return Uint8Array.from(jpeg(size));
  copy.set([size.height >> 8, size.height & 255, size.width >> 8, size.width & 255], at + 5);
  return copy;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}
