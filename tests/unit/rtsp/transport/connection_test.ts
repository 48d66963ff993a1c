/** The RTSP connection as a byte stream of messages, packets and junk, split anywhere. */
import fc from "fast-check";
import assert from "node:assert/strict";
import type { ByteStream } from "../../../../src/rtsp/transport/byte_stream.ts";
import { RtspConnection } from "../../../../src/rtsp/transport/connection.ts";

const encoder = new TextEncoder();

/** A stream that plays back given chunks, and records what is written. */
class PlayedStream implements ByteStream {
  readonly readsAhead = false;
  readonly fingerprint = null;
  readonly localPort = 1;
  readonly remoteAddress = "127.0.0.1";
  written = "";
  readonly #chunks: Uint8Array[];

  constructor(chunks: readonly Uint8Array[]) {
    this.#chunks = [...chunks];
  }

  read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return Promise.resolve(null);
    into.set(chunk);
    return Promise.resolve(chunk.byteLength);
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.written += new TextDecoder().decode(bytes);
    return Promise.resolve();
  }

  close(): void {
    // Nothing is open.
  }
}

function play(chunks: readonly Uint8Array[], canAccept?: () => boolean) {
  const stream = new PlayedStream(chunks);
  const packets: string[] = [];
  const connection = new RtspConnection(stream, {
    onPacket: (channel, bytes, start, length) =>
      packets.push(`${channel}:${bytes.subarray(start, start + length).toHex()}`),
    ...(canAccept === undefined ? {} : { canAccept }),
  }, "test");
  connection.rtpChannels.add(0);
  connection.rtcpChannels.add(1);
  return { stream, connection, packets };
}

async function readAll(connection: RtspConnection): Promise<void> {
  while (!(await connection.receive()).ended);
}

/** An interleaved packet. */
function interleaved(channel: number, ...payload: number[]): Uint8Array {
  return Uint8Array.of(0x24, channel, payload.length >> 8, payload.length & 255, ...payload);
}

function joined(...parts: readonly (string | Uint8Array)[]): Uint8Array {
  const bytes = parts.map((part) => typeof part === "string" ? encoder.encode(part) : part);
  return Uint8Array.from(bytes.flatMap((part) => [...part]));
}

const RTP = [0x80, 96, 0, 1];
const REPORT = [0x80, 200, 0, 0];

Deno.test("rtsp connection: packets, responses and blank lines arrive in any order", async () => {
  const answer = "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n";
  const { connection, packets } = play([
    joined(interleaved(0, ...RTP), answer, "\r\n", interleaved(1, ...REPORT)),
  ]);
  const response = await connection.call({ method: "OPTIONS", uri: "rtsp://cam/", headers: [] });
  assert.equal(response.status, 200);
  assert.deepEqual(packets, ["0:80600001", "1:80c80000"]);
  assert.equal(connection.junkBytes, 0);
});

Deno.test("rtsp connection: junk is skipped up to the next packet", async () => {
  const junk = ["\r\nJUNK\r\n", "$", "JU$NK", Uint8Array.of(0x24, 0, 0, 4, 1, 2, 3, 4)];
  for (const piece of junk) {
    const { connection, packets } = play([
      joined(interleaved(0, ...RTP), piece, interleaved(0, ...RTP, 7)),
    ]);
    await readAll(connection);
    assert.deepEqual(packets, ["0:80600001", "0:8060000107"], String(piece));
    assert.ok(connection.junkBytes > 0);
  }
});

Deno.test("rtsp connection: packets of channels that were not set up are skipped", async () => {
  const stray = interleaved(9, ...RTP, 0x24, 0, 0, 1, 0x80);
  const { connection, packets } = play([joined(stray, interleaved(0, ...RTP))]);
  await readAll(connection);
  assert.deepEqual(packets, ["0:80600001"]);
  assert.equal(connection.strayPackets, 1);
});

Deno.test("rtsp connection: packets that the caller cannot accept are delivered by the next receive, without reading", async () => {
  const packet = interleaved(0, ...RTP);
  let room = 2;
  const chunks = [joined(packet, packet, packet, packet, packet), packet];
  const { connection, packets } = play(chunks, () => packets.length < room);
  assert.deepEqual(await connection.receive(), {
    ended: false,
    mayHaveMore: true,
    hasBuffered: true,
  });
  assert.equal(packets.length, 2);
  room = 4;
  assert.equal((await connection.receive()).hasBuffered, true);
  assert.equal(packets.length, 4);
  room = 6;
  assert.deepEqual(await connection.receive(), {
    ended: false,
    mayHaveMore: false,
    hasBuffered: false,
  });
  assert.equal(packets.length, 5, "what the first read brought");
  await readAll(connection);
  assert.equal(packets.length, 6);
});

Deno.test("rtsp connection: a camera's own requests are answered", async () => {
  const ask = (method: string) => `${method} * RTSP/1.0\r\nCSeq: 7\r\n\r\n`;
  const { connection, stream } = play([joined(ask("GET_PARAMETER"), ask("REDIRECT"))]);
  await readAll(connection);
  assert.match(stream.written, /RTSP\/1.0 200 OK\r\nCSeq: 7\r\n/);
  assert.match(stream.written, /RTSP\/1.0 501 Not Implemented\r\nCSeq: 7\r\n/);
});

Deno.test("rtsp connection: a response without CSeq is that of the oldest request", async () => {
  const { connection } = play([joined("RTSP/1.0 404 Not Found\r\n\r\n")]);
  const response = await connection.call({ method: "DESCRIBE", uri: "rtsp://cam/", headers: [] });
  assert.equal(response.status, 404);
});

Deno.test("rtsp connection: an invalid or endless response throws STREAM_INVALID", async () => {
  const endless = Array.from(
    { length: 64 },
    () => joined("RTSP/1.0 200 OK\r\n", "x: y\r\n".repeat(8000)),
  );
  for (const chunks of [endless, [joined("RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n")]]) {
    const { connection } = play(chunks);
    connection.rtpChannels.clear();
    const call = connection.call({ method: "DESCRIBE", uri: "rtsp://cam/", headers: [] });
    await assert.rejects(call, { code: "STREAM_INVALID" });
  }
});

Deno.test("rtsp connection: reads may split the bytes anywhere", async () => {
  const piece = fc.oneof(
    fc.record({
      channel: fc.constantFrom(0, 1),
      payload: fc.uint8Array({ maxLength: 40 }),
    }).map(({ channel, payload }) => interleaved(channel, 0x80, ...payload)),
    fc.constant(joined("RTSP/1.0 200 OK\r\nCSeq: 3\r\nContent-Length: 5\r\n\r\n$\0\0\x01x")),
  );
  await fc.assert(fc.asyncProperty(
    fc.array(piece, { minLength: 1, maxLength: 12 }),
    fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }),
    async (pieces, sizes) => {
      const whole = joined(...pieces);
      const expected = pieces.filter((bytes) => bytes[0] === 0x24)
        .map((bytes) => `${bytes[1]}:${bytes.subarray(4).toHex()}`);
      const chunks: Uint8Array[] = [];
      let at = 0;
      while (at < whole.byteLength) {
        const size = sizes[chunks.length % sizes.length] ?? 1;
        chunks.push(whole.subarray(at, at + size));
        at += size;
      }
      const { connection, packets } = play(chunks);
      await readAll(connection);
      assert.deepEqual(packets, expected);
      assert.equal(connection.junkBytes, 0);
    },
  ));
});
