/**
 * Overload: a detector ten times too slow for its camera. Memory and the age of the delivered frames must stay
 * constant.
 *
 *     deno task bench scripts/soak/overload.ts [SECONDS]       600 by default
 *
 * Exits with 1 when memory or the age of frames grows. Needs mosquitto.
 */
import { systemClock } from "../../src/core/clock.ts";
import { percentile } from "../../src/health/stats_log.ts";
import { inferences, Schemas } from "../../tests/support/brokers/messages.ts";
import { assertReportCloses } from "../../tests/support/product/report.ts";
import { ScriptedOrion } from "../../tests/support/product/scripted.ts";

/** The inference time: ten frame intervals. */
const SLOW_MS = 400;
/** The warm-up of compilers and caches: the first part, a minute of a long run. */
const MAX_WARM_UP_SECONDS = 60;
const MAX_GROWTH_MB = 5;
/** The limit of a run shorter than a garbage collection cycle, during which memory only grows. */
const MAX_GROWTH_SHORT_MB = 40;
const LONG_SECONDS = 240;
const SAMPLE_SECONDS = 1;
/** Growth is measured by medians of at most this many samples, since the resident set fluctuates. */
const MAX_WINDOW = 20;
/**
 * A delivered frame is the newest one: at most two frame intervals old. A short run shares its machine with
 * other tests: its limit is still far below the age that a queue of a single frame would add.
 */
const MAX_AGE_MS = 80;
const MAX_AGE_SHORT_MS = SLOW_MS / 2;

/** The result of a run. */
export interface OverloadResult {
  readonly seconds: number;
  readonly startMb: number;
  readonly endMb: number;
  readonly growthMb: number;
  readonly limitMb: number;
  /** Age of the frame when its conversion began: median of the first and of the last third. */
  readonly firstAgeMs: number;
  readonly lastAgeMs: number;
  readonly delivered: number;
  readonly overwritten: number;
  readonly ok: boolean;
}

/** Runs the overload for a duration. */
export async function overload(seconds: number): Promise<OverloadResult> {
  await using run = await ScriptedOrion.start({
    config: 'cameras: [{ id: gate, url: "demo:" }]',
    detectors: [{ id: "slow", script: `sleep-${SLOW_MS}` }],
    // As in production: statistics of every second would dominate the garbage.
    statsIntervalSeconds: 10,
  });
  await run.further("slow", 1);
  const warmUpSeconds = Math.min(MAX_WARM_UP_SECONDS, seconds / 3);
  await systemClock.sleep(warmUpSeconds * 1000);
  const skip = run.subscriber.messages.length;
  const samplesMb: number[] = [];
  for (let at = warmUpSeconds; at < seconds; at += SAMPLE_SECONDS) {
    samplesMb.push(residentMb(await run.metrics()));
    await systemClock.sleep(SAMPLE_SECONDS * 1000);
  }
  const report = assertReportCloses(await run.status());
  const mailbox = report.cameras[0]?.ledger.detectors[0];
  const ages = inferences(run.subscriber.messages.slice(skip), new Schemas())
    .map(({ timing }) => timing["queueMs"] ?? NaN);
  const third = Math.floor(ages.length / 3);
  const window = Math.min(MAX_WINDOW, Math.floor(samplesMb.length / 2));
  const startMb = median(samplesMb.slice(0, window));
  const endMb = median(samplesMb.slice(-window));
  const firstAgeMs = median(ages.slice(0, third));
  const lastAgeMs = median(ages.slice(-third));
  const isLong = seconds >= LONG_SECONDS;
  const limitMb = isLong ? MAX_GROWTH_MB : MAX_GROWTH_SHORT_MB;
  const limitAgeMs = isLong ? MAX_AGE_MS : MAX_AGE_SHORT_MS;
  const growthMb = endMb - startMb;
  const ok = growthMb < limitMb && lastAgeMs < limitAgeMs && ages.length > 0;
  return {
    seconds,
    startMb,
    endMb,
    growthMb,
    limitMb,
    firstAgeMs,
    lastAgeMs,
    delivered: mailbox?.processed ?? 0,
    overwritten: mailbox?.dropped.overwritten ?? 0,
    ok,
  };
}

/** The resident set of the process in MiB, by its own metrics. */
function residentMb(metrics: string): number {
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(metrics)?.[1] ?? NaN) / 2 ** 20;
}

function median(values: readonly number[]): number {
  return percentile(values.toSorted((a, b) => a - b), 0.5) ?? NaN;
}

if (import.meta.main) {
  const result = await overload(Number(Deno.args[0] ?? 600));
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(result, null, 2)}\n`));
  Deno.exit(result.ok ? 0 : 1);
}
