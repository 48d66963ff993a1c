import assert from "node:assert/strict";
import { type LogRecord, logTo } from "../../../../src/core/log.ts";
import { FrameWatch, type WatchedCamera } from "../../../../src/service/supervision/frame_watch.ts";
import { HeldClock } from "../../../support/clocks/held_clock.ts";

const STALL_MS = 10_000;

/** One camera that is looked at every second, and what is told of it. */
function watching(change: Partial<WatchedCamera> = {}) {
  const clock = new HeldClock(0);
  const records: LogRecord[] = [];
  const told: (string | null)[] = [];
  const watch = new FrameWatch({
    clock,
    log: logTo((record) => records.push(record)),
    tell: (_camera, reason) => told.push(reason),
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
  /** Looks each second; pictures come all the while, or none. */
  const pass = async (seconds: number, pictures: "pictures" | "none") => {
    for (let second = 0; second < seconds; second++) {
      await clock.pass(1000);
      if (pictures === "pictures") camera.pictureAgoMs = 40;
      else if (camera.pictureAgoMs !== null) camera.pictureAgoMs += 1000;
      watch.inspect([camera]);
    }
  };
  const events = () => records.map(({ event }) => event);
  return { camera, pass, told, records, events };
}

Deno.test("picture watch: a camera that never gave a picture is warned of once, and its pictures end that", async () => {
  const { pass, told, records, events } = watching();
  await pass(11, "none");
  assert.deepEqual(told, []);
  await pass(60, "none");
  assert.deepEqual(told, ["NO_PICTURE"]);
  assert.deepEqual([records[0]?.level, records[0]?.event], ["warning", "camera.picture_missed"]);
  assert.equal(records[0]?.fields["reason"], "NO_PICTURE");
  await pass(60, "pictures");
  assert.deepEqual(told, ["NO_PICTURE", null]);
  assert.deepEqual(events(), ["camera.picture_missed", "camera.picture_resumed"]);
});

Deno.test("picture watch: the stall time counts from the last picture", async () => {
  const { pass, told } = watching();
  await pass(60, "pictures");
  await pass(9, "none");
  assert.deepEqual(told, []);
  await pass(2, "none");
  assert.deepEqual(told, ["NO_PICTURE"]);
});

Deno.test("picture watch: slow detectors have three periods", async () => {
  const { pass, told } = watching({ periodMs: 20_000, reason: "WAITING_FOR_KEYFRAME" });
  await pass(61, "none");
  assert.deepEqual(told, []);
  await pass(1, "none");
  assert.deepEqual(told, ["WAITING_FOR_KEYFRAME"]);
});

Deno.test("picture watch: while none is expected none is missed, and the time begins anew afterwards", async () => {
  const { camera, pass, told, events } = watching();
  await pass(60, "pictures");
  camera.expected = false;
  await pass(600, "none");
  camera.expected = true;
  await pass(11, "none");
  assert.deepEqual(told, []);
  await pass(1, "none");
  assert.deepEqual(told, ["NO_PICTURE"]);
  camera.expected = false;
  await pass(1, "none");
  assert.deepEqual(told, ["NO_PICTURE", null]);
  assert.deepEqual(events(), ["camera.picture_missed"], "its state says what is the matter");
});
