import assert from "node:assert/strict";
import { Assembly, nalsOf, outline, videoFormat } from "../../../support/cameras/rtp/assembly.ts";
import { h264Fragments } from "../../../support/cameras/rtp/h26x.ts";
import {
  H264_AUD,
  H264_PPS,
  H264_SEI,
  h264Slice,
  h264Sps,
} from "../../../support/cameras/rtp/nals.ts";
import { joined, type SentPacket } from "../../../support/cameras/rtp/packets.ts";

const FORMAT = videoFormat("h264");
const IDR = h264Slice({ isIdr: true });
const P = h264Slice();
const REST = h264Slice({ isFirst: false });
const IDR_REST = h264Slice({ isIdr: true, isFirst: false });
const EOS = Uint8Array.of(10);

/** Packets as a script: a NAL unit, its timestamp, and its marker bit. */
type Step = readonly [payload: Uint8Array, timestamp: number, marker?: "marker"] | null;

function run(steps: readonly Step[], assembly = new Assembly(FORMAT)): Assembly {
  return assembly.push(...packetsOf(steps));
}

function packetsOf(steps: readonly Step[]): (SentPacket | null)[] {
  return steps.map((step): SentPacket | null =>
    step && { payload: step[0], timestamp: step[1], marker: step[2] === "marker" }
  );
}

const CASES: Readonly<
  Record<string, readonly [steps: readonly Step[], expected: readonly string[]]>
> = {
  "no marker bit: a picture ends where the timestamp changes": [
    [[IDR, 0], [REST, 0], [P, 3000], [REST, 3000], [P, 6000]],
    ["0: 25 21 key", "3000: 21 21", "6000: 21"],
  ],
  "no marker bit and a constant timestamp: a picture ends where another begins": [
    [[IDR, 0], [REST, 0], [P, 0], [H264_SEI, 0], [P, 0], [H264_AUD, 0], [P, 0], [h264Sps(), 0]],
    ["0: 25 21 key", "0: 21", "0: 06 21", "0: 09 21"],
  ],
  "no marker bit: parameter sets of any timestamp belong to the next picture": [
    [[P, 0], [h264Sps(), 0], [H264_PPS, 0], [IDR, 3000], [h264Sps(), 6000], [IDR, 6000]],
    ["0: 21", "3000: 67 68 25 key", "6000: 67 25 key"],
  ],
  "a marker bit on every packet but fragments: parameter sets and SEI alone are no picture": [
    [
      ...[h264Sps(), H264_PPS, H264_SEI, IDR].map((unit): Step => [unit, 0, "marker"]),
      [P, 3000, "marker"],
    ],
    ["0: 67 68 06 25 key", "3000: 21"],
  ],
  "constant timestamp and correct marker bits: pictures are separated": [
    [[IDR, 0], [REST, 0, "marker"], [P, 0, "marker"], [P, 0], [REST, 0, "marker"]],
    ["0: 25 21 key", "0: 21", "0: 21 21"],
  ],
  "parameter sets with another timestamp and a marker bit are no picture": [
    [[P, 0, "marker"], [h264Sps(), 100, "marker"], [H264_PPS, 200], [IDR, 3000, "marker"]],
    ["0: 21", "3000: 67 68 25 key"],
  ],
  "SEI after the last slice belongs to its picture if it has the marker bit": [
    [[P, 0], [H264_SEI, 0, "marker"], [P, 3000, "marker"]],
    ["0: 21 06", "3000: 21"],
  ],
  "parts after the marker bit belong to the next picture": [
    [[P, 0, "marker"], [H264_SEI, 0], [EOS, 0], [IDR, 3000, "marker"]],
    ["0: 21", "3000: 06 0a 25 key"],
  ],
  "an end of sequence belongs to the previous picture, SEI to the next": [
    [[P, 0], [EOS, 0], [H264_SEI, 0], [IDR, 0, "marker"]],
    ["0: 21 0a", "0: 06 25 key"],
  ],
  "parameter sets before each slice of a picture do not split it": [
    // GStreamer's server with config-interval=-1.
    [[h264Sps(), 0], [IDR, 0], [h264Sps(), 0], [H264_PPS, 0], [IDR_REST, 0], [P, 3000, "marker"]],
    ["0: 67 25 67 68 25 key", "3000: 21"],
  ],
  "parameter sets after a picture belong to the next one, whatever ends the picture": [
    [[P, 0], [H264_SEI, 0], [h264Sps(), 0, "marker"], [IDR, 9, "marker"], [P, 99], [H264_PPS, 99]],
    ["0: 21 06", "9: 67 25 key", "99: 21"],
  ],
  "a missing marker bit is detected by the change of timestamp": [
    [[IDR, 0, "marker"], [P, 3000], [P, 6000, "marker"]],
    ["0: 25 key", "3000: 21", "6000: 21"],
  ],
  "a stream joined in the middle of a picture begins with a corrupt unit": [
    [[REST, 0], [REST, 0, "marker"], [IDR, 3000, "marker"]],
    ["0: 21 21 corrupt", "3000: 25 key"],
  ],
};

