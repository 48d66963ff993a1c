/**
 * An ordinary 720p camera at 5 Hz beside a hostile one: its rate and the 99th percentile of its latency must
 * be the same as beside another ordinary camera.
 *
 *     deno task bench scripts/bench/hostile.ts [SECONDS] [ATTACK …]     20 seconds each by default
 *
 * The attacker is a process of its own; its CPU share is shown beside Orion's. The model sleeps for 20 ms
 * instead of computing. Needs Linux, mosquitto, ffmpeg and python3.
 */
import { percentile } from "../../src/health/stats_log.ts";
import { Child } from "../../tests/support/system/children.ts";
import { ROOT, tempFolder } from "../../tests/support/system/files.ts";
import { jsonLine } from "../../tests/support/system/lines.ts";
import { inferences, Schemas } from "../../tests/support/brokers/messages.ts";
import { ScriptedOrion } from "../../tests/support/product/scripted.ts";
import { cpuSeconds, proc } from "../lib/proc.ts";
import { ATTACKS } from "./hostile/attacks.ts";
import { LoggingCamera, rawStream } from "./latency/camera.ts";

const RATE_HZ = 5;
/** The warm-up. */
const WARM_UP = 15;
/** Targets relative to the run beside an ordinary camera: the least rate and the longest latency. */
const TARGETS = { rate: 0.98, p99: 1.2 } as const;

/** The attacker's permissions: to encode its clip with ffmpeg, and to serve it. */
const MAY: readonly string[] = [
  ...["--no-prompt", "--allow-net=127.0.0.1,127.0.0.2", "--allow-run=ffmpeg,/usr/bin/ffmpeg"],
  ...[`--allow-read=${ROOT},/usr,/bin,/sbin,/lib`, "--allow-env=PATH,CI,ORION_TEST_PATIENCE"],
];

interface Figures {
  readonly rateHz: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU share, in cores. */
  readonly orionCpu: number;
  readonly attackerCpu: number;
  /** Orion's peak memory. */
  readonly peakMb: number;
  /** The hostile camera's state at the end. */
  readonly state: string;
}

async function startAttacker(name: string): Promise<{ child: Child; url: string }> {
  const child = new Child({
    name: "attacker",
    command: "sh",
    args: ["-c", 'exec "$0" "$@"', Deno.execPath(), "run", "--no-check", ...MAY]
      .concat(`${ROOT}/scripts/bench/hostile/attacker.ts`, name),
  });
  const line = await child.stdout.waitFor((text) => jsonLine(text)?.["event"] === "ready", {
    what: "its port",
  });
  return { child, url: `rtsp://127.0.0.1:${jsonLine(line)?.["port"]}/cam` };
}

async function measure(attack: string, seconds: number): Promise<Figures> {
  using folder = tempFolder();
  await using camera = await LoggingCamera.start(await rawStream(folder), folder);
  const { child, url } = await startAttacker(attack);
  await using _attacker = child;
  await using run = await ScriptedOrion.start({
    config: `cameras: [{ id: gate, url: "${camera.url}" }, { id: other, url: "${url}" }]`,
    detectors: [
      { id: "fast", script: "sleep-20", more: `rateHz: ${RATE_HZ}, cameras: [gate]` },
      { id: "all", script: "sleep-1", more: "cameras: [other]" },
    ],
  });
  await run.further("fast", WARM_UP);
  const skip = run.subscriber.messages.length;
  const { pid } = run.orion;
  const before = [await cpuSeconds(pid), await cpuSeconds(child.pid)] as const;
  const startedMs = performance.now();
  await run.further("fast", RATE_HZ * seconds);
  const tookSeconds = (performance.now() - startedMs) / 1000;
  const after = [await cpuSeconds(pid), await cpuSeconds(child.pid)] as const;
  const peakKb = /VmHWM:\s+(\d+)/.exec(await proc(pid, "status"))?.[1] ?? "NaN";
  const sound = inferences(run.subscriber.messages.slice(skip), new Schemas())
    .filter(({ detector }) => detector === "fast");
  const times = sound.map(({ frame }) => Date.parse(frame.capturedAt));
  const totals = sound.map(({ timing }) => timing["totalMs"] ?? NaN).sort((a, b) => a - b);
  return {
    rateHz: (times.length - 1) * 1000 / ((times.at(-1) ?? 0) - (times[0] ?? 0)),
    p50Ms: percentile(totals, 0.5) ?? NaN,
    p99Ms: percentile(totals, 0.99) ?? NaN,
    orionCpu: (after[0] - before[0]) / tookSeconds,
    attackerCpu: (after[1] - before[1]) / tookSeconds,
    peakMb: Number(peakKb) / 1024,
    state: stateOf(run),
  };
}

/** The last reported state of the hostile camera. */
function stateOf({ subscriber }: ScriptedOrion): string {
  const last = subscriber.messages.findLast(({ topic }) => topic.includes("other/status"))?.json;
  return `${last?.["state"] ?? "?"} ${last?.["reason"] ?? ""}`;
}

function line(name: string, figures: Figures, base: Figures): string {
  const { rateHz, p50Ms, p99Ms, orionCpu, attackerCpu, peakMb, state } = figures;
  const numbers = [
    rateHz.toFixed(2),
    (rateHz / base.rateHz).toFixed(3),
    p50Ms.toFixed(1),
    p99Ms.toFixed(1),
    (p99Ms / base.p99Ms).toFixed(2),
    (100 * orionCpu).toFixed(0),
    (100 * attackerCpu).toFixed(0),
    peakMb.toFixed(0),
  ];
  return name.padEnd(14) + numbers.map((text) => text.padStart(9)).join("") + `  ${state}\n`;
}

function write(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

async function main(args: readonly string[]): Promise<number> {
  const seconds = Number(args[0] ?? 20);
  const [ordinary, ...all] = ATTACKS;
  const chosen = all.filter(({ name }) => args.length < 2 || args.includes(name));
  const heads = ["Hz", "ratio", "p50 ms", "p99 ms", "ratio", "CPU %", "its %", "MB"];
  write("".padEnd(14) + heads.map((text) => text.padStart(9)).join("") + "\n");
  let isMissed = false;
  for (const { name } of chosen) {
    // Measures the baseline each time: the machine's other load changes during the bench.
    const base = await measure(ordinary.name, seconds);
    write(line(ordinary.name, base, base));
    const figures = await measure(name, seconds);
    write(line(name, figures, base));
    const isKept = figures.rateHz / base.rateHz >= TARGETS.rate &&
      figures.p99Ms / base.p99Ms <= TARGETS.p99;
    isMissed ||= !isKept;
  }
  return isMissed ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
