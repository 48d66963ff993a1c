import assert from "node:assert/strict";
import { steadyMs } from "../../src/core/clock.ts";
import { AccessUnitAssembler } from "../../src/rtsp/depacketize/access_unit_assembler.ts";
import type { VideoFormat } from "../../src/rtsp/media.ts";
import { ReorderBuffer } from "../../src/rtsp/rtp/reorder_buffer.ts";
import { SequenceChecker } from "../../src/rtsp/rtp/sequence_checker.ts";
import { RtpPacket } from "../../src/rtsp/rtp/packet.ts";
import { Assembly, videoFormat } from "../support/cameras/rtp/assembly.ts";
import { av1Payloads, obu } from "../support/cameras/rtp/av1.ts";
import {
  h264Aggregates,
  h264Fragments,
  h265Aggregates,
  h265Fragments,
} from "../support/cameras/rtp/h26x.ts";
import { jpegPayloads } from "../support/cameras/rtp/jpeg.ts";
import {
  H264_AUD,
  H264_PPS,
  H264_SEI,
  h264RecoverySei,
  h264Slice,
  h264Sps,
  h265RecoverySei,
  h265Slice,
  h265Unit,
} from "../support/cameras/rtp/nals.ts";
import {
  joined,
  noise,
  packetBytes,
  picturePackets,
  seeded,
  type SentPacket,
} from "../support/cameras/rtp/packets.ts";
import { fuzzRuns, fuzzSeed, reportFuzz } from "./runs.ts";

/** Mutated packets per stream; 100,000 in a full run. */
const PACKETS = fuzzRuns(10_000);
const MAX_UNIT_BYTES = 200_000;

/** A stream: the payloads of each picture. */
interface Corpus {
  readonly format: VideoFormat;
  readonly pictures: readonly (readonly Uint8Array[])[];
}

const H264_PICTURES = [
  [H264_AUD, h264Sps(true), H264_PPS, h264Slice({ isIdr: true, bytes: 2500 })],
  [h264RecoverySei(0), h264Slice({ isIntra: true, field: "top" })],
  [H264_SEI, h264Slice({ field: "bottom" }), h264Slice({ isFirst: false, bytes: 900 })],
  [h264Slice({ refIdc: 0, bytes: 200 })],
];
const H265_PICTURES = [
  [h265Unit(35, 3), h265Unit(32), h265Unit(33), h265Unit(34), h265Slice({ type: 19, bytes: 2500 })],
  [h265RecoverySei(3), h265Slice(), h265Slice({ isFirst: false, bytes: 900 }), h265Unit(40)],
  [h265Slice({ bytes: 200 })],
];
const AV1_UNITS = [
  [obu(1, 11), obu(6, 2500, 0x10)],
  [obu(3, 9), obu(4, 400), obu(6, 100)],
  [obu(6, 130, 0x30, 1), obu(5, 9)],
];
const JPEG = { type: 1, q: 60, width: 640, height: 480, scan: noise(3000, 5) };
const MPEG4_PICTURES = [
  joined([[0, 0, 1, 0xb0, 1, 0, 0, 1, 0x20, 5, 0, 0, 1, 0xb6, 0x10], noise(1500, 6)]),
  joined([[0, 0, 1, 0xb6, 0x50], noise(700, 7)]),
];

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  const starts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => index * size);
  return starts.map((start) => bytes.slice(start, start + size));
}

const CORPORA: Readonly<Record<string, Corpus>> = {
  "H.264": {
    format: videoFormat("h264"),
    pictures: [
      ...H264_PICTURES.map((nals) => h264Fragments(nals, 300)),
      ...H264_PICTURES.map((nals) => h264Aggregates(nals, 300)),
      ...H264_PICTURES.map((nals) => h264Aggregates(nals, 300, true)),
    ],
  },
  "H.265": {
    format: videoFormat("hevc"),
    pictures: [
      ...H265_PICTURES.map((nals) => h265Fragments(nals, 300)),
      ...H265_PICTURES.map((nals) => h265Aggregates(nals, 300)),
    ],
  },
  "H.265 with order numbers": {
    format: videoFormat("hevc", { hasDonl: true }),
    pictures: [
      ...H265_PICTURES.map((nals) => h265Fragments(nals, 300, true)),
      ...H265_PICTURES.map((nals) => h265Aggregates(nals, 300, true)),
    ],
  },
  "JPEG": {
    format: videoFormat("mjpeg", { sizePx: { width: 640, height: 480 } }),
    pictures: [
      jpegPayloads(JPEG, 400),
      jpegPayloads({ ...JPEG, type: 0, q: 200, tables: noise(128, 8), restartInterval: 9 }, 400),
      jpegPayloads({ ...JPEG, q: 255, tables: noise(256, 9), precision: 3 }, 400),
      jpegPayloads({ ...JPEG, q: 200, width: 0 }, 400),
    ],
  },
  "MPEG-4": {
    format: videoFormat("mpeg4"),
    pictures: MPEG4_PICTURES.map((picture) => cut(picture, 300)),
  },
  "AV1": {
    format: videoFormat("av1"),
    pictures: [
      ...AV1_UNITS.map((obus) => av1Payloads(obus, 300)),
      ...AV1_UNITS.map((obus) => av1Payloads(obus, 300, { isCounted: true })),
    ],
  },
};