for (const [name, [steps, expected]] of Object.entries(CASES)) {
  Deno.test(`rtsp: ${name}`, () => {
    assert.deepEqual(outline(run(steps).end()), expected);
  });
}

/** A picture of two slices with a marker bit on both. */
function lying(timestamp: number): readonly Step[] {
  return [[P, timestamp, "marker"], [REST, timestamp, "marker"]];
}

Deno.test("rtsp: a marker bit on every slice truncates one picture, and is ignored from then on", () => {
  const assembly = run([...lying(0), ...lying(3000), ...lying(6000)]);
  assert.deepEqual(outline(assembly.end()), ["0: 21", "3000: 21 21 corrupt", "6000: 21 21"]);
  const { units, truncated } = assembly.assembler.counts;
  assert.deepEqual(
    { units, truncated },
    { units: 3, truncated: 1 },
    "each picture is counted once",
  );
});

Deno.test("rtsp: a marker bit on every slice truncates no picture whose slices are in one batch", () => {
  for (const step of [3000, 0]) {
    const pictures = Array.from({ length: 4 }, (_, index) => lying(index * step));
    const assembly = new Assembly(FORMAT);
    for (const slices of pictures) assembly.together(...packetsOf(slices));
    assert.deepEqual(
      outline(assembly.units.slice(0, 1)),
      ["0: 21 21"],
      "the first picture, at once",
    );
    assembly.end();
    const apart = pictures.map((_, index) => `${index * step}: 21 21`);
    assert.deepEqual(outline(assembly.units), apart);
    const { truncated, corrupt } = assembly.assembler.counts;
    assert.deepEqual({ truncated, corrupt }, { truncated: 0, corrupt: 0 });
    const all = new Assembly(FORMAT).together(...packetsOf(pictures.flat()));
    assert.deepEqual(outline(all.end()), apart, "all in one batch");
  }
});

Deno.test("rtsp: with correct marker bits the batches do not matter", () => {
  const steps: readonly Step[] = [
    [h264Sps(), 0],
    [H264_PPS, 0],
    [IDR, 0],
    [REST, 0, "marker"],
    [H264_SEI, 0],
    [P, 3000, "marker"],
    null,
    [P, 6000, "marker"],
    [P, 6000],
    [REST, 6000, "marker"],
    [h264Sps(), 6000],
    [IDR, 9000, "marker"],
    null,
    [P, 9000, "marker"],
  ];
  const apart = run(steps);
  const all = new Assembly(FORMAT).together(...packetsOf(steps));
  assert.deepEqual(outline(all.units), outline(apart.units));
  assert.equal(all.units.length, 6);
  assert.ok(all.assembler.hasCompletedUnit);
});

