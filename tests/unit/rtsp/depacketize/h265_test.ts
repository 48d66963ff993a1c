import assert from "node:assert/strict";
import { Assembly, nalsOf, videoFormat } from "../../../support/cameras/rtp/assembly.ts";
import { h265Aggregates, h265Fragments } from "../../../support/cameras/rtp/h26x.ts";
import { h265RecoverySei, h265Slice, h265Unit } from "../../../support/cameras/rtp/nals.ts";
import { joined, picturePackets, type SentPacket } from "../../../support/cameras/rtp/packets.ts";

const IDR = 19;
const CRA = 21;
const RASL = 8;
const [AUD, VPS, SPS, PPS] = [h265Unit(35, 3), h265Unit(32, 24), h265Unit(33, 40), h265Unit(34, 8)];
const SUFFIX_SEI = h265Unit(40, 9);
const P = h265Slice({ bytes: 900 });

const PICTURES: readonly (readonly Uint8Array[])[] = [
  [AUD, VPS, SPS, PPS, h265Slice({ type: IDR, bytes: 3000 })],
  [P, SUFFIX_SEI],
  [AUD, h265Slice({ bytes: 30 }), h265Slice({ isFirst: false, bytes: 2000 })],
  [h265Slice({ type: CRA, bytes: 1501 })],
  [h265Slice({ type: RASL, bytes: 12 })],
];

function one(payload: readonly number[] | Uint8Array, marker = true): SentPacket {
  return { payload: Uint8Array.from(payload), marker, timestamp: 0 };
}

for (const hasDonl of [false, true]) {
  for (const [name, packetize] of Object.entries({ h265Fragments, h265Aggregates })) {
    const how = name === "h265Fragments" ? "single units and FU" : "AP and FU";
    const order = hasDonl ? " with order numbers" : "";
    Deno.test(`rtsp: H.265 in ${how}${order} round-trips for each payload size of 20 to 1500`, () => {
      for (let bytes = 20; bytes <= 1500; bytes++) {
        const assembly = new Assembly(videoFormat("hevc", { hasDonl }));
        PICTURES.forEach((nals, index) => {
          assembly.push(...picturePackets(packetize(nals, bytes, hasDonl), index * 3000));
        });
        const { units } = assembly;
        assert.deepEqual(units.map(({ data }) => nalsOf(data)), PICTURES, `${bytes} bytes`);
        assert.deepEqual(units.map(({ isCorrupt }) => isCorrupt), Array(5).fill(false));
        assert.deepEqual(units.map(({ isKey }) => isKey), [true, false, false, true, false]);
        assert.deepEqual(units.map(({ isDisposable }) => isDisposable), Array(5).fill(false));
      }
    });
  }
}

Deno.test("rtsp: H.265 without marker bits ends at first slices, parameter sets and delimiters, suffixes included", () => {
  const assembly = new Assembly(videoFormat("hevc"));
  for (const nal of PICTURES.flat()) assembly.push(one(nal, false));
  assert.deepEqual(assembly.end().map(({ data }) => nalsOf(data)), PICTURES);
});

Deno.test("rtsp: H.265 NAL units of a higher layer belong to the previous picture", () => {
  const layered = h265Slice();
  layered[1] = 1 << 3 | 1;
  const assembly = new Assembly(videoFormat("hevc")).push(one(P, false), one(layered, true));
  assert.deepEqual(assembly.units.map(({ data }) => nalsOf(data)), [[P, layered]]);
});

Deno.test("rtsp: an H.265 recovery point is marked if there is no IRAP picture", () => {
  const assembly = new Assembly(videoFormat("hevc"));
  assembly.push(...picturePackets([h265RecoverySei(20), P], 0));
  assembly.push(...picturePackets([h265RecoverySei(0), h265Slice({ type: CRA })], 3000));
  const flags = assembly.units.map(({ isKey, isRecoveryPoint }) => ({ isKey, isRecoveryPoint }));
  assert.deepEqual(flags, [
    { isKey: false, isRecoveryPoint: true },
    { isKey: true, isRecoveryPoint: false },
  ]);
});

