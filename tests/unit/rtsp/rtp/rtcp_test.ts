import assert from "node:assert/strict";
import { steadyMs } from "../../../../src/core/clock.ts";
import { RtpPacket } from "../../../../src/rtsp/rtp/packet.ts";
import { ReceptionStats } from "../../../../src/rtsp/rtp/reception_stats.ts";
import {
  MAX_RECEIVER_REPORT_BYTES,
  ntpWallMs,
  RtcpReader,
  type SenderReport,
  writeReceiverReport,
} from "../../../../src/rtsp/rtp/rtcp.ts";
import { joined, packetBytes, seeded } from "../../../support/cameras/rtp/packets.ts";

const NTP_OFFSET = 2_208_988_800;
const WALL_MS = Date.UTC(2031, 4, 6, 7, 8, 9, 500);

function words(...values: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => view.setUint32(index * 4, value));
  return bytes;
}

function senderReport(seconds: number, fraction: number): Uint8Array<ArrayBuffer> {
  return words(0x80c80006, 0xfeedbeef, seconds, fraction, 0xfffffff0, 10, 2000);
}

const SECONDS = WALL_MS / 1000 + NTP_OFFSET - 0.5;
const REPORT = senderReport(SECONDS, 2 ** 31);
const NAME = words(0x81ca0003, 0xfeedbeef, 0x01056361, 0x6d657261);

/** The reports and BYEs in the bytes. */
function read(bytes: Uint8Array) {
  const reports: SenderReport[] = [];
  const byes: { readonly sources: readonly number[]; readonly reason: string }[] = [];
  const isRtcp = new RtcpReader().read(bytes, 0, bytes.length, {
    onSenderReport: (report) => reports.push({ ...report }),
    onBye: (sources, reason) => byes.push({ sources, reason }),
  });
  return { isRtcp, reports, byes };
}

Deno.test("rtsp: a sender report has the sender's wall clock and RTP clock", () => {
  const { isRtcp, reports } = read(joined([REPORT, NAME]));
  assert.equal(isRtcp, true);
  assert.deepEqual(reports, [{
    ssrc: 0xfeedbeef,
    wallMs: WALL_MS,
    ntpMiddle: ((SECONDS & 0xffff) << 16 | 0x8000) >>> 0,
    rtpTimestamp: 0xfffffff0,
  }]);
});

Deno.test("rtsp: NTP wraps in 2036, and 0 is no time", () => {
  assert.equal(ntpWallMs(0, 0), null);
  assert.equal(ntpWallMs(0xffffffff, 0), Date.UTC(2036, 1, 7, 6, 28, 15));
  assert.equal(ntpWallMs(0, 2 ** 31), Date.UTC(2036, 1, 7, 6, 28, 16, 500));
  assert.equal(ntpWallMs(NTP_OFFSET, 0), 0);
  assert.equal(read(senderReport(0, 0)).reports[0]?.wallMs, null);
});

Deno.test("rtsp: a BYE has sources and an optional reason", () => {
  const reason = joined([words(0x82cb0004, 1, 0xffffffff), [
    4,
    ...new TextEncoder().encode("done"),
  ]]);
  const bytes = joined([REPORT, reason, [0, 0, 0]]);
  assert.deepEqual(read(bytes).byes, [{ sources: [1, 0xffffffff], reason: "done" }]);
  assert.deepEqual(read(words(0x81cb0001, 7)).byes, [{ sources: [7], reason: "" }]);
  assert.deepEqual(read(words(0x80cb0000)).byes, [{ sources: [], reason: "" }]);
});

Deno.test("rtsp: unknown, single or truncated RTCP packets are parsed as far as possible", () => {
  const unknown = words(0x80cc0002, 1, 0x41424344);
  assert.equal(read(joined([REPORT, unknown, words(0x81cb0001, 7)])).byes.length, 1);
  assert.equal(read(joined([unknown, REPORT])).reports.length, 1, "not beginning with a report");
  assert.equal(read(REPORT.subarray(0, 20)).reports.length, 1, "without its counts");
  assert.equal(read(REPORT.subarray(0, 19)).reports.length, 0);
  assert.deepEqual(read(words(0x83cb0003, 7)).byes[0]?.sources, [7], "two sources missing");
  assert.equal(read(new Uint8Array(0)).isRtcp, false);
  assert.equal(read(Uint8Array.of(0x80, 96, 0, 0, 0, 0)).isRtcp, false, "RTP");
  const next = seeded(5);
  for (let times = 0; times < 5000; times++) {
    const bytes = joined([REPORT, NAME, words(0x81cb0001, 7)]);
    for (let at = 0; at < 4; at++) bytes[Math.floor(next() * bytes.length)] = next() * 256;
    read(bytes.subarray(0, Math.floor(next() * (bytes.length + 1))));
  }
});

