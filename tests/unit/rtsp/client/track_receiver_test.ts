import assert from "node:assert/strict";
import { steadyMs } from "../../../../src/core/clock.ts";
import { TrackReceiver } from "../../../../src/rtsp/client/track_receiver.ts";
import { videoFormat } from "../../../support/cameras/rtp/assembly.ts";
import { h264Fragments } from "../../../support/cameras/rtp/h26x.ts";
import { H264_PPS, h264Slice, h264Sps } from "../../../support/cameras/rtp/nals.ts";
import { packetBytes, picturePackets } from "../../../support/cameras/rtp/packets.ts";

const OURS = 0x0badcafe;
const OTHER = 0x0ddba11;
const GOP = 4;
const PAYLOAD_BYTES = 300;
/** The first source sends larger pictures than the other one. */
const BYTES: Readonly<Record<number, number>> = { [OURS]: 1000, [OTHER]: 700 };

/** The packets of several pictures of one source, several per picture. */
function packetsOf(ssrc: number, pictures: number, first = 0): Uint8Array<ArrayBuffer>[] {
  let sequence = first * 10;
  return Array.from({ length: pictures }, (_, index) => {
    const isIdr = (first + index) % GOP === 0;
    const slice = h264Slice({ isIdr, bytes: BYTES[ssrc] ?? 0 });
    const nals = isIdr ? [h264Sps(), H264_PPS, slice] : [slice];
    return picturePackets(h264Fragments(nals, PAYLOAD_BYTES), (first + index) * 3600)
      .map((packet) => packetBytes({ ...packet, ssrc, sequence: sequence++ }));
  }).flat();
}

/** Interleaves two lists; the rest of the longer one follows. */
function mixed<T>(a: readonly T[], b: readonly T[]): T[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, index) => [a[index], b[index]])
    .flat().filter((one) => one !== undefined);
}

/** Receives packets over TCP. @returns the source of each unit, with `!` if corrupt */
function play(
  packets: readonly Uint8Array<ArrayBuffer>[],
  announcedSsrc: number | null = null,
  intervalMs = 1,
) {
  const units: string[] = [];
  const format = videoFormat("h264");
  const media = { index: 0, kind: "video", encodingName: "H264", control: null, format };
  const track = new TrackReceiver(
    { media: { ...media, problem: null, frameRate: null }, format },
    {
      maxUnitBytes: 100_000,
      ownSsrc: 1,
      onUnit: (_track, { data, isCorrupt }) => {
        const whose = data.length >= (BYTES[OURS] ?? 0) ? "ours" : "other";
        units.push(`${whose}${isCorrupt ? "!" : ""}`);
      },
      onReport: () => {},
      onBye: () => {},
    },
  );
  track.announcedSsrc = announcedSsrc;
  packets.forEach((bytes, index) =>
    track.rtp(bytes, 0, bytes.length, steadyMs(index * intervalMs))
  );
  track.endBatch();
  return { units, foreignPackets: track.foreignPackets };
}

Deno.test("rtsp: of two sources on one channel the first is active, the other counted", () => {
  const other = packetsOf(OTHER, 3 * GOP);
  const { units, foreignPackets } = play(mixed(packetsOf(OURS, 3 * GOP), other));
  assert.deepEqual(
    units.slice(-2 * GOP),
    Array(2 * GOP).fill("ours"),
    "from its second keyframe on",
  );
  assert.ok(foreignPackets > other.length - 3, `${foreignPackets} of ${other.length}`);
});

Deno.test("rtsp: of two sources on one channel the announced one is active, whichever was first", () => {
  const packets = mixed(packetsOf(OURS, 2 * GOP), packetsOf(OTHER, 2 * GOP));
  const { units } = play(packets, OURS);
  assert.deepEqual(units, Array(2 * GOP).fill("ours"));
  const { units: late } = play(packets, OTHER);
  assert.deepEqual(late.slice(-GOP), Array(GOP).fill("other"));
});

Deno.test("rtsp: a change of the SSRC is followed from its first packet", () => {
  const ours = packetsOf(OURS, GOP);
  const whole = [...Array(GOP).fill("ours"), ...Array(GOP).fill("other")];
  const { units, foreignPackets } = play([...ours, ...packetsOf(OTHER, GOP)]);
  assert.deepEqual(units, whole, "some cameras begin each GOP with another one");
  const inTurn = [0, 1, 2, 3].flatMap((gop) => packetsOf(gop % 2 ? OTHER : OURS, GOP, gop * GOP));
  assert.deepEqual(play(inTurn, null, 200).units, [...whole, ...whole], "or take turns");
  assert.equal(foreignPackets, 0);
  const joined = play([...ours, ...packetsOf(OTHER, GOP, 1)]);
  assert.deepEqual(joined.units, whole.with(GOP, "other!"), "without a keyframe");
  const truncated = play([...ours.slice(0, -1), ...packetsOf(OTHER, GOP)]);
  // The length of a unit is how a test knows whose it is.
  assert.deepEqual(truncated.units, whole.with(GOP - 1, "other!"), "a picture without its end");
});

Deno.test("rtsp: of two sources on one channel the other becomes active once the first is silent", () => {
  const before = mixed(packetsOf(OURS, GOP), packetsOf(OTHER, GOP));
  const packets = [...before, ...packetsOf(OTHER, 4 * GOP, GOP)];
  assert.ok(!play(packets).units.includes("other"), "the first may continue");
  assert.deepEqual(play(packets, null, 100).units.slice(-GOP), Array(GOP).fill("other"));
});

Deno.test("rtsp: a stray packet of another source is ignored, also as the first packet", () => {
  const [stray = new Uint8Array(0)] = packetsOf(OTHER, 1, 1);
  const packets = packetsOf(OURS, 3 * GOP);
  const { units } = play(packets.flatMap((one, index) => index % 7 === 0 ? [stray, one] : [one]));
  assert.deepEqual(units.slice(-GOP), Array(GOP).fill("ours"));
});

/** Two GOPs, the second of which has other sequence numbers and timestamps. */
function renumbered(step: number, ticks = 0): Uint8Array<ArrayBuffer>[] {
  return packetsOf(OURS, 2 * GOP).map((bytes) => {
    const view = new DataView(bytes.slice().buffer);
    const isSecond = view.getUint32(4) >= GOP * 3600;
    view.setUint16(2, view.getUint16(2) + (isSecond ? step : 0));
    view.setUint32(4, view.getUint32(4) + (isSecond ? ticks : 0));
    return new Uint8Array(view.buffer);
  });
}

Deno.test("rtsp: a jump of the sequence numbers between two units is no loss unless time has passed", () => {
  const whole: string[] = Array(2 * GOP).fill("ours");
  const damaged = whole.with(GOP, "ours!");
  assert.deepEqual(play(renumbered(20_000)).units, whole);
  assert.deepEqual(play(renumbered(-10_000)).units, whole);
  assert.deepEqual(play(renumbered(20_000, 5 * 90_000)).units, damaged, "five seconds are missing");
  const truncated = renumbered(20_000).toSpliced(packetsOf(OURS, GOP).length - 1, 1);
  // The length of a unit is how a test knows whose it is.
  assert.deepEqual(play(truncated).units, damaged.with(GOP - 1, "other!"));
});
