/** A worker that fails repeatedly or hangs is parked; the others and the process are not affected. */
import assert from "node:assert/strict";
import { tempFolder } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import type { LogEvent } from "../support/product/process.ts";
import { asReport, assertReportCloses } from "../support/product/report.ts";
import { ScriptedOrion } from "../support/product/scripted.ts";
import { ffmpeg } from "../support/clips/ffmpeg.ts";

const IGNORE = ignoreWithout("libav", "mosquitto", "ffmpeg");
const PERSON = { id: "person", script: "sleep-1", more: "rateHz: 5, cameras: [sound]" };

/** The healthy camera still has inference messages. */
async function soundContinues(run: ScriptedOrion): Promise<void> {
  const topic = "orion/test/inferences/sound/person";
  for (let message = 0; message < 3; message++) {
    const since = run.subscriber.messages.length;
    await run.subscriber.waitFor((received) => received.topic === topic, { since });
  }
}

/** All events so far of a name and a worker. */
function eventsOf(run: ScriptedOrion, name: string, worker: string): LogEvent[] {
  return run.orion.events().filter((each) => each["event"] === name && each["worker"] === worker);
}

/** A clip without keyframes from its second to its sixth second. */
async function sparseClip(path: string): Promise<void> {
  await ffmpeg(
    ..."-f lavfi -i testsrc2=s=320x180:r=25:d=6 -c:v libx264 -preset ultrafast -bf 0".split(" "),
    ..."-g 1000 -sc_threshold 0 -force_key_frames 0,0.5,1,5.5 -pix_fmt yuv420p".split(" "),
    path,
  );
}

const MANY = `
cameras:
  - { id: throw-0, url: "demo:" }
  - { id: native-0, url: "demo:" }
  - { id: dark, url: "file://CLIP", loop: true, decode: keyframes, stallTimeoutSeconds: 1 }
  - { id: sound, url: "demo:" }
watchdog: { intervalSeconds: 1, minTimeoutSeconds: 3, maxRestarts: 1 }`;

Deno.test({
  name:
    "parking: cameras and detectors that crash or hang are parked individually, and the rest continues",
  ignore: IGNORE,
  async fn() {
    using folder = tempFolder();
    const clip = `${folder.path}/sparse.mp4`;
    await sparseClip(clip);
    await using run = await ScriptedOrion.start({
      config: MANY.replace("CLIP", clip),
      detectors: [
        PERSON,
        { id: "hung", script: "hangload-0", more: "cameras: [sound]" },
        { id: "frail", script: "heal-2", more: "rateHz: 5, cameras: [sound]" },
        { id: "eyes", script: "sleep-1", more: "rateHz: 5, cameras: [dark]" },
      ],
      limits: { parkedRetryMs: 1000, modelLoadWaitMs: 1000, modelLoadLimitMs: 2000 },
    });
    const { orion, subscriber } = run;

    await orion.waitFor("detector.load_delayed", ({ worker }) => worker === "hung-0");
    await soundContinues(run);
    await parksAndRestarts(run);
    await resumes(run);
    await parksAfterTwoThreads(run);
    await warnsOfMissingFrames(run);
    await subscriber.waitFor(({ topic, json }) =>
      topic === "orion/test/cameras/throw-0/status" && json?.["reason"] === "CAMERA_PARKED"
    );
    await soundContinues(run);

    orion.signal("SIGTERM");
    assert.equal((await orion.exit(60_000)).code, 0);
  },
});

/** A camera whose worker crashes at each start. */
async function parksAndRestarts({ orion }: ScriptedOrion): Promise<void> {
  const isIts = ({ worker }: LogEvent) => worker === "capture-throw-0";
  const parked = await orion.waitFor("worker.parked", isIts);
  assert.equal(parked["cause"], "INTERNAL");
  const since = orion.stderr.all.length;
  await orion.waitFor("worker.parked", isIts, { since });
  const restarts = orion.events().filter((each) => each["event"] === "worker.restart_scheduled");
  assert.equal(restarts.filter(isIts).length, 1, "its restart limit, and not one more");
}

/** A detector that crashes beyond its restart limit, and works at a later restart. */
async function resumes(run: ScriptedOrion): Promise<void> {
  await run.orion.waitFor("worker.parked", ({ worker }) => worker === "frail-0");
  await run.orion.waitFor("worker.resumed", ({ worker }) => worker === "frail-0");
  await run.further("frail", 1);
  const frail = asReport(await run.status()).workers.find(({ id }) => id === "frail-0");
  assert.deepEqual([frail?.state, frail?.error], ["ready", null]);
}

