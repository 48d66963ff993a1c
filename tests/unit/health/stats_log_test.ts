import assert from "node:assert/strict";
import { noDrops, noUndecoded } from "../../../src/core/accounts.ts";
import type { ReceivedReport } from "../../../src/core/camera_types.ts";
import { steadyMs, wallMs } from "../../../src/core/clock.ts";
import { type LogRecord, logTo } from "../../../src/core/log.ts";
import { percentile, StatsLogger } from "../../../src/health/stats_log.ts";

/** A camera's account after `received` frames, of which `processed` were inferred. */
function report(
  received: number,
  processed: number,
  change: Partial<ReceivedReport> & { waiting?: 0 | 1; paused?: boolean } = {},
): ReceivedReport {
  const { waiting = 0, paused = false, ...rest } = change;
  return {
    state: "online",
    reason: null,
    sinceMs: wallMs(0),
    reconnects: 0,
    info: null,
    decodeLevel: "auto",
    lastFrameAtMs: steadyMs(0),
    decodeSeconds: 0,
    account: {
      received,
      undecoded: noUndecoded(),
      corrupt: 0,
      decoded: received,
      detectors: [{
        detector: "person",
        paused,
        rateHz: 1,
        decoded: received,
        processed,
        dropped: { ...noDrops(), rate: received - processed - waiting },
        waiting,
      }],
    },
    gopBuffer: { packets: 0, bytes: 0, maxBytes: 0, catchUps: 0 },
    network: null,
    ...rest,
  };
}

function logger() {
  const records: LogRecord[] = [];
  return { records, stats: new StatsLogger(logTo((record) => records.push(record))) };
}

Deno.test("stats: 97 % dropped is no warning when 1 Hz of 30 is what was asked for", () => {
  const { records, stats } = logger();
  stats.write("gate", report(0, 0), steadyMs(0));
  for (let i = 1; i <= 10; i++) stats.sample("gate", "person", i * 10);
  stats.write("gate", report(300, 10), steadyMs(10_000));
  assert.equal(records.length, 1);
  assert.deepEqual(records[0], {
    level: "info",
    event: "stats",
    fields: {
      camera: "gate",
      detector: "person",
      processed: 10,
      dropped: 290,
      dropRate: 0.967,
      rateHz: 1,
      p50Ms: 50,
      p99Ms: 100,
      health: "ok",
    },
  });
});

Deno.test("stats: a rate that is not reached is a warning, and a worker that takes nothing another", () => {
  const { records, stats } = logger();
  stats.write("gate", report(0, 0), steadyMs(0));
  stats.write("gate", report(300, 5), steadyMs(10_000));
  stats.write("gate", report(600, 5, { waiting: 1 }), steadyMs(20_000));
  assert.deepEqual(
    records.map(({ level, fields }) => [level, fields["health"]]),
    [["warning", "slow"], ["warning", "silent"]],
  );
});

Deno.test("stats: a camera that gives few frames is not held against the rate", () => {
  const { records, stats } = logger();
  stats.write("gate", report(0, 0), steadyMs(0));
  stats.write("gate", report(5, 5), steadyMs(10_000));
  assert.equal(records[0]?.fields["health"], "ok");
});

Deno.test("stats: a growing latency is a warning", () => {
  const { records, stats } = logger();
  stats.write("gate", report(0, 0), steadyMs(0));
  for (const [interval, ms] of [50, 55, 400].entries()) {
    for (let i = 0; i < 10; i++) stats.sample("gate", "person", ms);
    stats.write(
      "gate",
      report((interval + 1) * 300, (interval + 1) * 10),
      steadyMs((interval + 1) * 10_000),
    );
  }
  assert.deepEqual(records.map(({ fields }) => fields["health"]), ["ok", "ok", "late"]);
});

Deno.test("stats: a paused detector and a stalled camera are said to be so", () => {
  const { records, stats } = logger();
  stats.write("gate", report(0, 0), steadyMs(0));
  stats.write("gate", report(300, 0, { paused: true }), steadyMs(10_000));
  stats.write("gate", report(300, 0, { state: "stalled" }), steadyMs(20_000));
  assert.deepEqual(
    records.map(({ level, fields }) => [level, fields["health"]]),
    [["info", "paused"], ["warning", "stalled"]],
  );
});

Deno.test("stats: latencies are kept up to a bound", () => {
  const { records, stats } = logger();
  stats.write("gate", report(0, 0), steadyMs(0));
  for (let i = 0; i < 100_000; i++) stats.sample("gate", "person", i);
  stats.write("gate", report(300, 10), steadyMs(10_000));
  assert.ok(Number(records[0]?.fields["p50Ms"]) > 98_000, "the newest are the ones that are kept");
});

Deno.test("percentile: nearest rank", () => {
  assert.equal(percentile([], 0.5), null);
  assert.equal(percentile([7], 0.99), steadyMs(7));
  assert.equal(percentile([1, 2, 3, 4], 0.5), steadyMs(2));
  assert.equal(percentile([1, 2, 3, 4], 0.99), steadyMs(4));
});
