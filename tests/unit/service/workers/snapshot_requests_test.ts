import assert from "node:assert/strict";
import { SnapshotRequests } from "../../../../src/service/workers/snapshot_requests.ts";
import { HeldClock } from "../../../support/clocks/held_clock.ts";
import { FAULT } from "../../../support/workers/service_parts.ts";

function rig() {
  const clock = new HeldClock();
  const requests = new SnapshotRequests("gate", clock);
  const posted: number[] = [];
  const request = () => requests.request((number) => posted.push(number), () => "stalled");
  return { clock, requests, posted, request };
}

Deno.test("snapshot requests: each gets its own answer, in whatever order they come", async () => {
  const { clock, requests, posted, request } = rig();
  const [first, second] = [request(), request()];
  assert.deepEqual(posted, [0, 1]);
  requests.answer(1, { bytes: new ArrayBuffer(2) });
  requests.answer(0, { bytes: new ArrayBuffer(1) });
  assert.deepEqual([(await first).byteLength, (await second).byteLength], [1, 2]);
  assert.deepEqual(clock.waitsMs, []);
});

Deno.test("snapshot requests: the thread's error is the request's error", async () => {
  const { requests, request } = rig();
  const pending = request();
  requests.answer(0, { error: FAULT });
  await assert.rejects(pending, { code: "FAULT" });
});

Deno.test("snapshot requests: those of a thread that has ended are answered at once", async () => {
  const { clock, requests, request } = rig();
  const pending = [request(), request()].map((each) =>
    assert.rejects(each, { code: "STREAM_NO_PICTURE", message: /its thread has ended/ })
  );
  requests.threadEnded();
  await Promise.all(pending);
  assert.deepEqual(clock.waitsMs, []);
});

Deno.test("snapshot requests: an offline camera is not waited for", async () => {
  const { clock, requests, posted } = rig();
  const asked = requests.request((number) => posted.push(number), () => "offline");
  await assert.rejects(asked, { code: "STREAM_NO_PICTURE", message: /camera "gate": it is off/ });
  assert.deepEqual([posted, clock.waitsMs], [[], []]);
});

Deno.test("snapshot requests: the timeout names camera and state, and a late answer is ignored", async () => {
  const { clock, requests, request } = rig();
  const refused = assert.rejects(request(), {
    code: "STREAM_NO_PICTURE",
    message: /camera "gate".*15 s, its state is stalled/,
  });
  await clock.pass(15_000);
  await refused;
  requests.answer(0, { bytes: new ArrayBuffer(1) });
});
