import fc from "fast-check";
import assert from "node:assert/strict";
import { Assembly, nalsOf, outline, videoFormat } from "../../../support/cameras/rtp/assembly.ts";
import {
  h264Aggregates,
  h264Fragments,
  type Packetizer,
} from "../../../support/cameras/rtp/h26x.ts";
import {
  H264_AUD,
  H264_PPS,
  H264_SEI,
  h264RecoverySei,
  h264Slice,
  h264Sps,
} from "../../../support/cameras/rtp/nals.ts";
import { joined, picturePackets, type SentPacket } from "../../../support/cameras/rtp/packets.ts";

const FORMAT = videoFormat("h264");
const IDR = h264Slice({ isIdr: true, refIdc: 3, bytes: 3000 });
const P = h264Slice({ bytes: 900 });

/** Pictures of several slices, with and without parameter sets. */
const PICTURES: readonly (readonly Uint8Array[])[] = [
  [H264_AUD, h264Sps(), H264_PPS, H264_SEI, IDR],
  [P],
  [H264_AUD, h264Slice({ bytes: 30 }), h264Slice({ isFirst: false, bytes: 2000 })],
  [H264_SEI, h264Slice({ bytes: 8, refIdc: 0 })],
  [h264Slice({ bytes: 1501 })],
];

const PACKETIZERS: Readonly<Record<string, Packetizer>> = {
  "single units and FU-A": h264Fragments,
  "STAP-A and FU-A": h264Aggregates,
  "FU-B": (nals, maxBytes) => h264Fragments(nals, maxBytes, true),
  "STAP-B and FU-B": (nals, maxBytes) => h264Aggregates(nals, maxBytes, true),
};

function send(pictures: readonly (readonly Uint8Array[])[], packetize: Packetizer, bytes: number) {
  return pictures.flatMap((nals, index) => picturePackets(packetize(nals, bytes), index * 3000));
}

function one(payload: Uint8Array | readonly number[], marker = true, timestamp = 0): SentPacket {
  return { payload: Uint8Array.from(payload), marker, timestamp };
}

/** A fragment that is never marked as the last. */
function withoutEndBit(payload: Uint8Array): Uint8Array {
  return payload.with(1, (payload[1] ?? 0) & ~0x40);
}

for (const [name, packetize] of Object.entries(PACKETIZERS)) {
  Deno.test(`rtsp: H.264 in ${name} round-trips for each payload size of 20 to 1500`, () => {
    for (let bytes = 20; bytes <= 1500; bytes++) {
      const assembly = new Assembly(FORMAT).push(...send(PICTURES, packetize, bytes));
      assert.deepEqual(assembly.units.map(({ data }) => nalsOf(data)), PICTURES, `${bytes} bytes`);
      assert.deepEqual(assembly.units.map(({ isCorrupt }) => isCorrupt), Array(5).fill(false));
      assert.deepEqual(assembly.units.map(({ isKey }) => isKey), [true, ...Array(4).fill(false)]);
      const disposable = assembly.units.map(({ isDisposable }) => isDisposable);
      assert.deepEqual(disposable, [false, false, false, true, false]);
      const stamps = assembly.units.map(({ rtpTimestamp }) => rtpTimestamp);
      assert.deepEqual(stamps, [0, 3000, 6000, 9000, 12000]);
    }
  });
}

Deno.test("rtsp: H.264 pictures of any slices round-trip", () => {
  const slices = fc.array(fc.integer({ min: 8, max: 4000 }), { minLength: 1, maxLength: 5 });
  const pictures = fc.array(fc.record({ slices, hasSets: fc.boolean() }), {
    minLength: 1,
    maxLength: 6,
  });
  const how = fc.constantFrom(...Object.values(PACKETIZERS));
  fc.assert(
    fc.property(pictures, how, fc.integer({ min: 20, max: 1500 }), (shapes, packetize, bytes) => {
      const sent = shapes.map(({ slices, hasSets }) => [
        ...hasSets ? [h264Sps(), H264_PPS] : [],
        ...slices.map((size, index) => h264Slice({ isFirst: index === 0, bytes: size })),
      ]);
      const assembly = new Assembly(FORMAT).push(...send(sent, packetize, bytes));
      assert.deepEqual(assembly.units.map(({ data }) => nalsOf(data)), sent);
      assert.equal(assembly.assembler.counts.corrupt, 0);
    }),
    { numRuns: 200 },
  );
});

