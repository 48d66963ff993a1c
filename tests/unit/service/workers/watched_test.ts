import assert from "node:assert/strict";
import type { WatchedReport } from "../../../../src/core/camera_types.ts";
import { REPORT_TIMEOUT_MS } from "../../../../src/service/workers/report_requests.ts";
import { observeFleet } from "../../../../src/service/workers/watched.ts";
import { FleetRig } from "../../../support/workers/fleet_rig.ts";
import { captureReport, inferred } from "../../../support/workers/service_parts.ts";

const YAML = `
cameras: [{ id: gate, url: "rtsp://192.0.2.1/s", stallTimeoutSeconds: 7 }]
detectors: [{ id: person, model: "builtin:person", rateHz: 5 }]
`;

/** Observes the fleet while its camera answers with this report. */
async function observe(rig: FleetRig, report: WatchedReport) {
  const observing = observeFleet(rig.fleet);
  const thread = rig.captures.newest();
  const { request } = thread.of("report").at(-1) ?? { request: -1 };
  thread.emit({ kind: "report", request, report });
  return await observing;
}

const offering = (offers: WatchedReport["flow"]["offers"]) =>
  captureReport(10, { flow: { pictureAgoMs: 40, offers } });

Deno.test("watched: findings have the worker itself", async () => {
  using rig = new FleetRig(YAML);
  await rig.start();
  const { workers, captures, flows } = await observe(rig, captureReport(10));
  assert.equal(workers[0]?.worker, rig.fleet.worker("person-0"));
  assert.equal(captures[0]?.worker, rig.fleet.cameras.get("gate"));
  assert.deepEqual(flows, [{ camera: "gate", detector: "person", paused: false, rateHz: 5 }]);
});

Deno.test("watched: a frame is on offer while it is not taken, or taken and not finished", async () => {
  using rig = new FleetRig(YAML);
  await rig.start();
  const untaken = { worker: "person-0", untakenForMs: 900, handed: null };
  assert.deepEqual((await observe(rig, offering([untaken]))).offers, [
    { camera: "gate", worker: "person-0", forMs: 900 },
  ]);
  const handed = { worker: "person-0", untakenForMs: null, handed: { seq: 8, agoMs: 300 } };
  assert.deepEqual((await observe(rig, offering([handed]))).offers, [
    { camera: "gate", worker: "person-0", forMs: 300 },
  ]);
  rig.inferences.newest().emit(inferred(8));
  assert.deepEqual((await observe(rig, offering([handed]))).offers, [], "it is finished");
});

Deno.test("watched: a camera that gives no report is silent, and offers nothing", async () => {
  using rig = new FleetRig(YAML);
  await rig.start();
  await observe(rig, offering([{ worker: "person-0", untakenForMs: 900, handed: null }]));
  const observing = observeFleet(rig.fleet);
  await rig.clock.pass(REPORT_TIMEOUT_MS);
  const { offers, captures, cameras } = await observing;
  assert.deepEqual([offers, cameras], [[], []]);
  assert.equal(captures[0]?.silentSinceMs, rig.clock.nowMs());
});

Deno.test("watched: frames are expected of an online camera with a detector, at its slowest step", async () => {
  using rig = new FleetRig(YAML);
  await rig.start();
  rig.online("gate");
  const common = { camera: "gate", pictureAgoMs: 40, stallTimeoutMs: 7000 };
  assert.deepEqual((await observe(rig, captureReport(10))).cameras, [
    { ...common, expected: true, periodMs: 200, reason: "NO_PICTURE" },
  ]);
  const keyframes = captureReport(10, { decodeLevel: "keyframes" });
  assert.deepEqual((await observe(rig, keyframes)).cameras, [
    { ...common, expected: true, periodMs: 2000, reason: "WAITING_FOR_KEYFRAME" },
  ]);
  const { account } = captureReport(10);
  const paused = account.detectors.map((mailbox) => ({ ...mailbox, paused: true }));
  const idle = captureReport(10, { account: { ...account, detectors: paused } });
  assert.equal((await observe(rig, idle)).cameras[0]?.expected, false);
  const offline = captureReport(10, { state: "offline", reason: "STREAM_TIMEOUT" });
  assert.equal((await observe(rig, offline)).cameras[0]?.expected, false);
});
