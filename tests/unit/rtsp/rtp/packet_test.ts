import fc from "fast-check";
import assert from "node:assert/strict";
import { RtpPacket, sequenceDelta } from "../../../../src/rtsp/rtp/packet.ts";
import { joined, noise, packetBytes } from "../../../support/cameras/rtp/packets.ts";

const PAYLOAD = noise(40, 1);

function parsed(bytes: Uint8Array<ArrayBuffer>): RtpPacket | null {
  const packet = new RtpPacket();
  return packet.parse(bytes, 0, bytes.length) ? packet : null;
}

Deno.test("rtsp: every field of an RTP packet is parsed, at any offset", () => {
  const uint32 = fc.integer({ min: 0, max: 0xffffffff });
  const optional = fc.record({
    csrc: fc.array(uint32, { maxLength: 15 }),
    padding: fc.integer({ min: 0, max: 255 }),
  });
  const header = fc.record({
    payload: fc.uint8Array({ maxLength: 60 }),
    timestamp: uint32,
    ssrc: uint32,
    sequence: fc.integer({ min: 0, max: 0xffff }),
    payloadType: fc.integer({ min: 0, max: 127 }),
    marker: fc.boolean(),
  });
  const extension = fc.option(fc.array(uint32, { maxLength: 5 }), { nil: undefined });
  fc.assert(fc.property(header, optional, extension, fc.nat(20), (sent, more, words, before) => {
    const extended = words === undefined ? {} : { extension: words };
    const bytes = packetBytes({ ...sent, ...more, ...extended });
    const packet = new RtpPacket();
    const around = joined([noise(before, 2), bytes, noise(9, 3)]);
    assert.ok(packet.parse(around, before, bytes.length));
    assert.deepEqual(around.slice(packet.payloadStart, packet.payloadEnd), sent.payload.slice());
    const { payloadType, marker, sequence, timestamp, ssrc } = packet;
    const { payload: _, ...fields } = sent;
    assert.deepEqual({ payloadType, marker, sequence, timestamp, ssrc }, fields);
    assert.deepEqual([packet.start, packet.end], [before, before + bytes.length]);
  }));
});

Deno.test("rtsp: a malformed or truncated RTP packet is rejected", () => {
  const whole = packetBytes({ payload: PAYLOAD, timestamp: 1, marker: false, extension: [1, 2] });
  const with_ = (at: number, value: number) => {
    const copy = whole.slice();
    copy[at] = value;
    return copy;
  };
  const padded = (count: number) => {
    const bytes = packetBytes({ payload: PAYLOAD, timestamp: 1, marker: false, padding: 1 });
    bytes[bytes.length - 1] = count;
    return bytes;
  };
  const refused: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
    "version 1": with_(0, 0x50),
    "version 3": with_(0, 0xd0),
    "nothing": new Uint8Array(0),
    "half a header": whole.slice(0, 11),
    "fifteen sources that are not there": with_(0, 0x8f).slice(0, 50),
    "half an extension header": whole.slice(0, 14),
    "half an extension": whole.slice(0, 20),
  };
  for (const [what, bytes] of Object.entries(refused)) assert.equal(parsed(bytes), null, what);
  assert.equal(parsed(whole)?.payloadEnd, whole.length);
  assert.equal(parsed(padded(41))?.payloadEnd, 12, "nothing but padding");
  assert.equal(parsed(padded(0))?.payloadEnd, 53, "padding of 0 is none");
  assert.equal(parsed(padded(42))?.payloadEnd, 53, "nor is more of it than there is payload");
  const header = Uint8Array.from([0xa0, 96, ...Array(10).fill(9)]);
  assert.equal(parsed(header)?.payloadEnd, 12, "nor is any without a byte");
  const packet = new RtpPacket();
  assert.equal(packet.parse(whole, 0, whole.length + 1), false, "beyond the buffer");
  assert.equal(packet.parse(whole, -1, 20), false, "before the buffer");
});

Deno.test("rtsp: the distance of sequence numbers is signed and wraps", () => {
  assert.equal(sequenceDelta(5, 9), 4);
  assert.equal(sequenceDelta(9, 5), -4);
  assert.equal(sequenceDelta(0xfffe, 3), 5);
  assert.equal(sequenceDelta(3, 0xfffe), -5);
  assert.equal(sequenceDelta(0, 0x7fff), 32767);
  assert.equal(sequenceDelta(0, 0x8000), -32768);
});
