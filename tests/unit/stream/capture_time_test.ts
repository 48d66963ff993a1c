import assert from "node:assert/strict";
import { plusMs, sinceMs, wallMs } from "../../../src/core/clock.ts";
import { CaptureTime } from "../../../src/stream/capture_time.ts";

Deno.test("capture time: is the camera's clock when known, else the arrival time", () => {
  const time = new CaptureTime();
  assert.deepEqual(time.of(wallMs(1000), null), { capturedAtMs: 1000, clock: "arrival" });
  assert.deepEqual(time.of(wallMs(1100), wallMs(1050)), { capturedAtMs: 1050, clock: "rtcp" });
});

Deno.test("capture time: ignores a camera clock that was never set", () => {
  const arrivedAt = wallMs(1_795_345_361_640);
  const byArrival = { capturedAtMs: arrivedAt, clock: "arrival" };
  assert.deepEqual(new CaptureTime().of(arrivedAt, wallMs(12_000)), byArrival);
  assert.deepEqual(new CaptureTime().of(arrivedAt, plusMs(arrivedAt, 60_001)), byArrival);
  assert.equal(new CaptureTime().of(arrivedAt, plusMs(arrivedAt, -60_000)).clock, "rtcp");
});

Deno.test("capture time: does not step back when the camera's clock becomes known", () => {
  const time = new CaptureTime();
  assert.equal(time.inOrder(wallMs(10_000)), 10_000);
  assert.equal(time.inOrder(wallMs(9_900)), 10_000);
  assert.equal(time.inOrder(wallMs(10_060)), 10_060);
});

Deno.test("capture time: packets in decoding order keep their own times", () => {
  const time = new CaptureTime();
  const packets = [1000, 1120, 1080, 1040]
    .map((cameraMs) => time.of(wallMs(1200), wallMs(cameraMs)).capturedAtMs);
  const shown = packets.toSorted((a, b) => sinceMs(b, a));
  assert.deepEqual(shown.map((at) => time.inOrder(at)), [1000, 1040, 1080, 1120]);
});

Deno.test("capture time: follows a wall clock that is set back", () => {
  const time = new CaptureTime();
  time.inOrder(wallMs(1_000_000));
  assert.equal(time.inOrder(wallMs(500_000)), 500_000);
});
