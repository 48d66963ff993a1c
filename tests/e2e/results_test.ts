/** Results between the inference workers and the publisher while either is replaced. */
import assert from "node:assert/strict";
import { inferences, Schemas } from "../support/brokers/messages.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { asReport, assertReportCloses } from "../support/product/report.ts";
import { ScriptedOrion } from "../support/product/scripted.ts";

const IGNORE = ignoreWithout("libav", "mosquitto");
const CONFIG = [
  'cameras: [{ id: gate, url: "demo:" }]',
  "watchdog: { maxRestarts: 1000 }",
].join("\n");
/** No message is dropped for a newer one. */
const MQTT = "qos: { inferences: 1 }, outbox: { policy: queue }";
const SOUND = { id: "sound", script: "sleep-5", more: "rateHz: 10" };

/** The sequence numbers of a detector's messages, in order of arrival. */
function seqs(run: ScriptedOrion, detector: string): number[] {
  return inferences(run.subscriber.messages, new Schemas())
    .filter((message) => message.detector === detector)
    .map(({ frame }) => frame.seq);
}

/** Each number once. */
function unique(numbers: readonly number[]): number[] {
  return [...new Set(numbers)];
}

/** Stops it, and waits for its last message. @returns its last health report */
async function stop(run: ScriptedOrion) {
  run.orion.signal("SIGTERM");
  assert.equal((await run.orion.exit()).code, 0);
  await run.subscriber.waitFor(({ topic, json }) =>
    topic === "orion/test/status" && json?.["state"] === "offline"
  );
  const health = run.subscriber.messages.findLast(({ topic }) => topic === "orion/test/health");
  return assertReportCloses(asReport(health?.json));
}

Deno.test({
  name:
    "results: a replaced publisher gets all results; workers are not restarted, numbers continue",
  ignore: IGNORE,
  async fn() {
    await using run = await ScriptedOrion.start({ config: CONFIG, mqtt: MQTT, detectors: [SOUND] });
    await run.further("sound", 3);
    for (let time = 0; time < 2; time++) {
      await run.killPublisher();
      await run.further("sound", 3);
      assertReportCloses(await run.status());
    }
    const report = await stop(run);
    const numbers = seqs(run, "sound");
    assert.deepEqual(numbers, unique(numbers).sort((a, b) => a - b));
    assert.deepEqual(report.workers.map(({ restarts }) => restarts), [0]);
  },
});

Deno.test({
  name: "results: every result of workers that die or stop is published, and counted",
  ignore: IGNORE,
  async fn() {
    await using run = await ScriptedOrion.start({
      config: CONFIG,
      mqtt: MQTT,
      // The last frame of each thread of `frail` is answered before it fails.
      detectors: [SOUND, { id: "frail", script: "throw-10", more: "rateHz: 20" }],
    });
    for (let time = 0; time < 2; time++) {
      const since = run.orion.stderr.all.length;
      await run.orion.waitFor("worker.recovered", () => true, { since });
      await run.further("frail", 3);
    }
    const report = await stop(run);
    for (const { id, detector, framesProcessed } of report.workers) {
      const numbers = seqs(run, detector);
      assert.deepEqual(numbers, unique(numbers));
      assert.equal(
        framesProcessed,
        numbers.length,
        `${id}: frames inferred, and messages published`,
      );
    }
    assert.ok(report.workers.some(({ id, restarts }) => id === "frail-0" && restarts >= 2));
  },
});
