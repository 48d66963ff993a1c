/** The RTSP connection under mutation: any bytes, split anywhere. */
import assert from "node:assert/strict";
import { OrionError } from "../../src/core/errors.ts";
import type { ByteStream } from "../../src/rtsp/transport/byte_stream.ts";
import { RtspConnection } from "../../src/rtsp/transport/connection.ts";
import { mutated, seededRandom } from "./mutate.ts";
import { FUZZ_RUNS, fuzzSeed, reportFuzz } from "./runs.ts";

const encoder = new TextEncoder();
const ANSWER = encoder.encode(
  "RTSP/1.0 200 OK\r\nCSeq: 2\r\nSession: 7;timeout=60\r\nContent-Length: 4\r\n\r\nbody",
);
const RTP = Uint8Array.of(0x24, 0, 0, 14, 0x80, 96, 0, 1, 0, 0, 0, 9, 0, 0, 0, 5, 0x65, 0x88);
const REPORT = Uint8Array.of(0x24, 1, 0, 8, 0x80, 201, 0, 1, 0, 0, 0, 5);
const REQUEST = encoder.encode("GET_PARAMETER rtsp://cam/ RTSP/1.0\r\nCSeq: 9\r\n\r\n");
const MIXED = Uint8Array.from([...RTP, ...ANSWER, ...REPORT, ...RTP, ...REQUEST, ...RTP]);
const WORDS = ["$", "\r\n\r\n", "RTSP/1.0", "Content-Length: 999999\r\n", "CSeq: 1\r\n"] as const;

/** Plays back bytes in chunks of random sizes. */
function pieces(bytes: Uint8Array, random: (limit: number) => number): ByteStream {
  let at = 0;
  return {
    readsAhead: false,
    fingerprint: null,
    localPort: 1,
    remoteAddress: "127.0.0.1",
    read(into) {
      if (at >= bytes.byteLength) return Promise.resolve(null);
      const part = bytes.subarray(at, at + 1 + random(200));
      into.set(part);
      at += part.byteLength;
      return Promise.resolve(part.byteLength);
    },
    write: () => Promise.resolve(),
    close: () => undefined,
  };
}

Deno.test("rtsp fuzz: a connection throws only typed errors, and always ends", async () => {
  const seed = fuzzSeed(20261125);
  const random = seededRandom(seed);
  let packets = 0;
  for (let run = 0; run < FUZZ_RUNS; run++) {
    const bytes = mutated(random, [MIXED, ANSWER, RTP], WORDS);
    const connection = new RtspConnection(pieces(bytes, random), {
      onPacket: (channel, buffer, start, length) => {
        assert.ok(channel <= 1 && start + length <= buffer.byteLength);
        packets++;
      },
    }, "fuzz");
    if (random(2) === 0) {
      connection.rtpChannels.add(0);
      connection.rtcpChannels.add(1);
    }
    try {
      while (!(await connection.receive()).ended);
    } catch (error) {
      assert.ok(error instanceof OrionError, `seed ${seed}, run ${run}: ${error}`);
    }
  }
  assert.ok(packets > FUZZ_RUNS / 2, "most inputs still hold packets");
  reportFuzz("rtsp connection", FUZZ_RUNS);
});
