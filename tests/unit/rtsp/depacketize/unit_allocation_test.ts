import assert from "node:assert/strict";
import { AccessUnitAssembler } from "../../../../src/rtsp/depacketize/access_unit_assembler.ts";
import { RtpPacket } from "../../../../src/rtsp/rtp/packet.ts";
import { videoFormat } from "../../../support/cameras/rtp/assembly.ts";
import { h264Fragments } from "../../../support/cameras/rtp/h26x.ts";
import { h264Slice } from "../../../support/cameras/rtp/nals.ts";
import { joined, packetBytes } from "../../../support/cameras/rtp/packets.ts";

const FORMAT = videoFormat("h264");

Deno.test("rtsp: packets are assembled without an allocation per packet", () => {
  const payloads = h264Fragments([h264Slice({ bytes: 140_000 })], 1400);
  const sent = payloads.map((payload, index) => {
    const marker = index === payloads.length - 1;
    return packetBytes({ payload, timestamp: 0xfffffff0, marker, sequence: index });
  });
  // As in a connection's read buffer.
  const received = joined(sent);
  const starts = sent.map((_, index) => joined(sent.slice(0, index)).length);
  let units = 0;
  const options = { maxUnitBytes: 1 << 20, onUnit: () => units++ };
  const assembler = new AccessUnitAssembler(FORMAT, options);
  const packet = new RtpPacket();
  const round = () => {
    for (let at = 0; at < sent.length; at++) {
      const start = starts[at] ?? 0;
      if (packet.parse(received, start, sent[at]?.length ?? 0)) assembler.push(packet);
      assembler.endBatch();
    }
  };
  const growth = (rounds: number) => {
    const before = Deno.memoryUsage().heapUsed;
    for (let times = 0; times < rounds; times++) round();
    return Deno.memoryUsage().heapUsed - before;
  };
  for (let times = 0; times < 1000; times++) round();
  // 100,000 packets. Samples that shrink include a garbage collection, and are ignored.
  const samples = Array.from({ length: 40 }, () => growth(25) - Math.abs(growth(0)));
  const grown = samples.filter((bytes) => bytes >= 0).toSorted((a, b) => a - b);
  const median = (grown[grown.length >> 1] ?? 0) / (25 * sent.length);
  assert.equal(units, 2000);
  assert.ok(median < 8, `${median} bytes a packet in ${samples.join(" ")}`);
});
