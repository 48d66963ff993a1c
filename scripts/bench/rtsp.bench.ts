/**
 * The cost of RTP: parsing a packet and assembling it into an access unit, for H.264 of 720p in fragments of
 * 1400 bytes, and for packets that need further parsing.
 *
 *     deno task bench scripts/bench/rtsp.bench.ts
 */
import { systemClock } from "../../src/core/clock.ts";
import { AccessUnitAssembler } from "../../src/rtsp/depacketize/access_unit_assembler.ts";
import { ReceptionStats } from "../../src/rtsp/rtp/reception_stats.ts";
import { SequenceChecker } from "../../src/rtsp/rtp/sequence_checker.ts";
import { RtpPacket } from "../../src/rtsp/rtp/packet.ts";
import { videoFormat } from "../../tests/support/cameras/rtp/assembly.ts";
import { h264Aggregates, h264Fragments } from "../../tests/support/cameras/rtp/h26x.ts";
import { H264_PPS, h264Slice, h264Sps } from "../../tests/support/cameras/rtp/nals.ts";
import { joined, packetBytes, picturePackets } from "../../tests/support/cameras/rtp/packets.ts";

const MAX_UNIT_BYTES = 8 * 1024 * 1024;
const PAYLOAD_BYTES = 1400;
/** A second of 720p at 4 Mbit/s: a keyframe, and pictures that refer to it. */
const PICTURES = [
  [h264Sps(), H264_PPS, h264Slice({ isIdr: true, bytes: 120_000 })],
  ...Array.from({ length: 24 }, (_, index) => [h264Slice({ bytes: 15_000 + index * 100 })]),
];

/** Packets as in a connection's read buffer. */
class Received {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #starts: number[] = [];

  constructor(payloads: readonly (readonly Uint8Array[])[]) {
    const packets = payloads.flatMap((of, index) => picturePackets(of, index * 3600))
      .map((packet, sequence) => packetBytes({ ...packet, sequence }));
    let at = 0;
    for (const packet of packets) {
      this.#starts.push(at);
      at += packet.length;
    }
    this.#starts.push(at);
    this.bytes = joined(packets);
  }

  get count(): number {
    return this.#starts.length - 1;
  }

  /** Parses packet `index` into `packet`. */
  parse(packet: RtpPacket, index: number): void {
    const start = this.#starts[index] ?? 0;
    packet.parse(this.bytes, start, (this.#starts[index + 1] ?? 0) - start);
  }
}

const packet = new RtpPacket();
const fragments = new Received(PICTURES.map((nals) => h264Fragments(nals, PAYLOAD_BYTES)));
const aggregates = new Received([
  Array.from(
    { length: 100 },
    (_, index) => h264Slice({ isFirst: index === 0, bytes: 300, seed: index }),
  ),
].map((nals) => h264Aggregates(nals, PAYLOAD_BYTES)));

let at = 0;
Deno.bench({ name: "parse a packet", group: "packet", baseline: true }, () => {
  at = (at + 1) % fragments.count;
  fragments.parse(packet, at);
});

function assemble(received: Received): () => void {
  const options = { maxUnitBytes: MAX_UNIT_BYTES, onUnit: () => {} };
  const assembler = new AccessUnitAssembler(videoFormat("h264"), options);
  const stats = new ReceptionStats(90_000);
  const checker = new SequenceChecker({
    onPacket: (packet) => assembler.push(packet),
    onGap: () => assembler.gap(),
  });
  let next = 0;
  let sequence = 0;
  return () => {
    received.parse(packet, next);
    // Continues the sequence numbers of the previous round.
    packet.sequence = sequence++ & 0xffff;
    stats.packet(packet, systemClock.nowMs());
    checker.push(packet);
    next = (next + 1) % received.count;
  };
}

Deno.bench({ name: "FU-A of 1400 bytes, to units", group: "packet" }, assemble(fragments));
Deno.bench({ name: "STAP-A of four slices, to units", group: "packet" }, assemble(aggregates));