/** Repeats the pictures, with sequence numbers. */
function* endless({ pictures }: Corpus): Generator<Uint8Array<ArrayBuffer>> {
  let sequence = 0;
  for (let round = 0;; round++) {
    for (const [index, payloads] of pictures.entries()) {
      const timestamp = ((round * pictures.length + index) * 3000) >>> 0;
      for (const packet of picturePackets(payloads, timestamp)) {
        yield packetBytes({ ...packet, sequence: sequence++ & 0xffff });
      }
    }
  }
}

/** Mutates bytes, mostly those of the headers, and the length. */
function mutated(bytes: Uint8Array<ArrayBuffer>, next: () => number): Uint8Array<ArrayBuffer> {
  const copy = next() < 0.1 ? joined([bytes, noise(Math.floor(next() * 200), 1)]) : bytes.slice();
  for (let change = Math.floor(next() * 4); change > 0; change--) {
    const reach = next() < 0.7 ? Math.min(32, copy.length) : copy.length;
    copy[Math.floor(next() * reach)] = Math.floor(next() * 256);
  }
  return next() < 0.1 ? copy.slice(0, Math.floor(next() * copy.length)) : copy;
}

for (const [name, corpus] of Object.entries(CORPORA)) {
  Deno.test(`rtsp: ${PACKETS} mutated packets of ${name} never throw, and memory stays bounded`, () => {
    const seed = fuzzSeed(name.length * 7919);
    const next = seeded(seed);
    let units = 0;
    let corrupt = 0;
    let largest = 0;
    const assembler = new AccessUnitAssembler(corpus.format, {
      maxUnitBytes: MAX_UNIT_BYTES,
      onUnit: (unit) => {
        units++;
        if (unit.isCorrupt) corrupt++;
        largest = Math.max(largest, unit.data.length);
      },
    });
    const receiver = {
      onPacket: (packet: RtpPacket) => assembler.push(packet),
      onGap: () => assembler.gap(),
    };
    const sequencers = [new SequenceChecker(receiver), new ReorderBuffer(receiver)] as const;
    const packet = new RtpPacket();
    const source = endless(corpus);
    for (let count = 0; count < PACKETS; count++) {
      const bytes = mutated(source.next().value ?? new Uint8Array(0), next);
      const sequencer = sequencers[count * 2 < PACKETS ? 0 : 1];
      if (packet.parse(bytes, 0, bytes.length)) sequencer.push(packet, steadyMs(count));
      if (next() < 0.001) assembler.reset();
      if (next() < 0.001) assembler.flush();
      assert.ok(assembler.capacityBytes <= MAX_UNIT_BYTES, `seed ${seed}, packet ${count}`);
    }
    assert.ok(largest <= MAX_UNIT_BYTES);
    assert.deepEqual([assembler.counts.units, assembler.counts.corrupt], [units, corrupt]);
    assert.ok(units > PACKETS / 100, `${units} units: what was sent still makes pictures`);
    assert.ok(corrupt > 0 && corrupt < units, `${corrupt} of ${units} corrupt`);
    reportFuzz(`RTP of ${name}`, PACKETS);
  });

  Deno.test(`rtsp: random payloads of ${name} never throw`, () => {
    const next = seeded(fuzzSeed(name.length));
    const assembly = new Assembly(corpus.format, MAX_UNIT_BYTES);
    for (let count = 0; count < PACKETS / 10; count++) {
      const payload = Uint8Array.from({ length: next() * 60 }, () => next() * 256);
      assembly.push({ payload, timestamp: next() < 0.5 ? 0 : count, marker: next() < 0.3 });
      if (next() < 0.1) assembly.assembler.gap();
      assembly.units.length = 0;
    }
  });

  Deno.test(`rtsp: each picture of ${name} is counted once, whatever its marker bits`, () => {
    const sent = corpus.pictures.flatMap((payloads, index) =>
      picturePackets(payloads, index * 3000)
    );
    const marks: Readonly<Record<string, (packet: SentPacket) => SentPacket>> = {
      "right": (packet) => packet,
      "never": (packet) => ({ ...packet, marker: false }),
      "always": (packet) => ({ ...packet, marker: true }),
    };
    for (const [how, mark] of Object.entries(marks)) {
      const assembly = new Assembly(corpus.format).push(...sent.map(mark));
      assert.equal(assembly.end().length, corpus.pictures.length, how);
      if (how !== "always") assert.equal(assembly.assembler.counts.corrupt, 0, how);
    }
  });
}
