/** A worker with whatever fault is reported, replaced and counted; the others are not affected. */
import assert from "node:assert/strict";
import { inferences, Schemas } from "../support/brokers/messages.ts";
import { asReport, assertReportCloses } from "../support/product/report.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { ScriptedOrion } from "../support/product/scripted.ts";

const IGNORE = ignoreWithout("libav", "mosquitto");
const CAMERA = 'cameras: [{ id: gate, url: "demo:" }]';
/** Soon, but later than a healthy worker answers on a busy machine. */
const WATCHDOG = "watchdog: { intervalSeconds: 1, minTimeoutSeconds: 3, maxRestarts: 20 }";
/** A hung worker takes up to two fifths of it; the rest is for a slow machine. */
const SHUTDOWN_SECONDS = 8;

const FAULTS = [
  { script: "throw-5", code: "INTERNAL", what: "an exception" },
  { script: "reject-5", code: "INTERNAL", what: "a rejected promise" },
  { script: "loop-5", code: "WORKER_SILENT", what: "an endless loop" },
  { script: "native-5", code: "WORKER_SILENT", what: "a native call that never returns" },
  { script: "badload-5", code: "MODEL_UNREADABLE", what: "a model that fails to load on restart" },
] as const;

for (const { script, code, what } of FAULTS) {
  Deno.test({
    name: `faults: ${what} is survived and counted, and does not affect another detector`,
    ignore: IGNORE,
    async fn() {
      await using run = await ScriptedOrion.start({
        config: `${CAMERA}\n${WATCHDOG}`,
        detectors: [
          { id: "faulty", script, more: "rateHz: 20" },
          { id: "sound", script: "sleep-1", more: "rateHz: 5" },
        ],
      });
      const restart = await run.orion.waitFor(
        "worker.restart_scheduled",
        (event) => event["worker"] === "faulty-0" && event["code"] === code,
      );
      assert.equal(restart["level"], "error");
      await run.orion.waitFor("worker.recovered", ({ worker }) => worker === "faulty-0");
      // A thread finishes five at most: the sixth comes from its successor.
      await run.subscriber.waitFor(({ topic, json }) =>
        topic === "orion/test/health" &&
        asReport(json).workers.some((each) => each.id === "faulty-0" && each.framesProcessed > 5)
      );
      await run.further("sound", 5);
      const report = assertReportCloses(await run.status());
      const faulty = report.workers.find(({ id }) => id === "faulty-0");
      const sound = report.workers.find(({ id }) => id === "sound-0");
      assert.ok(faulty && faulty.restarts >= 1);
      assert.equal(sound?.restarts, 0);
      assert.match(await run.metrics(), /orion_worker_restarts_total\{worker="faulty-0"\} [1-9]/);
      await run.subscriber.waitFor(({ topic, json }) =>
        topic === "orion/test/health" &&
        asReport(json).workers.some(({ id, restarts }) => id === "faulty-0" && restarts >= 1)
      );
      if (script === "loop-5" || script === "native-5") {
        const mailbox = report.cameras[0]?.ledger.detectors.find(({ detector }) =>
          detector === "faulty"
        );
        assert.ok(mailbox && mailbox.dropped.restart >= 1, "the frame it held is counted");
      }
      run.orion.signal("SIGTERM");
      assert.equal(await run.end(), 0);
      assert.equal(await run.orion.groupAlive(), false);
    },
  });
}

Deno.test({
  name: "faults: a hung worker delays the shutdown no longer than its share of the time",
  ignore: IGNORE,
  async fn() {
    await using run = await ScriptedOrion.start({
      config: `${CAMERA}\nshutdownTimeoutSeconds: ${SHUTDOWN_SECONDS}`,
      detectors: [
        { id: "hung", script: "loop-3" },
        { id: "sound", script: "sleep-1", more: "rateHz: 5" },
      ],
    });
    await run.orion.waitFor(
      "stats",
      ({ detector, health }) => detector === "hung" && health === "silent",
    );
    await run.further("sound", 2);
    const since = performance.now();
    run.orion.signal("SIGTERM");
    assert.equal(await run.end(), 0);
    assert.ok(performance.now() - since < SHUTDOWN_SECONDS * 1000, "within the shutdown time");
    const late = run.orion.events().find(({ event }) => event === "service.stop_timed_out");
    assert.deepEqual(late?.["terminated"], ["hung-0"]);
    const last = run.subscriber.messages.at(-1);
    assert.equal(last?.json?.["state"], "offline");
  },
});

