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
  assert.equal(time.inOrder(10_000), 10_000);
  assert.equal(time.inOrder(9_900), 10_000);
  assert.equal(time.inOrder(10_060), 10_060);
});

Deno.test("capture time: packets that come in another order than that of the pictures are left their own", () => {
  const time = new CaptureTime();
  const packets = [1000, 1120, 1080, 1040].map((cameraMs) => time.of(1200, cameraMs).capturedAtMs);
  const shown = packets.toSorted((a, b) => a - b);
  assert.deepEqual(shown.map((atMs) => time.inOrder(atMs)), [1000, 1040, 1080, 1120]);
});

Deno.test("capture time: a wall clock that is put back is followed", () => {
  const time = new CaptureTime();
  time.inOrder(1_000_000);
  assert.equal(time.inOrder(500_000), 500_000);
});