Deno.test("rtsp: a receiver report is written with a CNAME", () => {
  const into = new Uint8Array(MAX_RECEIVER_REPORT_BYTES).fill(0xee);
  const length = writeReceiverReport(into, {
    ssrc: 0xdeadbeef,
    source: 0xfeedbeef,
    fractionLost: 255,
    cumulativeLost: -3,
    highestSequence: 0x1fffe,
    jitter: 77,
    lastSr: 0xffff8000,
    delaySinceLastSr: 65536,
  });
  const expected = joined([
    words(0x81c90007, 0xdeadbeef, 0xfeedbeef, 0xfffffffd, 0x1fffe, 77, 0xffff8000, 65536),
    words(0x81ca0006, 0xdeadbeef),
    [1, 14, ...new TextEncoder().encode("orion-deadbeef"), 0, 0, 0, 0],
  ]);
  assert.deepEqual(into.slice(0, length), expected);
  assert.equal(into[length], 0xee);
});

/** Counts packets of the given sequence numbers, 20 ms and 1800 ticks apart. */
function counted(sequences: readonly number[], stats = new ReceptionStats(90000)): ReceptionStats {
  const packet = new RtpPacket();
  sequences.forEach((sequence, index) => {
    const timestamp = (0xffff0000 + index * 1800) >>> 0;
    const bytes = packetBytes({
      payload: new Uint8Array(0),
      marker: false,
      timestamp,
      sequence: sequence & 0xffff,
    });
    assert.ok(packet.parse(bytes, 0, bytes.length));
    stats.packet(packet, steadyMs(1_700_000_000_000 + index * 20));
  });
  return stats;
}

function run(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}

const NOW = steadyMs(1_700_000_100_000);
const SOURCES = { ssrc: 1, source: 2 };

Deno.test("rtsp: lost packets are counted, and the fraction is that since the previous report", () => {
  const stats = counted([...run(65530, 10), ...run(65545, 10)]);
  const first = stats.report(SOURCES, NOW);
  assert.equal(first.cumulativeLost, 5);
  assert.equal(first.fractionLost, Math.floor(5 * 256 / 25));
  assert.equal(first.highestSequence, 65554, "with one wrap");
  assert.equal(first.jitter, 0, "evenly spaced");
  counted(run(65555, 10), stats);
  const second = stats.report(SOURCES, NOW);
  assert.deepEqual([second.cumulativeLost, second.fractionLost], [5, 0]);
  counted([65564, 65564], stats);
  assert.equal(stats.lost, 3, "two came twice");
  assert.equal(stats.report(SOURCES, NOW).fractionLost, 0);
});

Deno.test("rtsp: reordered packets are not lost", () => {
  assert.equal(counted([65534, 2, 65535, 0, 1, 3]).lost, 0);
});

Deno.test("rtsp: a single stray number is ignored, two consecutive ones restart the counts", () => {
  const stray = counted([...run(100, 10), 30000, ...run(110, 10)]);
  assert.equal(stray.lost, 0);
  assert.equal(stray.received, 20);
  const again = counted([...run(100, 10), ...run(30000, 10)]);
  assert.equal(again.lost, 0);
  assert.equal(again.highestSequence, 30009);
});

Deno.test("rtsp: jitter is the mean deviation of the interarrival times", () => {
  const stats = new ReceptionStats(90000);
  const packet = new RtpPacket();
  let expected = 0;
  let before = 0;
  for (let index = 0; index < 200; index++) {
    const late = index % 3;
    const bytes = packetBytes({
      payload: new Uint8Array(0),
      marker: false,
      timestamp: index * 900,
      sequence: index,
    });
    assert.ok(packet.parse(bytes, 0, bytes.length));
    stats.packet(packet, steadyMs(index * 10 + late));
    if (index > 0) expected += (Math.abs(late - before) * 90 - expected) / 16;
    before = late;
  }
  assert.ok(Math.abs(stats.jitter - expected) < 2, `${stats.jitter}, not ${expected}`);
});

Deno.test("rtsp: a receiver report has LSR and DLSR of the newest sender report", () => {
  const stats = counted(run(1, 3));
  assert.equal(stats.report(SOURCES, NOW).delaySinceLastSr, 0);
  const [report] = read(REPORT).reports;
  assert.ok(report !== undefined);
  stats.senderReport(report, steadyMs(NOW - 1500));
  const answer = stats.report(SOURCES, NOW);
  assert.deepEqual([answer.lastSr, answer.delaySinceLastSr], [report.ntpMiddle, 1.5 * 65536]);
});
