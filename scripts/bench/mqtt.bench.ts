/**
 * The cost of publishing: the publisher's thread with its own permissions, and a mosquitto.
 *
 *     deno task bench scripts/bench/mqtt.bench.ts
 *
 * Each iteration is a thousand messages, from the hand-over to the last acknowledgement. Before that it
 * publishes a thousand a second for some seconds and prints the CPU time of this process.
 */
import process from "node:process";
import { partPresent, programPath } from "../../tests/support/system/parts.ts";
import { freePort } from "../../tests/support/system/ports.ts";
import {
  inferenceResult,
  publisherPlan,
  publisherWorker,
  resultsTo,
} from "../../tests/support/workers/publisher_worker.ts";

const BATCH = 1_000;
const CAMERAS = 50;
const TICK_MS = 10;
const PACED_SECONDS = 5;

interface Run {
  readonly results: ReturnType<typeof resultsTo>;
  published: number;
}

if (partPresent("mosquitto")) {
  const port = freePort();
  // Without the log: reading it would cost this process more than publishing.
  const broker = new Deno.Command(programPath("mosquitto") ?? "mosquitto", {
    args: ["-p", `${port}`],
    stdout: "null",
    stderr: "null",
  }).spawn();
  globalThis.addEventListener("unload", () => broker.kill());
  for (const qos of [0, 1] as const) {
    const run = await connect(port, qos);
    say(`QoS ${qos}, ${BATCH} messages a second: ${await pacedShare(run)} of a core`);
    Deno.bench({
      name: `${BATCH} messages`,
      group: `QoS ${qos}`,
      n: 5,
      warmup: 1,
      async fn() {
        const before = run.published;
        publish(run, BATCH);
        await reached(run, before + BATCH);
      },
    });
  }
}

async function connect(port: number, inferences: 0 | 1): Promise<Run> {
  const worker = publisherWorker(`127.0.0.1:${port}`);
  const plan = publisherPlan(`mqtt://127.0.0.1:${port}`, {}, { inferences });
  const outbox = { policy: "queue", max: 10_000 } as const;
  worker.send({ kind: "start", plan: { ...plan, instance: `bench-${inferences}`, outbox } });
  const run: Run = { results: resultsTo(worker), published: 0 };
  worker.onMessage((message) => {
    if (message.kind === "emitted") run.published += 1;
  });
  await worker.waitFor((message) => message.kind === "broker" && message.state.connected);
  return run;
}

function publish({ results }: Run, count: number): void {
  for (let at = 0; at < count; at++) {
    results.send(inferenceResult(at, { camera: `c${at % CAMERAS}` }));
  }
}

/** Publishes at an even rate. @returns the share of one core that it took */
async function pacedShare(run: Run): Promise<string> {
  const startedAtMs = performance.now();
  const before = process.cpuUsage();
  for (let tick = 1; tick <= PACED_SECONDS * 1_000 / TICK_MS; tick++) {
    publish(run, BATCH * TICK_MS / 1_000);
    const dueMs = startedAtMs + tick * TICK_MS;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())));
  }
  await reached(run, BATCH * PACED_SECONDS);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) / 1_000 / (performance.now() - startedAtMs)).toFixed(3);
}

async function reached(run: Run, count: number): Promise<void> {
  while (run.published < count) await new Promise((resolve) => setTimeout(resolve, 1));
}

function say(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
}