Deno.test("rtsp: a payload of several H.264 NAL units with start codes is split", () => {
  // Cheap cameras: a whole keyframe after the parameter sets, in one payload.
  const code = [0, 0, 0, 1];
  const units = [h264Sps(), H264_PPS, h264Slice({ isIdr: true })];
  const payloads = {
    "with a start code before the first": joined(units.flatMap((unit) => [code, unit])),
    "without one before the first": joined([
      ...units.slice(0, 1),
      ...units.slice(1).flatMap((unit) => [[0, 0, 1], unit]),
    ]),
    "with zeros between": joined(units.flatMap((unit) => [[0, 0, ...code], unit])),
  };
  for (const [how, payload] of Object.entries(payloads)) {
    const assembly = new Assembly(FORMAT).push(one(payload));
    assert.deepEqual(assembly.units.map(({ data }) => nalsOf(data)), [units], how);
    assert.deepEqual(outline(assembly.units), ["0: 67 68 25 key"], how);
  }
});

Deno.test("rtsp: a picture in the fragments of a parameter set is found", () => {
  const units = [h264Sps(), H264_PPS, h264Slice({ isIdr: true, bytes: 500 })];
  const blob = joined(
    units.flatMap((unit, index) => index === 0 ? [unit] : [[0, 0, 0, 1], unit]),
  );
  const assembly = new Assembly(FORMAT);
  assembly.push(...picturePackets(h264Fragments([blob], 100), 0));
  assembly.push(...picturePackets([P], 3000));
  assert.deepEqual(assembly.units.map(({ data }) => nalsOf(data)), [units, [P]]);
});

Deno.test("rtsp: a fragment with start and end bit is a complete NAL unit", () => {
  const [header = 0] = P;
  const payload = [(header & 0xe0) | 28, 0xc0 | (header & 31), ...P.subarray(1)];
  const { units } = new Assembly(FORMAT).push(one(payload));
  assert.deepEqual(units.map(({ data }) => nalsOf(data)), [[P]]);
  assert.equal(units[0]?.isCorrupt, false);
});

Deno.test("rtsp: a fragmented NAL unit without an end bit ends with the picture's marker bit", () => {
  const fragments = h264Fragments([P], 300).map(withoutEndBit);
  const assembly = new Assembly(FORMAT);
  assembly.push(...picturePackets(fragments, 0), ...picturePackets(fragments, 3000));
  assert.deepEqual(
    assembly.units.map(({ data }) => nalsOf(data)),
    [[P], [P]],
    "the second at once",
  );
  assert.deepEqual(assembly.units.map(({ isCorrupt }) => isCorrupt), [false, false]);
});

Deno.test("rtsp: of a camera that sets no end bits, every slice is complete, with and without marker bits", () => {
  const slices = [P, h264Slice({ isFirst: false, bytes: 1200 })];
  const fragments = h264Fragments(slices, 300).map(withoutEndBit);
  for (const hasMarkers of [true, false]) {
    const packets = [0, 3000, 6000].flatMap((timestamp) => picturePackets(fragments, timestamp));
    const assembly = new Assembly(FORMAT);
    assembly.push(...packets.map((packet) => ({ ...packet, marker: packet.marker && hasMarkers })));
    assert.deepEqual(assembly.end().map(({ data }) => nalsOf(data)), Array(3).fill(slices));
    assert.equal(assembly.assembler.counts.corrupt, 0);
  }
  const cut = h264Fragments(slices, 300).with(3, withoutEndBit(h264Fragments([P], 300)[3] ?? P));
  const assembly = new Assembly(FORMAT).push(...picturePackets(h264Fragments([P], 300), 0));
  assembly.push(...picturePackets(cut, 3000));
  assert.deepEqual(outline(assembly.units), ["0: 21", "3000: 21 21 corrupt"], "others set them");
});

Deno.test("rtsp: a missing fragment corrupts its picture, wherever it is", () => {
  const payloads = h264Fragments([IDR], 500);
  for (let lost = 0; lost < payloads.length; lost++) {
    const packets = picturePackets(payloads, 0);
    const rest = packets.map((packet, index) => index === lost ? null : packet);
    const assembly = new Assembly(FORMAT).push(...rest, ...picturePackets([P], 3000));
    assembly.push(...picturePackets([P], 6000));
    const isLast = lost === payloads.length - 1;
    const corrupt = assembly.end().map(({ isCorrupt }) => isCorrupt);
    assert.deepEqual(corrupt, [true, isLast, false], `fragment ${lost}`);
    // The fragments before the missing one are kept, those after it dropped.
    const kept = IDR.slice(0, lost === 0 ? 0 : 1 + lost * 498);
    assert.deepEqual(nalsOf(assembly.units[0]?.data ?? kept), lost === 0 ? [] : [kept]);
  }
});

Deno.test("rtsp: the type of a fragment counts only if an earlier one is missing", () => {
  const [first, second] = h264Fragments([P], 500);
  assert.ok(first !== undefined && second !== undefined);
  second[1] = 0x40 | 5;
  const assembly = new Assembly(FORMAT).push(...picturePackets([first, second], 0));
  assert.deepEqual(assembly.units.map(({ data }) => nalsOf(data)), [[P]]);
  assert.equal(assembly.assembler.counts.corrupt, 0);
  assembly.push(one(first, false, 3000), null, one(second, true, 3000));
  assert.deepEqual(outline(assembly.units.slice(1)), ["3000: 21 corrupt"]);
});

