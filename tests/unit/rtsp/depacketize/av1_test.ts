import assert from "node:assert/strict";
import { Assembly, videoFormat } from "../../../support/cameras/rtp/assembly.ts";
import { av1Payloads, leb128, obu, sized } from "../../../support/cameras/rtp/av1.ts";
import { joined, picturePackets, type SentPacket } from "../../../support/cameras/rtp/packets.ts";

const FORMAT = videoFormat("av1");
const SEQUENCE = obu(1, 11);
const DELIMITER = obu(2, 0);
/** show_existing_frame 0, frame_type 0 and show_frame 1: a keyframe; and another one. */
const KEY = 0x10;
const INTER = 0x30;

const UNITS: readonly (readonly Uint8Array[])[] = [
  [SEQUENCE, obu(6, 3000, KEY)],
  [obu(6, 900, INTER)],
  [obu(6, 200, INTER), obu(6, 130, INTER), obu(3, 5, INTER), obu(4, 400)],
  [obu(6, 127, INTER, 1), obu(5, 3)],
  [SEQUENCE, obu(3, 20, KEY), obu(4, 1501)],
];

function expected(obus: readonly Uint8Array[]): Uint8Array {
  return joined(obus.map(sized));
}

function one(payload: readonly number[] | Uint8Array, marker = true, timestamp = 0): SentPacket {
  return { payload: Uint8Array.from(payload), marker, timestamp };
}

for (const isCounted of [false, true]) {
  const how = isCounted ? "counted" : "sized";
  Deno.test(`rtsp: AV1 in ${how} elements round-trips for each payload size of 20 to 1500`, () => {
    for (let bytes = 20; bytes <= 1500; bytes++) {
      const assembly = new Assembly(FORMAT);
      UNITS.forEach((obus, index) => {
        const payloads = av1Payloads(obus, bytes, { isCounted, startsSequence: index === 0 });
        assembly.push(...picturePackets(payloads, index * 3000));
      });
      const { units } = assembly;
      assert.deepEqual(units.map(({ data }) => data), UNITS.map(expected), `${bytes} bytes`);
      assert.deepEqual(units.map(({ isKey }) => isKey), [true, false, false, false, true]);
      assert.ok(units.every(({ isCorrupt, isDisposable }) => !isCorrupt && !isDisposable));
    }
  });
}

Deno.test("rtsp: AV1 temporal delimiters and padding are dropped", () => {
  const assembly = new Assembly(FORMAT);
  const frame = obu(6, 40, INTER);
  for (const timestamp of [0, 3000]) {
    const payloads = av1Payloads([DELIMITER, frame, obu(15, 9)], 1400);
    assembly.push(...picturePackets(payloads, timestamp));
  }
  assert.deepEqual(assembly.units.map(({ data }) => data), [sized(frame), sized(frame)]);
});

Deno.test("rtsp: AV1 OBUs with a size field are written unchanged", () => {
  const frame = sized(obu(6, 300, INTER));
  const assembly = new Assembly(FORMAT).push(...picturePackets(av1Payloads([frame], 100), 0));
  assert.deepEqual(assembly.units.map(({ data }) => data), [frame]);
});

Deno.test("rtsp: an AV1 keyframe counts only if the sequence header is known", () => {
  const frame = obu(6, 40, KEY);
  const isKey = (format = FORMAT) =>
    new Assembly(format).push(one(av1Payloads([frame], 1400)[0] ?? [])).units[0]?.isKey;
  assert.equal(isKey(), false);
  assert.equal(isKey(videoFormat("av1", { extradata: Uint8Array.of(0x0a, 0) })), true);
});

Deno.test("rtsp: AV1 without marker bits ends at a change of timestamp, or at a delimiter", () => {
  const [a, b, c] = [obu(6, 30, INTER), obu(6, 31, INTER), obu(6, 32, INTER)] as const;
  const assembly = new Assembly(FORMAT);
  const push = (obus: readonly Uint8Array[], timestamp: number) =>
    assembly.push(one(av1Payloads(obus, 1400)[0] ?? [], false, timestamp));
  push([a], 0);
  push([b], 3000);
  push([DELIMITER, c], 3000);
  assert.deepEqual(assembly.end().map(({ data }) => data), [a, b, c].map(sized));
});

Deno.test("rtsp: a missing AV1 fragment corrupts its unit and drops its OBU", () => {
  const payloads = av1Payloads([obu(5, 20), obu(6, 900, INTER)], 200);
  const packets = picturePackets(payloads, 0);
  for (let lost = 0; lost < packets.length; lost++) {
    const assembly = new Assembly(FORMAT);
    assembly.push(...packets.map((packet, index) => index === lost ? null : packet));
    assembly.push(one(av1Payloads([obu(6, 9, INTER)], 1400)[0] ?? [], true, 3000));
    const isLast = lost === packets.length - 1;
    assert.deepEqual(assembly.units.map(({ isCorrupt }) => isCorrupt), [true, isLast]);
    const whole = lost === 0 ? new Uint8Array(0) : sized(obu(5, 20));
    assert.deepEqual(assembly.units[0]?.data, whole);
  }
});

Deno.test("rtsp: inconsistent AV1 payloads are corrupt and break nothing", () => {
  const frame = obu(6, 20, INTER);
  const cases: Readonly<Record<string, readonly number[]>> = {
    "a size beyond the end": [0x00, ...leb128(500), ...frame],
    "a size without an end": [0x00, 0xff, 0xff, 0xff, 0xff, 0xff],
    "a count of more than there is": [0x30, 3, ...frame.subarray(0, 3)],
    "a forbidden bit": [0x10, 0x80 | (frame[0] ?? 0), 1, 2],
    "a rest without a beginning": [0x90, 1, 2, 3],
    "an extension that is cut off": [0x10, 6 << 3 | 4],
  };
  for (const [what, payload] of Object.entries(cases)) {
    const assembly = new Assembly(FORMAT);
    assembly.push(one(payload, false), one(av1Payloads([frame], 1400)[0] ?? []));
    assert.deepEqual(assembly.units.map(({ isCorrupt }) => isCorrupt), [true], what);
  }
  const empty = new Assembly(FORMAT).push(one([]), one([0x10]));
  assert.deepEqual(empty.end(), []);
});
