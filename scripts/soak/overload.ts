/**
 * Overload: a detector ten times too slow for its camera. Memory and the age of the delivered frames
 * must stay as they are, however long it lasts.
 *
 *     deno task bench scripts/soak/overload.ts [SECONDS]       600 by default
 *
 * Exit code 1 when memory grew or frames got older. Needs mosquitto.
 */
import { percentile } from "../../src/health/stats_log.ts";
import { inferences, Schemas } from "../../tests/support/brokers/messages.ts";
import { assertReportCloses } from "../../tests/support/product/report.ts";
import { ScriptedOrion } from "../../tests/support/product/scripted.ts";

/** An inference of ten frames' time. */
const SLOW_MS = 400;
/** Compilers and caches settle in the first part, a minute of a long run. */
const MAX_WARM_UP_SECONDS = 60;
const MAX_GROWTH_MB = 5;
/** In a run too short for the collector to have come round, its cadence is all there is to see. */
const MAX_GROWTH_SHORT_MB = 40;
const LONG_SECONDS = 240;
const SAMPLE_SECONDS = 1;
/** Growth is told by medians of this many samples at most, since the resident set goes up and down. */
const MAX_WINDOW = 20;
/**
 * A delivered frame is the newest there is: not older than two frames' time. A short run shares its
 * machine with other tests: there it is far from the age that a queue of a single frame would add.
 */
const MAX_AGE_MS = 80;
const MAX_AGE_SHORT_MS = SLOW_MS / 2;

/** What a run showed. */
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

/** Runs it for that long. */
export async function overload(seconds: number): Promise<OverloadResult> {
  await using run = await ScriptedOrion.start({
    config: 'cameras: [{ id: gate, url: "demo:" }]',
    detectors: [{ id: "slow", script: `sleep-${SLOW_MS}` }],
    // As a person would have it: what is told every second would be most of what is collected.
    statsIntervalSeconds: 10,
  });
  await run.further("slow", 1);
  const warmUpSeconds = Math.min(MAX_WARM_UP_SECONDS, seconds / 3);
  await pause(warmUpSeconds);
  const skip = run.subscriber.messages.length;
  const samplesMb: number[] = [];
  for (let at = warmUpSeconds; at < seconds; at += SAMPLE_SECONDS) {
    samplesMb.push(residentMb(await run.metrics()));
    await pause(SAMPLE_SECONDS);
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

/** The resident set of the process in MiB, as it tells it itself. */
function residentMb(metrics: string): number {
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(metrics)?.[1] ?? NaN) / 2 ** 20;
}

function median(values: readonly number[]): number {
  return percentile(values.toSorted((a, b) => a - b), 0.5) ?? NaN;
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

if (import.meta.main) {
  const result = await overload(Number(Deno.args[0] ?? 600));
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(result, null, 2)}\n`));
  Deno.exit(result.ok ? 0 : 1);
}