Deno.test({
  name: "faults: a second signal ends a slow shutdown at once, and is logged",
  ignore: IGNORE,
  async fn() {
    await using run = await ScriptedOrion.start({
      config: `${CAMERA}\nshutdownTimeoutSeconds: 300`,
      detectors: [{ id: "hung", script: "loop-3" }],
    });
    await run.orion.waitFor("stats", ({ health }) => health === "silent");
    run.orion.signal("SIGTERM");
    await run.orion.waitFor("service.stopping");
    // Two signals within half a second count as one, so this waits for time to pass.
    await new Promise((resolve) => setTimeout(resolve, 700));
    run.orion.signal("SIGINT");
    assert.equal((await run.orion.exit()).code, 1);
    const killed = run.orion.events().find(({ event }) => event === "service.killed");
    assert.equal(killed?.["signal"], "SIGINT");
  },
});

Deno.test({
  name: "faults: changes by command outlive the thread, and are reported",
  ignore: IGNORE,
  async fn() {
    await using run = await ScriptedOrion.start({
      config: `${CAMERA}\n${WATCHDOG}`,
      detectors: [{ id: "frail", script: "throw-20" }],
    });
    await run.further("frail", 1);
    await run.command("set_rate", { detector: "frail", rateHz: 10 });
    await run.command("set_confidence", { detector: "frail", confidence: 0.7 });
    const since = run.orion.stderr.all.length;
    await run.orion.waitFor("worker.recovered", () => true, { since });
    await run.further("frail", 2);
    const report = assertReportCloses(await run.status());
    assert.equal(report.cameras[0]?.ledger.detectors[0]?.rateHz, 10);
    const overrides = JSON.stringify(report.overrides);
    assert.match(overrides, /"setting":"rateHz".*"value":10/);
    assert.match(overrides, /"setting":"confidence".*"value":0.7/);
    const answer = await run.command("get_status", {});
    assert.match(answer.payload, /"setting":"confidence"/);
  },
});

for (
  const { camera, code } of [
    { camera: "throw-2", code: "INTERNAL" },
    { camera: "loop-4", code: "WORKER_SILENT" },
  ]
) {
  Deno.test({
    name:
      `faults: a camera's thread that fails (${camera}) is replaced, and its sequence numbers continue`,
    ignore: IGNORE,
    async fn() {
      await using run = await ScriptedOrion.start({
        config:
          `cameras: [{ id: ${camera}, url: "demo:" }, { id: sound, url: "demo:" }]\n${WATCHDOG}`,
        detectors: [{ id: "person", script: "sleep-1", more: "rateHz: 5" }],
      });
      const restart = await run.orion.waitFor(
        "worker.restart_scheduled",
        (event) => event["worker"] === `capture-${camera}` && event["code"] === code,
      );
      const schemas = new Schemas();
      const of = (id: string) =>
        inferences(run.subscriber.messages, schemas).filter((message) => message.camera === id);
      await run.subscriber.waitFor(
        () => of(camera).some(({ frame }) => frame.capturedAt > `${restart["time"]}`),
        { what: "a message of the next thread" },
      );
      for (const id of [camera, "sound"]) {
        const seqs = of(id).map(({ frame }) => frame.seq);
        assert.deepEqual(seqs, seqs.toSorted((a, b) => a - b), `${id}: ${seqs}`);
        assert.equal(new Set(seqs).size, seqs.length, "no sequence number occurs twice");
      }
      const report = assertReportCloses(await run.status());
      const restarts = report.cameras.map(({ id, restarts }) => [id, restarts > 0]);
      assert.deepEqual(restarts, [[camera, true], ["sound", false]]);
      run.orion.signal("SIGTERM");
      assert.equal(await run.end(), 0);
    },
  });
}