Deno.test("rtsp: MTAP packets are counted as unsupported, and their pictures are corrupt", () => {
  for (const [type, name] of [[26, "MTAP16"], [27, "MTAP24"]] as const) {
    const assembly = new Assembly(FORMAT).push(one([0x60 | type, 0, 0, 0, 9], false), one(P));
    assert.equal(assembly.assembler.refusedName, name);
    assert.equal(assembly.assembler.counts.refused, 1);
    assert.deepEqual(assembly.units.map(({ isCorrupt }) => isCorrupt), [true]);
  }
});

Deno.test("rtsp: H.264 NAL units of unspecified types and filler data are dropped and counted", () => {
  const filler = Uint8Array.of(12, 0xff, 0xff, 0x80);
  const odd = [0, 30, 31].map((type) => Uint8Array.of(type, 1, 2, 3));
  const payloads = [...odd, filler, P];
  const assembly = new Assembly(FORMAT).push(...picturePackets(payloads, 0));
  assert.deepEqual(assembly.units.map(({ data }) => nalsOf(data)), [[P]]);
  assert.equal(assembly.assembler.counts.ignored, 4);
  assert.equal(assembly.units[0]?.isCorrupt, false);
  const large = joined([[12], Array(200).fill(0xff), [0x80]]);
  assembly.push(...picturePackets([P, ...h264Fragments([large], 50)], 3000));
  assert.deepEqual(assembly.units.map(({ data }) => nalsOf(data)), [[P], [P]]);
  assert.equal(assembly.assembler.counts.corrupt, 0);
});

Deno.test("rtsp: an H.264 NAL unit with forbidden_zero_bit is dropped, and its picture is corrupt", () => {
  const damaged = P.slice();
  damaged[0] = (damaged[0] ?? 0) | 0x80;
  const assembly = new Assembly(FORMAT).push(...picturePackets([h264Sps(), damaged], 0));
  assert.deepEqual(outline(assembly.units), ["0: 67 corrupt"]);
});

Deno.test("rtsp: of a truncated STAP the complete NAL units are written, and the picture is corrupt", () => {
  const whole = joined([[0x60 | 24, 0, H264_PPS.length], H264_PPS, [0, P.length & 0xff]]);
  const cases: Readonly<Record<string, [Uint8Array, string]>> = {
    "a size beyond the end": [joined([whole, P.subarray(0, 20)]), "0: 68 21 corrupt"],
    "half a size": [whole.subarray(0, -1), "0: 68 21 corrupt"],
    "nothing in it": [Uint8Array.of(0x60 | 24), "0: 21 corrupt"],
    "zeros at its end": [joined([whole.subarray(0, -2), [0, 0, 0, 0]]), "0: 68 21"],
    "an odd number of them": [joined([whole.subarray(0, -2), [0, 0, 0]]), "0: 68 21"],
    "an empty unit before another": [
      joined([whole.subarray(0, 1), [0, 0], whole.subarray(1, -2)]),
      "0: 68 21",
    ],
  };
  for (const [how, [payload, expected]] of Object.entries(cases)) {
    const assembly = new Assembly(FORMAT).push(one(payload, false), one(P));
    assert.deepEqual(outline(assembly.units), [expected], how);
  }
});

Deno.test("rtsp: an I picture with recovery_frame_cnt 0 is a keyframe, with a higher one a recovery point", () => {
  const intra = h264Slice({ isIntra: true });
  const cases: readonly [readonly Uint8Array[], string][] = [
    [[h264RecoverySei(0), intra], "0: 06 21 key"],
    [[h264RecoverySei(0), intra, h264Slice({ isFirst: false })], "0: 06 21 21 recovery"],
    [[h264RecoverySei(12), P], "0: 06 21 recovery"],
    [[h264RecoverySei(300), intra], "0: 06 21 recovery"],
    [[H264_SEI, intra], "0: 06 21"],
    [[h264RecoverySei(0), h264Slice({ isIdr: true })], "0: 06 25 key"],
  ];
  for (const [nals, expected] of cases) {
    for (const bytes of [20, 1400]) {
      const assembly = new Assembly(FORMAT);
      assembly.push(...picturePackets(h264Fragments(nals, bytes), 0));
      assert.deepEqual(outline(assembly.units), [expected]);
    }
  }
});

Deno.test("rtsp: truncated payloads are ignored and break nothing", () => {
  const assembly = new Assembly(FORMAT);
  assembly.push(one([], false), one([0x7c], false), one([0x7d, 0x85, 0], false), one(P));
  assert.deepEqual(assembly.units.map(({ data }) => nalsOf(data)), [[P]]);
  assert.equal(assembly.assembler.counts.ignored, 3);
});
