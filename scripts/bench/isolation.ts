/**
 * Isolation: a detector of 20 ms per inference, alone and beside one of 500 ms, alternately. The rate and
 * the 99th percentile of its latency must be the same.
 *
 *     deno task bench scripts/bench/isolation.ts [SECONDS]     per measurement, 15 by default
 *
 * The models sleep instead of computing: this measures the interference within Orion, not how two networks
 * share the cores.
 */
import { percentile } from "../../src/health/stats_log.ts";
import { inferences, Schemas } from "../../tests/support/brokers/messages.ts";
import { ScriptedOrion } from "../../tests/support/product/scripted.ts";

const ROUNDS = 2;
const FAST = { id: "fast", script: "sleep-20", more: "rateHz: 10" };
const SLOW = { id: "slow", script: "sleep-500" };

interface Figures {
  readonly rateHz: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function measure(detectors: readonly (typeof FAST | typeof SLOW)[], seconds: number) {
  await using run = await ScriptedOrion.start({
    config: 'cameras: [{ id: gate, url: "demo:" }]',
    detectors,
  });
  await run.further("fast", 20);
  const skip = run.subscriber.messages.length;
  await run.further("fast", 10 * seconds);
  const fast = inferences(run.subscriber.messages.slice(skip), new Schemas())
    .filter(({ detector }) => detector === "fast");
  const times = fast.map(({ frame }) => Date.parse(frame.capturedAt));
  const totals = fast.map(({ timing }) => timing["totalMs"] ?? NaN).sort((a, b) => a - b);
  return {
    rateHz: (times.length - 1) * 1000 / ((times.at(-1) ?? 0) - (times[0] ?? 0)),
    p50Ms: percentile(totals, 0.5) ?? NaN,
    p99Ms: percentile(totals, 0.99) ?? NaN,
  };
}

function mean(of: readonly Figures[]): Figures {
  const sum = (key: keyof Figures) => of.reduce((all, each) => all + each[key], 0) / of.length;
  return { rateHz: sum("rateHz"), p50Ms: sum("p50Ms"), p99Ms: sum("p99Ms") };
}

async function main(): Promise<void> {
  const seconds = Number(Deno.args[0] ?? 15);
  const alone: Figures[] = [];
  const beside: Figures[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    alone.push(await measure([FAST], seconds));
    beside.push(await measure([FAST, SLOW], seconds));
  }
  const before = mean(alone);
  const after = mean(beside);
  const line = (name: string, { rateHz, p50Ms, p99Ms }: Figures) =>
    `${name.padEnd(24)}${rateHz.toFixed(2).padStart(9)}${p50Ms.toFixed(1).padStart(9)}` +
    `${p99Ms.toFixed(1).padStart(9)}\n`;
  const ratios = {
    rateHz: after.rateHz / before.rateHz,
    p50Ms: after.p50Ms / before.p50Ms,
    p99Ms: after.p99Ms / before.p99Ms,
  };
  const text = `${"".padEnd(24)}${"Hz".padStart(9)}${"p50 ms".padStart(9)}` +
    `${"p99 ms".padStart(9)}\n` +
    line("alone", before) + line("beside one of 500 ms", after) + line("ratio", ratios);
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

if (import.meta.main) await main();
