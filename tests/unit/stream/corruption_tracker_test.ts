import assert from "node:assert/strict";
import fc from "fast-check";
import { noUndecoded } from "../../../src/core/accounts.ts";
import { CameraLedger } from "../../../src/framebus/ledger.ts";
import { steadyMs, wallMs } from "../../../src/core/clock.ts";
import { CorruptionTracker, type PacketInfo } from "../../../src/stream/corruption_tracker.ts";

function stream(skipsNonRef = false) {
  const ledger = new CameraLedger();
  const tracker = new CorruptionTracker({ ledger, skipsNonRef });
  const send = (pts: bigint | null, isKey = false): PacketInfo => {
    const packet = {
      pts,
      isKey,
      arrivedAtMs: steadyMs(0),
      capturedAtMs: wallMs(0),
      clock: "arrival" as const,
    };
    ledger.arrive();
    if (isKey && ledger.arrived === 1) tracker.restart(packet, false);
    tracker.sent(packet);
    return packet;
  };
  /** Counts an intact frame as decoded; the tracker counts the others. */
  const receive = (pts: bigint | null, isDamaged = false) => {
    const packet = tracker.received({ pts, isDamaged });
    if (packet !== null) ledger.decoded();
    return packet;
  };
  const account = () => ledger.account([]);
  return { ledger, tracker, send, receive, account };
}

Deno.test("corruption tracker: a frame is matched with its packet, also out of order", () => {
  const { ledger, send, receive } = stream();
  const key = send(0n, true);
  const p = send(3n);
  const b = send(1n);
  assert.equal(receive(0n), key);
  assert.equal(receive(1n), b);
  assert.equal(ledger.pending, 1);
  assert.equal(receive(3n), p);
  assert.equal(ledger.pending, 0);
});

Deno.test("corruption tracker: from a damaged frame on every frame is corrupt until an intact keyframe", () => {
  const { send, receive, account } = stream();
  send(0n, true);
  assert.ok(receive(0n));
  send(1n);
  assert.equal(receive(1n, true), null);
  send(2n);
  assert.equal(receive(2n), null, "has no flag, but refers to the damaged one");
  send(3n, true);
  assert.ok(receive(3n));
  send(4n);
  assert.ok(receive(4n));
  assert.equal(account().corrupt, 2);
  assert.equal(account().decoded, 3);
});

Deno.test("corruption tracker: a damaged keyframe does not end the corruption", () => {
  const { send, receive } = stream();
  send(0n, true);
  assert.equal(receive(0n, true), null);
  send(1n);
  assert.equal(receive(1n), null);
});

Deno.test("corruption tracker: a packet that the decoder rejects is corrupt, and so are the frames that follow", () => {
  const { ledger, tracker, send, receive, account } = stream();
  const key = send(0n, true);
  assert.ok(receive(0n));
  ledger.arrive();
  tracker.rejected({ ...key, pts: 1n });
  send(2n);
  assert.equal(receive(2n), null);
  assert.equal(account().corrupt, 2);
});

Deno.test("corruption tracker: frames that precede the keyframe that decoding started with are corrupt", () => {
  const { send, receive, account } = stream();
  send(10n, true);
  send(8n);
  assert.equal(receive(8n), null, "refers to packets that were never decoded");
  assert.ok(receive(10n));
  assert.equal(account().corrupt, 1);
});

Deno.test("corruption tracker: a packet whose frame never comes is settled when none can be that late", () => {
  const { ledger, send, receive, account } = stream();
  send(0n, true);
  assert.ok(receive(0n));
  send(1n);
  for (let pts = 2n; pts <= 17n; pts++) {
    send(pts);
    assert.ok(receive(pts));
  }
  assert.equal(ledger.pending, 1, "a frame may be reordered by 16 packets");
  send(18n);
  assert.ok(receive(18n));
  assert.equal(ledger.pending, 0);
  assert.equal(account().corrupt, 1);
});

