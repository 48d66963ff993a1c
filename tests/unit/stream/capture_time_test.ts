import assert from "node:assert/strict";
import { CaptureTime } from "../../../src/stream/capture_time.ts";

Deno.test("capture time: the camera's clock is taken when there is one, else the arrival", () => {
  const time = new CaptureTime();
  assert.deepEqual(time.of(1000, null), { capturedAtMs: 1000, clock: "arrival" });
  assert.deepEqual(time.of(1100, 1050), { capturedAtMs: 1050, clock: "rtcp" });
});

Deno.test("capture time: a camera whose clock was never set is not believed", () => {
  assert.deepEqual(new CaptureTime().of(1_795_345_361_640, 12_000), {
    capturedAtMs: 1_795_345_361_640,
    clock: "arrival",
  });
});

Deno.test("capture time: it does not go back when the camera's clock becomes known", () => {
  const time = new CaptureTime();
  time.of(10_000, null);
  assert.equal(time.of(10_040, 9_900).capturedAtMs, 10_000);
  assert.equal(time.of(10_200, 10_060).capturedAtMs, 10_060);
});

Deno.test("capture time: a wall clock that is put back is followed", () => {
  const time = new CaptureTime();
  time.of(1_000_000, null);
  assert.equal(time.of(500_000, null).capturedAtMs, 500_000);
});