Deno.test("rtsp: a marker bit on every fragment ends a picture at its last fragment, at once", () => {
  const assembly = new Assembly(FORMAT);
  for (const timestamp of [0, 3000, 3000]) {
    const fragments = h264Fragments([h264Slice({ bytes: 900 })], 200);
    run(fragments.map((payload): Step => [payload, timestamp, "marker"]), assembly);
  }
  assert.deepEqual(outline(assembly.units), ["0: 21", "3000: 21", "3000: 21"]);
  assert.deepEqual(assembly.units.map(({ data }) => data.length), [904, 904, 904]);
});

Deno.test("rtsp: a marker bit on every slice and a constant timestamp: first slices decide", () => {
  const steps = Array(4).fill(0).flatMap(lying);
  assert.deepEqual(outline(run(steps).end()), [
    "0: 21",
    "0: 21 21 corrupt",
    "0: 21 21",
    "0: 21 21",
  ]);
});

Deno.test("rtsp: marker bits are used again after many correct ones", () => {
  const assembly = run([...lying(0), ...lying(3000)]);
  let timestamp = 6000;
  const push = () => run([[P, timestamp], [REST, timestamp, "marker"]], assembly);
  for (; assembly.units.length < 3; timestamp += 3000) push();
  assert.equal(assembly.units.at(-1)?.rtpTimestamp, timestamp - 6000, "one behind");
  for (let pictures = 0; pictures < 100; pictures++, timestamp += 3000) push();
  assert.equal(assembly.units.at(-1)?.rtpTimestamp, timestamp - 3000, "at once");
  assert.equal(assembly.units.length, timestamp / 3000, "each picture once");
  run([...lying(timestamp), ...lying(timestamp + 3000)], assembly);
  assert.equal(assembly.assembler.counts.truncated, 2);
});

Deno.test("rtsp: a gap corrupts the units that may miss packets, and no others", () => {
  const cases: Readonly<Record<string, readonly [readonly Step[], readonly string[]]>> = {
    "inside": [
      [[P, 0], null, [REST, 0, "marker"], [P, 3000, "marker"]],
      ["0: 21 21 corrupt", "3000: 21"],
    ],
    "after the marker": [
      [[P, 0, "marker"], null, [P, 6000, "marker"], [P, 9000, "marker"]],
      ["0: 21", "6000: 21 corrupt", "9000: 21"],
    ],
    "where one ends and another begins": [
      [[P, 0], null, [P, 3000], [REST, 3000, "marker"], [P, 6000, "marker"]],
      ["0: 21 corrupt", "3000: 21 21 corrupt", "6000: 21"],
    ],
    "over the beginning of the next": [
      [[P, 0], null, [REST, 3000, "marker"], [P, 6000, "marker"]],
      ["0: 21 corrupt", "3000: 21 corrupt", "6000: 21"],
    ],
    "before the sets of the next": [
      [[P, 0, "marker"], null, [H264_PPS, 3000], [IDR, 3000, "marker"], [P, 6000, "marker"]],
      ["0: 21", "3000: 68 25 key corrupt", "6000: 21"],
    ],
    "with one timestamp and the first slice lost": [
      [[P, 0, "marker"], [P, 0, "marker"], null, [REST, 0, "marker"], [P, 0, "marker"]],
      ["0: 21", "0: 21", "0: 21 corrupt", "0: 21"],
    ],
  };
  for (const [where, [steps, expected]] of Object.entries(cases)) {
    assert.deepEqual(outline(run(steps).end()), expected, where);
  }
});

