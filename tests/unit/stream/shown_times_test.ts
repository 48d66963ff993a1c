import assert from "node:assert/strict";
import { steadyMs } from "../../../src/core/clock.ts";
import { ShownTimes } from "../../../src/stream/shown_times.ts";

Deno.test("shown times: without B-frames a frame is presented when it arrived", () => {
  const times = new ShownTimes();
  for (const arrivedAt of [1000, 1043, 1079, 1121]) {
    assert.equal(times.of(arrivedAt - 1000, steadyMs(arrivedAt)), arrivedAt);
  }
});

Deno.test("shown times: B-frames are presented at even intervals, whenever their packets arrived", () => {
  const times = new ShownTimes();
  const shown: number[] = [];
  // I0 P3 B1 B2 P6 B4 B5 …, 40 ms from packet to packet.
  for (let frame = 0; frame < 40; frame++) {
    const order = frame === 0 ? 0 : frame % 3 === 0 ? frame - 2 : frame + 1;
    shown.push(times.of(40 * frame, steadyMs(5000 + 40 * order)));
  }
  const steps = shown.slice(4).map((at, index) => at - (shown[index + 3] ?? 0));
  assert.deepEqual(new Set(steps), new Set([40]));
  assert.equal(shown.at(-1), 5000 + 40 * 40, "as late as the latest of its group");
});
