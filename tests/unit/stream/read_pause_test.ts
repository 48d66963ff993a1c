import assert from "node:assert/strict";
import { type Prospect, ReadPause } from "../../../src/stream/read_pause.ts";

const FRAME_MS = 40;
const IDLE: Prospect = {
  frameMs: FRAME_MS,
  wanted: true,
  pictureWanted: false,
  nextInMs: 38,
  dueInMs: 1000,
  keyInMs: null,
  largeInMs: Infinity,
};

function settled(bytes = 1000, decodeMs = 2, isKey = false): ReadPause {
  const pause = new ReadPause();
  for (let packet = 0; packet < 100; packet++) {
    pause.packet(bytes, isKey);
    pause.decoded(decodeMs);
  }
  return pause;
}

Deno.test("read pause: a new connection is read without one", () => {
  const pause = new ReadPause();
  assert.equal(pause.waitMs(IDLE), 0);
  for (let packet = 0; packet < 32; packet++) pause.packet(1000, packet === 0);
  assert.ok(pause.waitMs(IDLE) > 0);
});

Deno.test("read pause: it is bounded, however long nobody is due", () => {
  assert.equal(settled().waitMs(IDLE), 400);
  assert.equal(settled().waitMs({ ...IDLE, wanted: false, dueInMs: Infinity }), 400);
});

Deno.test("read pause: it ends before the frame that will be taken, and before what leads to it", () => {
  const wait = (dueInMs: number, decodeMs: number) =>
    settled(1000, decodeMs).waitMs({ ...IDLE, dueInMs });
  for (const decodeMs of [6, 10]) {
    for (let dueInMs = 0; dueInMs <= 400; dueInMs++) {
      const waitMs = wait(dueInMs, decodeMs);
      if (waitMs === 0) continue;
      const workMs = waitMs / FRAME_MS * decodeMs;
      assert.ok(waitMs + workMs <= dueInMs - FRAME_MS / 2, `${waitMs} of ${dueInMs}`);
    }
  }
  assert.ok(wait(200, 6) >= 3 * FRAME_MS, "at 5 Hz of 25 it is worth while");
  assert.equal(wait(100, 6), 0, "for a single packet it is not");
});

Deno.test("read pause: what hardly delays the frame that will be taken is read together with it", () => {
  const wait = (dueInMs: number, decodeMs: number, nextInMs = 38) =>
    settled(1000, decodeMs).waitMs({ ...IDLE, dueInMs, nextInMs });
  // Frames are expected in 38, 78, 118 ms: the nearest to the due time, and a little more.
  assert.equal(wait(98, 1), 79);
  assert.equal(wait(118, 1), 119);
  assert.equal(wait(60, 1), 0, "the very next one is waited for");
  assert.equal(wait(98, 6), 0, "decoding the one before would take too long");
  assert.equal(wait(98, 1, -3), 0, "a frame is overdue");
  for (const decodeMs of [0.5, 1, 2, 4, 8, 16]) {
    for (let dueInMs = 0; dueInMs <= 390; dueInMs++) {
      const waitMs = wait(dueInMs, decodeMs);
      const before = Math.max(0, Math.floor((waitMs - 38) / FRAME_MS));
      if (waitMs === 0 || waitMs < dueInMs - 0.62 * FRAME_MS) continue;
      assert.ok(before * decodeMs <= 5, `${before} of ${decodeMs} ms`);
      assert.ok(Math.abs(waitMs - 1 - dueInMs) <= 0.6 * FRAME_MS + 1e-6, `${waitMs} of ${dueInMs}`);
    }
  }
});

Deno.test("read pause: now and then the frame itself is waited for", () => {
  const pause = settled(1000, 1);
  const waits = Array.from({ length: 32 }, () => pause.waitMs({ ...IDLE, dueInMs: 118 }));
  assert.equal(waits.filter((waitMs) => waitMs === 119).length, 28);
  assert.ok(waits.every((waitMs) => waitMs === 119 || waitMs <= 118 - FRAME_MS / 2));
});

Deno.test("read pause: it ends with the keyframe that decoding goes on with", () => {
  const wait = (keyInMs: number) => settled().waitMs({ ...IDLE, keyInMs });
  assert.equal(wait(1000), 400);
  assert.equal(wait(166), 140);
  assert.equal(wait(60), 0);
  assert.equal(wait(-300), 0, "one that is overdue may come at any time");
});

Deno.test("read pause: there is none while somebody waits for a picture or a frame", () => {
  assert.equal(settled().waitMs({ ...IDLE, pictureWanted: true }), 0);
  assert.equal(settled().waitMs({ ...IDLE, dueInMs: 0 }), 0);
});

Deno.test("read pause: no more gathers than a small socket holds", () => {
  const gathered = (bytes: number) => settled(bytes).waitMs(IDLE) / FRAME_MS * bytes;
  for (const bytes of [100, 1000, 9000, 12_000, 16_000, 24_000]) {
    assert.ok(gathered(bytes) <= 48 * 1024 + 1, `${bytes} bytes a packet`);
  }
  assert.equal(gathered(50_000), 0);
});

Deno.test("read pause: it ends when a keyframe comes, which would fill the socket", () => {
  assert.equal(settled().waitMs({ ...IDLE, largeInMs: 123 }), 123);
  assert.equal(settled(1000, 1).waitMs({ ...IDLE, dueInMs: 118, largeInMs: 78 }), 78);
  assert.equal(settled(1000, 1).waitMs({ ...IDLE, dueInMs: 118, largeInMs: 200 }), 119);
});

Deno.test("read pause: keyframes count as what gathers where nothing else comes", () => {
  const unwanted = { ...IDLE, wanted: false, dueInMs: Infinity };
  assert.equal(settled(50_000, 2, true).waitMs(unwanted), 0);
  assert.equal(settled(1000, 2, true).waitMs(unwanted), 400);
  const mixed = settled();
  mixed.packet(200_000, true);
  assert.equal(mixed.waitMs(unwanted), 400);
});
