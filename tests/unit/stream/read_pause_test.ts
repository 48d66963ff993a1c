import assert from "node:assert/strict";
import { type Prospect, ReadPause } from "../../../src/stream/read_pause.ts";

const FRAME_MS = 40;
const IDLE: Prospect = {
  frameMs: FRAME_MS,
  wanted: true,
  pictureWanted: false,
  dueInMs: 1000,
  keyInMs: null,
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

Deno.test("read pause: five times a second at most, however long nobody is due", () => {
  assert.equal(settled().waitMs(IDLE), 200);
  assert.equal(settled().waitMs({ ...IDLE, wanted: false, dueInMs: Infinity }), 200);
});

Deno.test("read pause: it ends before the frame that will be taken, and before what leads to it", () => {
  const wait = (dueInMs: number, decodeMs: number) =>
    settled(1000, decodeMs).waitMs({ ...IDLE, dueInMs });
  for (const decodeMs of [0, 2, 10]) {
    for (let dueInMs = 0; dueInMs <= 400; dueInMs++) {
      const waitMs = wait(dueInMs, decodeMs);
      if (waitMs === 0) continue;
      const workMs = waitMs / FRAME_MS * decodeMs;
      assert.ok(waitMs + workMs <= dueInMs - FRAME_MS / 2, `${waitMs} of ${dueInMs}`);
    }
  }
  assert.ok(wait(200, 2) >= 3 * FRAME_MS, "at 5 Hz of 25 it is worth while");
  assert.equal(wait(100, 2), 0, "for a single packet it is not");
});

Deno.test("read pause: it ends with the keyframe that decoding goes on with", () => {
  const wait = (keyInMs: number) => settled().waitMs({ ...IDLE, keyInMs });
  assert.equal(wait(1000), 200);
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

Deno.test("read pause: keyframes count as what gathers where nothing else comes", () => {
  const unwanted = { ...IDLE, wanted: false, dueInMs: Infinity };
  assert.equal(settled(50_000, 2, true).waitMs(unwanted), 0);
  assert.equal(settled(1000, 2, true).waitMs(unwanted), 200);
  const mixed = settled();
  mixed.packet(200_000, true);
  assert.equal(mixed.waitMs(unwanted), 200);
});
