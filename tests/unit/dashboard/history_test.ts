import assert from "node:assert/strict";
import { noDrops } from "../../../src/core/accounts.ts";
import { plusMs } from "../../../src/core/clock.ts";
import { History, KEPT_MS, OUTCOMES } from "../../../src/dashboard/page/history.js";
import { healthJson } from "../../../src/health/health_json.ts";
import { healthReport } from "../../../src/health/report.ts";
import { parts } from "../health/parts.ts";

const START = parts();

/** The report of a service, a while after its first, with a rate of 5 of 25 frames. */
function reportAfter(seconds: number, change = {}) {
  const [camera] = START.cameras;
  const [mailbox] = camera?.report.account.detectors ?? [];
  if (camera === undefined || mailbox === undefined) throw new Error("no camera");
  return healthJson(healthReport({
    ...START,
    timeMs: plusMs(START.timeMs, seconds * 1000),
    cameras: [{
      ...camera,
      report: {
        ...camera.report,
        decodeSeconds: seconds * 0.1,
        account: {
          ...camera.report.account,
          received: 25 * seconds,
          decoded: 20 * seconds,
          corrupt: 0,
          undecoded: {
            ...{ unwanted: 0, keyframes: 0, nonref: 0, asleep: 5 * seconds, buffered: 0 },
          },
          detectors: [{
            ...mailbox,
            processed: 5 * seconds,
            dropped: { ...noDrops(), rate: 14 * seconds, stale: seconds },
            ...change,
          }],
        },
      },
    }],
  }));
}

const byName = (rates: readonly number[]) =>
  Object.fromEntries(
    OUTCOMES.map(([key], at) => [key, rates[at]]).filter(([, rate]) => rate !== 0),
  );

Deno.test("history: counts become frames a second by what became of them", () => {
  const history = new History();
  for (const seconds of [0, 2, 4]) history.add(reportAfter(seconds));
  const recent = history.recent("gate", "person");
  const expected = { processed: 5, rate: 14, other: 1, undecoded: 5 };
  assert.deepEqual(byName(recent?.rates ?? []), expected);
  assert.ok(Math.abs((recent?.decodeShare ?? 0) - 0.1) < 1e-9);
  const { times, rates } = history.series("gate", "person");
  assert.equal(times.length, 2);
  assert.deepEqual(byName(rates.map((list) => list[1] ?? NaN)), expected);
});

Deno.test("history: no average is drawn over a gap, and a count that falls is no negative rate", () => {
  const history = new History();
  for (const seconds of [0, 2, 60, 62]) history.add(reportAfter(seconds));
  assert.equal(history.series("gate", "person").times.length, 2);
  history.add(reportAfter(64, { processed: 1 }));
  assert.ok(history.series("gate", "person").rates.flat().every((rate) => rate >= 0));
});

Deno.test("history: it keeps ten minutes, and no more samples than fit", () => {
  const history = new History();
  for (let seconds = 0; seconds < 3000; seconds += 2) history.add(reportAfter(seconds));
  const { times } = history.series("gate", "person");
  assert.equal(times.length, KEPT_MS / 2000);
  for (let index = 0; index < 5000; index++) {
    history.addLatency({ camera: "gate", detector: "person", totalMs: index });
  }
  assert.equal(history.latency("gate", "person", [0.5])?.count, 2000);
});

Deno.test("history: percentiles are those of the newest latencies", () => {
  const history = new History();
  assert.equal(history.latency("gate", "person", [0.5]), null);
  for (let ms = 1; ms <= 100; ms++) {
    history.addLatency({ camera: "gate", detector: "person", totalMs: ms });
  }
  const latency = history.latency("gate", "person", [0.5, 0.9, 0.99]);
  assert.deepEqual(latency, { values: [50, 90, 99], count: 100 });
});

Deno.test("history: latencies are drawn over time, with the rate that was asked for", () => {
  const history = new History();
  const add = (seconds: number, latencies: readonly number[], change = {}) => {
    for (const totalMs of latencies) {
      history.addLatency({ camera: "gate", detector: "person", totalMs });
    }
    history.add(reportAfter(seconds, change));
  };
  add(0, [900]);
  add(2, [10, 30, 20], { rateHz: 5 });
  add(4, [], { rateHz: 5, paused: true });
  add(6, Array.from({ length: 100 }, (_, at) => at + 1), { rateHz: null });
  const { asked, p50, p95, times } = history.series("gate", "person");
  assert.equal(times.length, 3);
  assert.deepEqual(asked, [5, 0, null]);
  assert.deepEqual(p50, [20, null, 50]);
  assert.deepEqual(p95, [30, null, 95]);
});

Deno.test("history: a page whose reports fail keeps few latencies", () => {
  const history = new History();
  for (let ms = 0; ms < 100_000; ms++) {
    history.addLatency({ camera: "gate", detector: "person", totalMs: ms });
  }
  history.add(reportAfter(0));
  history.add(reportAfter(2));
  assert.equal(history.latency("gate", "person", [0.5])?.count, 2000);
  assert.deepEqual(history.series("gate", "person").p50, [null]);
});