Deno.test("rtsp: a second field belongs to the first, unless a marker bit or a timestamp separates them", () => {
  const field = (parity: "top" | "bottom", frameNum: number) =>
    h264Slice({ field: parity, frameNum });
  const sps = h264Sps(true);
  const pairs: readonly Step[] = [
    [sps, 0],
    [field("top", 1), 0],
    [field("bottom", 1), 0],
    [field("top", 2), 0],
    [field("bottom", 2), 0],
    [field("bottom", 3), 0],
    [field("top", 4), 0],
    [field("bottom", 4), 0],
    [field("top", 5), 0],
    [field("top", 5), 0],
  ];
  const expected = ["0: 67 21 21", "0: 21 21", "0: 21", "0: 21 21", "0: 21", "0: 21"];
  assert.deepEqual(outline(run(pairs).end()), expected);
  const described = videoFormat("h264", { extradata: joined([[0, 0, 0, 1], sps]) });
  const assembly = run(pairs.slice(1), new Assembly(described));
  assert.deepEqual(outline(assembly.end()), ["0: 21 21", ...expected.slice(1)], "by extradata");
  const parted = run([[sps, 0], [field("top", 1), 0, "marker"], [field("bottom", 1), 0, "marker"]]);
  assert.deepEqual(outline(parted.end()), ["0: 67 21", "0: 21"]);
  const stamped = run([[sps, 0], [field("top", 1), 0], [field("bottom", 1), 1500, "marker"]]);
  assert.deepEqual(outline(stamped.end()), ["0: 67 21", "1500: 21"]);
  const frames = run([[h264Sps(), 0], [P, 0], [P, 0, "marker"]]);
  assert.deepEqual(outline(frames.end()), ["0: 67 21", "0: 21"], "no fields, two pictures");
});

Deno.test("rtsp: a unit above the size limit is emitted as corrupt, without data, and memory stays bounded", () => {
  const maxUnitBytes = 100_000;
  const assembly = new Assembly(FORMAT, maxUnitBytes);
  const large = h264Slice({ isIdr: true, bytes: maxUnitBytes });
  const packets = h264Fragments([large], 1400).map((payload): Step => [payload, 0]);
  run([...packets, [P, 3000, "marker"], [P, 6000, "marker"]], assembly);
  assert.deepEqual(outline(assembly.units), ["0:  key corrupt", "3000: 21", "6000: 21"]);
  assert.equal(assembly.assembler.counts.oversized, 1);
  assert.ok(assembly.assembler.capacityBytes <= maxUnitBytes);
});

Deno.test("rtsp: a unit of exactly the size limit is complete", () => {
  const unit = h264Slice({ isIdr: true, bytes: 200_000 });
  const assembly = new Assembly(FORMAT, unit.length + 4);
  run(h264Fragments([unit], 1400).map((payload): Step => [payload, 0]), assembly);
  assert.deepEqual(assembly.end().map(({ data }) => nalsOf(data)), [[unit]]);
});

Deno.test("rtsp: a stream without pictures emits no units and takes no memory", () => {
  const assembly = new Assembly(FORMAT);
  const sei = joined([[6, 5, 255], Array(1000).fill(7)]);
  const before = assembly.assembler.capacityBytes;
  for (let at = 0; at < 5000; at++) run([[sei, at % 7, "marker"]], assembly);
  assert.deepEqual(assembly.end(), []);
  assert.equal(assembly.assembler.capacityBytes, before);
  run([[h264Sps(), 9, "marker"], [IDR, 10, "marker"]], assembly);
  assert.match(outline(assembly.units)[0] ?? "", /67 25 key$/);
});

Deno.test("rtsp: flush emits an open picture, but no parameter sets alone", () => {
  const assembly = run([[P, 0]]);
  assembly.assembler.flush();
  run([[h264Sps(), 3000]], assembly);
  assert.deepEqual(outline(assembly.end()), ["0: 21"]);
});

Deno.test("rtsp: reset discards all state but the counts", () => {
  const assembly = run([...lying(0), [P, 3000]]);
  assembly.assembler.reset();
  run([[P, 6000, "marker"]], assembly);
  assert.deepEqual(outline(assembly.units), ["0: 21", "6000: 21"]);
  assert.equal(assembly.assembler.counts.packets, 4);
});
