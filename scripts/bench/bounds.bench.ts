/** The cost of inspecting a packet before decoding: `deno task bench scripts/bench/bounds.bench.ts`. */
import { annexB, idrSlice, pps, sps } from "../../tests/support/clips/coded/h264.ts";
import { h265Pps, h265Segment, h265Sps } from "../../tests/support/clips/coded/h265.ts";
import { jpeg } from "../../tests/support/clips/coded/others.ts";
import { noise } from "../../tests/support/cameras/rtp/packets.ts";
import { inspectorFor } from "../../src/stream/bounds/codecs.ts";

const SIZE = { width: 1920, height: 1088 };
const MAX_PIXELS = 8192 * 4320;

/** Slice data without start codes, as an encoder writes it. */
function data(bytes: number): Uint8Array {
  return noise(bytes, bytes).map((byte) => byte === 0 ? 1 : byte);
}

function joined(...parts: readonly (readonly number[] | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function slices(count: number, bytes: number): Uint8Array {
  const parts = Array.from({ length: count }, (_, index) => [
    annexB(idrSlice({ firstBlock: 120 * index })),
    data(bytes),
  ]);
  return joined(annexB(sps(SIZE), pps()), ...parts.flat());
}

const PACKETS: readonly (readonly [string, string, Uint8Array])[] = [
  ["H.264, one slice of 10 kB", "h264", slices(1, 10_000)],
  ["H.264, one slice of 100 kB", "h264", slices(1, 100_000)],
  ["H.264, 68 slices of 1.4 kB", "h264", slices(68, 1400)],
  [
    "H.265, one slice of 10 kB",
    "hevc",
    joined(annexB(h265Sps(SIZE), h265Pps(), h265Segment({ type: 19 })), data(10_000)),
  ],
  [
    "MJPEG of 200 kB",
    "mjpeg",
    joined(jpeg(SIZE).slice(0, -2), data(200_000).map((byte) => byte & 0xfe), [0xff, 0xd9]),
  ],
];

for (const [name, codec, bytes] of PACKETS) {
  const inspector = inspectorFor(codec, MAX_PIXELS);
  Deno.bench({ name, group: "inspection", fn: () => inspector.packet(bytes, bytes.length) });
}
