/**
 * Sets the wall clock forward, or back, by an hour while Orion runs: between the start of one worker
 * and of another, and while the broker is disconnected. No measured duration may change.
 */
import assert from "node:assert/strict";
import type { HealthJson } from "../../src/health/health_json.ts";
import { type InferenceMessage, inferences, Schemas } from "../support/brokers/messages.ts";
import type { Subscriber } from "../support/brokers/mosquitto.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { assertReportCloses } from "../support/product/report.ts";
import { ScriptedOrion } from "../support/product/scripted.ts";
import { WallClock } from "../support/clocks/wall_clock.ts";

const HOUR_SECONDS = 3600;
/** Much longer than the test, much shorter than the step. */
const MOMENT_MS = 1_200_000;
/** Each stage is rounded to a tenth of a millisecond. */
const ROUNDING_MS = 0.3;
/** The thread of `step-0` fails after the step, and is replaced; that of `gate` goes on. */
const CAMERAS = ["gate", "step-0"];
const CONFIG = [
  'cameras: [{ id: gate, url: "demo:" }, { id: step-0, url: "demo:" }]',
  "watchdog: { intervalSeconds: 1, minTimeoutSeconds: 30, maxRestarts: 5 }",
  // libfaketime reads its file on the thread that asks for the time: confined, it may not.
  "confinement: { landlock: off }",
].join("\n");

/** A run whose messages, reports and metrics are compared with the true time. */
class Run {
  readonly orion: ScriptedOrion;
  readonly #startedMs: number;
  readonly #schemas = new Schemas();

  constructor(orion: ScriptedOrion, startedMs: number) {
    this.orion = orion;
    this.#startedMs = startedMs;
  }

  /** Since before Orion was started. */
  get elapsedMs(): number {
    return performance.now() - this.#startedMs;
  }

  /** Waits for further inference messages of both cameras. */
  async further(subscriber: Subscriber): Promise<void> {
    const since = subscriber.messages.length;
    const came = (camera: string) =>
      subscriber.messages.slice(since).filter(({ topic }) =>
        topic.includes(`/inferences/${camera}/`)
      ).length;
    await subscriber.waitFor(() => CAMERAS.every((camera) => came(camera) >= 3), {
      what: "inference messages of both cameras",
    });
  }

  async report(): Promise<HealthJson> {
    return assertReportCloses(await this.orion.status());
  }

  async readiness(): Promise<{ status: number; text: string }> {
    const response = await fetch(`${this.orion.httpUrl}/readyz`);
    return { status: response.status, text: await response.text() };
  }