Deno.test("rtsp: PACI packets are counted as unsupported", () => {
  const assembly = new Assembly(videoFormat("hevc")).push(
    one([50 << 1, 1, 0, 0, 1], false),
    one(P),
  );
  assert.equal(assembly.assembler.refusedName, "PACI");
  assert.deepEqual(assembly.units.map(({ isCorrupt }) => isCorrupt), [true]);
});

Deno.test("rtsp: of a truncated aggregation packet the complete NAL units are written, and the picture is corrupt", () => {
  const head = joined([[48 << 1, 1, 0, PPS.length], PPS]);
  const cases: Readonly<Record<string, readonly [Uint8Array, readonly Uint8Array[], boolean]>> = {
    "a size beyond the end": [joined([head, [0, 200, 2, 1, 0x80]]), [PPS, P], true],
    "half a size": [joined([head, [0]]), [PPS, P], true],
    "nothing in it": [Uint8Array.of(48 << 1, 1), [P], true],
    "zeros at its end": [joined([head, [0, 0, 0]]), [PPS, P], false],
    "an empty unit before another": [
      joined([[48 << 1, 1, 0, 0, 0, PPS.length], PPS]),
      [PPS, P],
      false,
    ],
  };
  for (const [how, [payload, nals, isCorrupt]] of Object.entries(cases)) {
    const assembly = new Assembly(videoFormat("hevc")).push(one(payload, false), one(P));
    assert.deepEqual(assembly.units.map(({ data }) => nalsOf(data)), [nals], how);
    assert.equal(assembly.units[0]?.isCorrupt, isCorrupt, how);
  }
});

Deno.test("rtsp: H.265 fragments may repeat the header of the NAL unit in place of its type", () => {
  // Cheap cameras with H.265: after the first fragment, 0x26 (IDR as a header) in place of 19.
  const idr = h265Slice({ type: IDR, bytes: 2000 });
  const payloads = h265Fragments([VPS, SPS, PPS, idr], 300).map((payload, index) =>
    index < 4 ? payload : payload.with(2, ((payload[2] ?? 0) & 0xc0) | IDR << 1)
  );
  const assembly = new Assembly(videoFormat("hevc")).push(...picturePackets(payloads, 0));
  assert.deepEqual(assembly.units.map(({ data }) => nalsOf(data)), [[VPS, SPS, PPS, idr]]);
  assert.equal(assembly.assembler.counts.corrupt, 0);
});

Deno.test("rtsp: a missing fragment of H.265 corrupts its picture, wherever it is", () => {
  const payloads = h265Fragments([h265Slice({ type: IDR, bytes: 2000 })], 300);
  for (let lost = 0; lost < payloads.length; lost++) {
    const packets = picturePackets(payloads, 0);
    const assembly = new Assembly(videoFormat("hevc"));
    assembly.push(...packets.map((packet, index) => index === lost ? null : packet));
    assembly.push(...picturePackets([P], 3000), ...picturePackets([P], 6000));
    const isLast = lost === payloads.length - 1;
    assert.deepEqual(assembly.units.map(({ isCorrupt }) => isCorrupt), [true, isLast, false]);
  }
});

Deno.test("rtsp: truncated H.265 payloads are ignored and break nothing", () => {
  for (const hasDonl of [false, true]) {
    const assembly = new Assembly(videoFormat("hevc", { hasDonl }));
    assembly.push(one([], false), one([0x02], false), one([49 << 1, 1], false));
    assembly.push(
      one([49 << 1, 1, 0x81].slice(0, hasDonl ? 3 : 2), false),
      one([48 << 1, 1], false),
    );
    assert.deepEqual(assembly.end(), []);
    assert.ok(assembly.assembler.counts.ignored >= 5);
  }
});