Deno.test("corruption tracker: B-frames that are stamped in decoding order are all intact", () => {
  const { tracker, send, receive, account } = stream();
  send(0n, true);
  for (const pts of [1n, 2n, 3n]) send(pts);
  for (const pts of [0n, 2n, 3n, 1n]) assert.equal(receive(pts)?.pts, pts);
  tracker.settle();
  assert.equal(account().corrupt, 0);
});

Deno.test("corruption tracker: a frame that the decoder skips on purpose is undecoded, not corrupt", () => {
  const { send, receive, account } = stream(true);
  send(0n, true);
  send(1n);
  send(2n);
  assert.ok(receive(0n));
  assert.ok(receive(2n));
  assert.equal(account().corrupt, 0);
  assert.equal(account().undecoded.nonref, 1);
});

Deno.test("corruption tracker: a decoder without output has no more packets pending than the limit", () => {
  const { ledger, send } = stream();
  for (let i = 0; i < 500; i++) send(BigInt(i), i === 0);
  assert.equal(ledger.pending, 64);
  assert.equal(ledger.received, 436);
});

Deno.test("corruption tracker: whatever the decoder outputs, every packet is settled exactly once", () => {
  const frame = fc.record({ pts: fc.integer({ min: -5, max: 60 }), isDamaged: fc.boolean() });
  const packet = fc.record({ pts: fc.option(fc.nat(50)), isKey: fc.boolean() });
  fc.assert(fc.property(
    fc.array(fc.oneof(frame, packet), { maxLength: 150 }),
    (events) => {
      const { ledger, tracker, send, receive } = stream();
      for (const event of events) {
        if ("isKey" in event) send(event.pts === null ? null : BigInt(event.pts), event.isKey);
        else receive(BigInt(event.pts), event.isDamaged);
        assert.ok(ledger.pending >= 0);
      }
      tracker.settle();
      assert.equal(ledger.pending, 0);
      assert.equal(ledger.received, ledger.arrived);
    },
  ));
});

/** Sends packets and receives their frames one after the other. */
function play({ send, receive }: ReturnType<typeof stream>, from: bigint, to: bigint): void {
  for (let pts = from; pts < to; pts++) {
    send(pts, pts === 0n);
    assert.ok(receive(pts), `${pts}`);
  }
}

Deno.test("corruption tracker: a packet without a frame does not make the next one corrupt", () => {
  const lossless = stream();
  play(lossless, 0n, 5n);
  lossless.send(5n);
  lossless.send(6n);
  assert.ok(lossless.receive(6n));
  lossless.tracker.settle();
  assert.equal(lossless.account().corrupt, 1);
});

Deno.test("corruption tracker: a settled frame that is decoded once more is not counted again", () => {
  const { tracker, send, receive, account } = stream();
  const key = send(0n, true);
  assert.ok(receive(0n));
  const again = { ...key, frameState: "settled" as const };
  tracker.restart(again, true);
  tracker.sent(again);
  tracker.sent({ ...again, pts: 1n, isKey: false });
  assert.equal(receive(0n), null);
  tracker.rejected({ ...again, pts: 2n, isKey: false });
  tracker.settle();
  assert.equal(account().received, 1);
});

Deno.test("corruption tracker: a buffered frame is settled once", () => {
  const { ledger, tracker, send, receive, account } = stream();
  const key = send(0n, true);
  assert.ok(receive(0n));
  for (let count = 0; count < 3; count++) {
    ledger.arrive();
    ledger.buffered();
  }
  assert.deepEqual([account().received, account().undecoded.buffered], [4, 3]);
  const late = (pts: bigint) => ({ ...key, pts, isKey: false, frameState: "buffered" as const });
  tracker.sent(late(1n));
  assert.equal(tracker.received({ pts: 1n, isDamaged: false })?.frameState, "buffered");
  ledger.decoded("buffered");
  tracker.sent(late(2n));
  tracker.rejected(late(3n));
  tracker.settle();
  assert.deepEqual(account(), {
    ...account(),
    received: 4,
    decoded: 2,
    corrupt: 2,
    undecoded: noUndecoded(),
  });
});