/** A camera that hangs in native code at each start, and a model that does so while it loads. */
async function parksAfterTwoThreads(run: ScriptedOrion): Promise<void> {
  const { orion } = run;
  for (const name of ["capture-native-0", "hung-0"]) {
    await orion.waitFor(
      "worker.parked",
      ({ worker, message }) => worker === name && /threads hang/.test(`${message}`),
    );
  }
  // Further threads may be slow to end on a loaded machine.
  const four = () =>
    ["capture-native-0", "hung-0"].every((name) =>
      eventsOf(run, "thread.abandoned", name).length === 2
    );
  await orion.waitFor("thread.abandoned", four);
  await soundContinues(run);
  assert.match(await run.metrics(), /^orion_threads_abandoned [4-9]$/m);
  const report = assertReportCloses(await run.status());
  assert.ok(report.threadsAbandoned >= 4);
  const native = report.cameras.find(({ id }) => id === "native-0");
  assert.deepEqual([native?.state, native?.reason], ["offline", "CAMERA_PARKED"]);
  assert.match(native?.error?.remedy ?? "", /tried again when one of them has ended/);
  const hung = report.workers.find(({ id }) => id === "hung-0");
  assert.deepEqual([hung?.state, hung?.error?.code], ["parked", "WORKER_PARKED"]);
  const reasons = await run.reasons();
  assert.match(reasons, /camera native-0: offline \(CAMERA_PARKED\)/);
  assert.match(reasons, /detector hung: worker hung-0 is parked/);
}

/** A camera that is online without frames: no worker is at fault. */
async function warnsOfMissingFrames(run: ScriptedOrion): Promise<void> {
  const { orion, subscriber } = run;
  const warning = await orion.waitFor("camera.picture_missed", ({ camera }) => camera === "dark");
  assert.deepEqual([warning["level"], warning["reason"]], ["warning", "WAITING_FOR_KEYFRAME"]);
  await orion.waitFor("camera.picture_resumed", ({ camera }) => camera === "dark");
  await subscriber.waitFor(({ topic, json }) =>
    topic === "orion/test/cameras/dark/status" && json?.["state"] === "online" &&
    json["reason"] === "WAITING_FOR_KEYFRAME"
  );
  assert.deepEqual(eventsOf(run, "worker.restart_scheduled", "eyes-0"), []);
}

Deno.test({
  name: "parking: when too many threads hang, the rest is stopped in order and the code is 70",
  ignore: IGNORE,
  async fn() {
    await using run = await ScriptedOrion.start({
      config: 'cameras: [{ id: sound, url: "demo:" }]\nwatchdog: { intervalSeconds: 1 }',
      detectors: [PERSON, { id: "hung", script: "hangload-0" }],
      limits: { maxAbandonedThreads: 1, modelLoadWaitMs: 1000, modelLoadLimitMs: 1000 },
    });
    assert.equal((await run.orion.exit(60_000)).code, 70);
    const stopping = run.orion.events().find(({ event }) => event === "service.stopping");
    assert.equal(stopping?.["reason"], "threads that hang: 1");
    assert.equal(run.orion.events().at(-1)?.["event"], "service.stopped");
    await run.subscriber.waitFor(({ topic, json }) =>
      topic === "orion/test/status" && json?.["state"] === "offline"
    );
  },
});

Deno.test({
  name: "parking: a camera that does not answer a take does not delay another",
  ignore: IGNORE,
  async fn() {
    await using run = await ScriptedOrion.start({
      config: 'cameras: [{ id: deaf-5, url: "demo:" }, { id: sound, url: "demo:" }]',
      detectors: [{ id: "person", script: "sleep-1", more: "rateHz: 5" }],
    });
    const isIts = ({ camera }: LogEvent) => camera === "deaf-5";
    await run.subscriber.waitFor(({ topic }) => topic === "orion/test/inferences/deaf-5/person");
    const since = run.orion.stderr.all.length;
    await run.orion.waitFor("stats", (event) => isIts(event) && event["processed"] === 0, {
      since,
    });
    await soundContinues(run);
    // Its watchdog timeout is half a minute.
    assert.deepEqual(eventsOf(run, "worker.restart_scheduled", "capture-deaf-5"), []);
    run.orion.signal("SIGTERM");
    assert.equal((await run.orion.exit(60_000)).code, 0);
  },
});
