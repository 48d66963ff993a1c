import assert from "node:assert/strict";
import { type LogRecord, logTo } from "../../../../src/core/log.ts";
import { FrameWatch, type WatchedCamera } from "../../../../src/service/supervision/frame_watch.ts";
import { HeldClock } from "../../../support/clocks/held_clock.ts";

const STALL_MS = 10_000;

/** One camera that is inspected every second, and the changes reported. */
function watching(change: Partial<WatchedCamera> = {}) {
  const clock = new HeldClock(0);
  const records: LogRecord[] = [];
  const reported: (string | null)[] = [];
  const watch = new FrameWatch({
    clock,
    log: logTo((record) => records.push(record)),
    onChange: (_camera, reason) => reported.push(reason),
  });
  const camera = {
    camera: "gate",
    expected: true,
    pictureAgoMs: null as number | null,
    stallTimeoutMs: STALL_MS,
    periodMs: 200,
    reason: "NO_PICTURE" as const,
    ...change,
  };
  /** Inspects each second, with or without frames. */
  const pass = async (seconds: number, frames: "frames" | "none") => {
    for (let second = 0; second < seconds; second++) {
      await clock.pass(1000);
      if (frames === "frames") camera.pictureAgoMs = 40;
      else if (camera.pictureAgoMs !== null) camera.pictureAgoMs += 1000;
      watch.inspect([camera]);
    }
  };
  const events = () => records.map(({ event }) => event);
  return { camera, pass, reported, records, events };
}

Deno.test("frame watch: a camera without frames is reported once, and once more when frames arrive", async () => {
  const { pass, reported, records, events } = watching();
  await pass(11, "none");
  assert.deepEqual(reported, []);
  await pass(60, "none");
  assert.deepEqual(reported, ["NO_PICTURE"]);
  assert.deepEqual([records[0]?.level, records[0]?.event], ["warning", "camera.picture_missed"]);
  assert.equal(records[0]?.fields["reason"], "NO_PICTURE");
  await pass(60, "frames");
  assert.deepEqual(reported, ["NO_PICTURE", null]);
  assert.deepEqual(events(), ["camera.picture_missed", "camera.picture_resumed"]);
});

Deno.test("frame watch: the stall timeout counts from the last frame", async () => {
  const { pass, reported } = watching();
  await pass(60, "frames");
  await pass(9, "none");
  assert.deepEqual(reported, []);
  await pass(2, "none");
  assert.deepEqual(reported, ["NO_PICTURE"]);
});

Deno.test("frame watch: slow detectors have three periods", async () => {
  const { pass, reported } = watching({ periodMs: 20_000, reason: "WAITING_FOR_KEYFRAME" });
  await pass(61, "none");
  assert.deepEqual(reported, []);
  await pass(1, "none");
  assert.deepEqual(reported, ["WAITING_FOR_KEYFRAME"]);
});

Deno.test("frame watch: without a detector no frame is missed, and the timeout starts anew afterwards", async () => {
  const { camera, pass, reported, events } = watching();
  await pass(60, "frames");
  camera.expected = false;
  await pass(600, "none");
  camera.expected = true;
  await pass(11, "none");
  assert.deepEqual(reported, []);
  await pass(1, "none");
  assert.deepEqual(reported, ["NO_PICTURE"]);
  camera.expected = false;
  await pass(1, "none");
  assert.deepEqual(reported, ["NO_PICTURE", null]);
  assert.deepEqual(events(), ["camera.picture_missed"], "its state explains it");
});