  /** Asserts that every total latency covers its stages, and is no longer than the test. */
  assertLatencies(subscriber: Subscriber): InferenceMessage[] {
    const messages = inferences(subscriber.messages, this.#schemas);
    for (const { camera, timing, frame } of messages) {
      const { totalMs = NaN, ...stages } = timing;
      const leastMs = Object.values(stages).reduce((sum, ms) => sum + ms, 0) - ROUNDING_MS;
      assert.ok(
        totalMs >= leastMs && totalMs <= this.elapsedMs,
        `${camera} ${frame.seq}: ${JSON.stringify(timing)} within ${this.elapsedMs} ms`,
      );
    }
    return messages;
  }

  /** Asserts the same of the metrics, and that no message was discarded as stale. */
  async assertMetrics(): Promise<void> {
    const text = await this.orion.metrics();
    const seconds = [...text.matchAll(/^orion_latency_seconds_sum\{.*stage="total".*\} (\S+)$/gm)];
    const counts = [...text.matchAll(/^orion_latency_seconds_count\{.*stage="total".*\} (\S+)$/gm)];
    assert.equal(seconds.length, CAMERAS.length, text);
    for (const [index, [line, sum]] of seconds.entries()) {
      const most = Number(counts[index]?.[1]) * this.elapsedMs / 1000;
      assert.ok(Number(sum) > 0 && Number(sum) <= most, line);
    }
    assert.doesNotMatch(text, /^orion_mqtt_discarded_total\{.*reason="stale".*/m);
  }
}

function assertTimes(report: HealthJson, aheadSeconds: number, run: Run): void {
  const nowMs = Date.now() + 1000 * aheadSeconds;
  const isNow = (text: string | null) => Math.abs(Date.parse(text ?? "") - nowMs) < MOMENT_MS;
  assert.ok(isNow(report.time), report.time);
  for (const { id, lastSeenAt } of report.workers) {
    assert.ok(isNow(lastSeenAt), `${id} ${lastSeenAt}`);
  }
  for (const { id, lastFrameAt } of report.cameras) {
    assert.ok(isNow(lastFrameAt), `${id} ${lastFrameAt}`);
  }
  const { uptimeSeconds } = report;
  assert.ok(uptimeSeconds >= 0 && uptimeSeconds <= run.elapsedMs / 1000, `up ${uptimeSeconds} s`);
}

for (const [name, aheadSeconds] of [["forward", HOUR_SECONDS], ["back", -HOUR_SECONDS]] as const) {
  Deno.test({
    name: `clock: setting it ${name} by an hour changes no measured duration`,
    ignore: ignoreWithout("libav", "mosquitto", "faketime"),
    async fn() {
      using wallClock = new WallClock();
      const startedMs = performance.now();
      await using orion = await ScriptedOrion.start({
        wallClock,
        config: CONFIG,
        detectors: [{ id: "person", script: "sleep-1", more: "rateHz: 5" }],
      });
      const run = new Run(orion, startedMs);
      const { broker } = orion;
      await run.further(orion.subscriber);
      await orion.command("set_rate", { detector: "person", rateHz: 10 }, { id: "once" });
      const before = await run.report();
      assertTimes(before, 0, run);
      run.assertLatencies(orion.subscriber);

      // The broker is disconnected while the clock is set, and while a camera's thread is replaced.
      const since = orion.orion.stderr.all.length;
      await broker.stop();
      await orion.orion.waitFor("mqtt.disconnected", () => true, { since });
      wallClock.set(aheadSeconds);
      await orion.orion.waitFor(
        "worker.restart_scheduled",
        ({ worker }) => worker === "capture-step-0",
      );
      await orion.orion.waitFor(
        "camera.state_changed",
        ({ camera, state }) => camera === "step-0" && state === "online",
        { since },
      );
      await broker.start();
      await using subscriber = await broker.subscribe("orion/#");
      // Logged after the main thread was notified.
      await orion.orion.waitFor("mqtt.connected", ({ reconnects }) => reconnects === 1);
      await run.further(subscriber);

      const { status, text } = await run.readiness();
      assert.equal(status, 200, text);
      const after = await run.report();
      assertTimes(after, aheadSeconds, run);
      assert.ok(after.uptimeSeconds >= before.uptimeSeconds);
      const restarts = after.cameras.map(({ id, restarts }) => [id, restarts]);
      assert.deepEqual(restarts, [["gate", 0], ["step-0", 1]]);
      assert.deepEqual(after.workers.map(({ restarts }) => restarts), [0]);
      for (const { ledger } of after.cameras) {
        assert.deepEqual(ledger.detectors.map(({ dropped }) => dropped.stale), [0]);
      }
      const captured = run.assertLatencies(subscriber).at(-1)?.frame.capturedAt ?? "";
      const aheadMs = Date.parse(captured) - Date.now();
      assert.ok(Math.abs(aheadMs - 1000 * aheadSeconds) < MOMENT_MS, captured);
      await run.assertMetrics();

      // A command that was answered before the step is replayed, not executed again.
      const again = { id: "once", subscriber };
      const asked = subscriber.messages.length;
      await orion.command("set_rate", { detector: "person", rateHz: 10 }, again);
      await subscriber.waitFor(({ json }) => json?.["id"] === "once" && json["replayed"] === true, {
        what: "the replayed answer",
        since: asked,
      });
      const rates = (await run.report()).cameras.map(({ ledger }) => ledger.detectors[0]?.rateHz);
      assert.deepEqual(rates, [10, 10]);
      orion.orion.signal("SIGTERM");
      assert.equal((await orion.orion.exit()).code, 0);
    },
  });
}
