import assert from "node:assert/strict";
import { Assembly, videoFormat } from "../../../support/cameras/rtp/assembly.ts";
import {
  joined,
  noise,
  picturePackets,
  type SentPacket,
} from "../../../support/cameras/rtp/packets.ts";

const FORMAT = videoFormat("mpeg4");
const CONFIG = joined([[0, 0, 1, 0xb0, 1, 0, 0, 1, 0xb5, 9, 0, 0, 1, 0x20], noise(20, 1)]);
const GROUP = Uint8Array.of(0, 0, 1, 0xb3, 0, 0x10, 7);

/** A picture of coding type 0 (I), 1 (P), 2 (B). */
function vop(type: number, bytes: number): Uint8Array<ArrayBuffer> {
  return joined([[0, 0, 1, 0xb6, type << 6 | 0x10], noise(bytes, bytes)]);
}

function cut(bytes: Uint8Array, maxBytes: number): Uint8Array[] {
  const count = Math.ceil(bytes.length / maxBytes);
  return Array.from({ length: count }, (_, at) => bytes.slice(at * maxBytes, (at + 1) * maxBytes));
}

const PICTURES = [
  joined([CONFIG, GROUP, vop(0, 3000)]),
  vop(1, 900),
  vop(2, 15),
  joined([GROUP, vop(0, 1500)]),
];

Deno.test("rtsp: MPEG-4 round-trips for each payload size of 60 to 1500", () => {
  // Headers and the picture header must be in one packet (RFC 6416 5.1): hence the minimum size.
  for (let bytes = 60; bytes <= 1500; bytes++) {
    const assembly = new Assembly(FORMAT);
    PICTURES.forEach((data, at) => assembly.push(...picturePackets(cut(data, bytes), at * 3000)));
    const { units } = assembly;
    assert.deepEqual(units.map(({ data }) => data), PICTURES, `${bytes} bytes`);
    assert.deepEqual(units.map(({ isKey }) => isKey), [true, false, false, true]);
    assert.ok(units.every(({ isCorrupt, isDisposable }) => !isCorrupt && !isDisposable));
  }
});

function one(payload: Uint8Array, marker: boolean, timestamp = 0): SentPacket {
  return { payload, marker, timestamp };
}

Deno.test("rtsp: MPEG-4 headers in packets of their own belong to the next picture", () => {
  const assembly = new Assembly(FORMAT);
  const [picture, next] = [vop(0, 50), vop(1, 40)];
  assembly.push(one(CONFIG, true), one(GROUP, true), one(picture, true), one(next, true, 3000));
  assert.deepEqual(assembly.units.map(({ data }) => data), [
    joined([CONFIG, GROUP, picture]),
    next,
  ]);
  assert.equal(assembly.units[0]?.isKey, true);
});

Deno.test("rtsp: MPEG-4 without marker bits ends at the next picture or its headers", () => {
  const assembly = new Assembly(FORMAT);
  const pictures = [vop(0, 50), vop(1, 40), vop(0, 30)] as const;
  assembly.push(one(pictures[0], false), one(pictures[1], false), one(GROUP, false));
  assembly.push(one(pictures[2], false));
  const [first, second, third] = pictures;
  assert.deepEqual(assembly.end().map(({ data }) => data), [first, second, joined([GROUP, third])]);
});

Deno.test("rtsp: an MPEG-4 picture with a gap is corrupt, and so is one without its beginning", () => {
  const [first, ...rest] = picturePackets(cut(vop(1, 900), 200), 3000);
  assert.ok(first !== undefined);
  const next = one(vop(1, 40), true, 6000);
  const gap = new Assembly(FORMAT).push(first, null, ...rest.slice(1), next);
  assert.deepEqual(gap.units.map(({ isCorrupt }) => isCorrupt), [true, false]);
  const late = new Assembly(FORMAT).push(...rest, next);
  assert.deepEqual(late.units.map(({ isCorrupt }) => isCorrupt), [true, false]);
});
