/**
 * The cost of live pictures: CPU seconds per second of the product with two cameras, beside a product that
 * differs in its viewers alone, or in its source.
 *
 *     deno task bench scripts/bench/live.ts [SECONDS [PARENT]]   per window, 15 by default
 *
 * Two products run at the same time, and every window is measured of both; what differs is exchanged from
 * one window to the next. PARENT is a checkout without live pictures, with its `node_modules`, to be
 * compared without any viewer. CPU is the product's own figure, latency and rate are those of its messages.
 * Fails when a target is missed. Needs curl and mosquitto's programs.
 */
import { systemClock } from "../../src/core/clock.ts";
import { percentile } from "../../src/health/stats_log.ts";
import { inferences, Schemas } from "../../tests/support/brokers/messages.ts";
import { Subscriber } from "../../tests/support/brokers/mosquitto.ts";
import { type OrionProcess, startOrion } from "../../tests/support/product/process.ts";
import { Child } from "../../tests/support/system/children.ts";
import { tempFolder, TWO_PEOPLE_CLIP } from "../../tests/support/system/files.ts";
import { freePort } from "../../tests/support/system/ports.ts";
import { printLine } from "../lib/print.ts";
import { median } from "./median.ts";

const WINDOWS = 6;
/** Until V8 has compiled the hot code. */
const WARM_UP_SECONDS = 30;
/** After viewers have come or gone. */
const SETTLE_SECONDS = 2;
const CAMERAS = ["gate", "yard"] as const;

/** Of a core, for ten viewers more than for one. */
const MOST_FOR_TEN = 0.1;
const MOST_UNWATCHED = 1.01;
const LEAST_RATE = 0.98;
const MOST_P99 = 1.1;

interface Figures {
  readonly cpu: number;
  readonly p99Ms: number;
  readonly rateHz: number;
}

/** A running product with two cameras, and its viewers. */
class Product implements AsyncDisposable {
  readonly #parts = new AsyncDisposableStack();
  readonly #viewers: Child[] = [];
  #url = "";
  #subscriber: Subscriber | null = null;

  /** @param root  the checkout it runs from; null: this one */
  async start(root: string | null): Promise<this> {
    const folder = this.#parts.use(tempFolder());
    const [http, mqtt] = [freePort(), freePort()];
    this.#url = `http://127.0.0.1:${http}`;
    const config = folder.write(
      "orion.yaml",
      [
        "instance: bench",
        `cameras: [${
          CAMERAS.map((id) => `{ id: ${id}, url: "file:${TWO_PEOPLE_CLIP}", loop: true }`).join(
            ", ",
          )
        }]`,
        "detectors: [{ id: person, model: builtin:person-int8, rateHz: 5 }]",
        `mqtt: { listen: "127.0.0.1:${mqtt}" }`,
        `health: { listen: "127.0.0.1:${http}" }`,
        "",
      ].join("\n"),
    );
    const args = ["run", "--config", config];
    const orion = this.#parts.use(root === null ? startOrion(args) : startFrom(root, args));
    await orion.stderr.waitFor((line) => line.includes('"service.starting"'), {
      what: "the start",
    });
    const to = { port: mqtt, topics: ["orion/bench/inferences/#"] };
    this.#subscriber = this.#parts.use(await Subscriber.start(to));
    return this;
  }

  /** Has so many viewers from now on, of both cameras in turn. */
  async watch(count: number): Promise<void> {
    for (const viewer of this.#viewers.splice(0)) await viewer[Symbol.asyncDispose]();
    for (let at = 0; at < count; at++) {
      const url = `${this.#url}/cameras/${CAMERAS[at % CAMERAS.length]}/live.mjpg`;
      const args = ["-c", 'exec curl -sN -o /dev/null "$0"', url];
      this.#viewers.push(new Child({ name: "curl", command: "sh", args }));
    }
    await systemClock.sleep(SETTLE_SECONDS * 1000);
  }

  async measure(seconds: number): Promise<Figures> {
    const skip = this.#subscriber?.messages.length ?? 0;
    const before = await this.#cpuSeconds();
    const startedAtMs = performance.now();
    await systemClock.sleep(seconds * 1000);
    const cpu = await this.#cpuSeconds() - before;
    const passed = (performance.now() - startedAtMs) / 1000;
    const messages = inferences(this.#subscriber?.messages.slice(skip) ?? [], new Schemas());
    const totals = messages.map(({ timing }) => timing["totalMs"] ?? NaN).sort((a, b) => a - b);
    return {
      cpu: cpu / passed,
      p99Ms: percentile(totals, 0.99) ?? NaN,
      rateHz: messages.length / passed,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const viewer of this.#viewers.splice(0)) await viewer[Symbol.asyncDispose]();
    await this.#parts.disposeAsync();
  }

  async #cpuSeconds(): Promise<number> {
    const text = await (await fetch(`${this.#url}/metrics`)).text();
    return Number(/^process_cpu_seconds_total (.+)$/m.exec(text)?.[1]);
  }
}

function startFrom(root: string, args: readonly string[]): Child | OrionProcess {
  return new Child({
    name: "orion of the parent commit",
    command: "sh",
    args: [`${root}/scripts/orion.sh`, ...args, "--log-format", "json"],
    cwd: root,
    env: { NO_COLOR: "1" },
  });
}

function medianOf(figures: readonly Figures[], key: keyof Figures): number {
  return median(figures.map((each) => each[key]));
}

/** Measures two products side by side. @param set  prepares them for a window, and names the second */
async function sideBySide(
  [one, other]: readonly [Product, Product],
  seconds: number,
  set: (first: Product, second: Product) => Promise<void>,
): Promise<readonly [Figures[], Figures[]]> {
  const ones: Figures[] = [];
  const others: Figures[] = [];
  for (let window = 0; window < WINDOWS; window++) {
    const [first, second] = window % 2 === 0 ? [one, other] : [other, one];
    await set(first, second);
    const [a, b] = await Promise.all([first.measure(seconds), second.measure(seconds)]);
    ones.push(a);
    others.push(b);
  }
  return [ones, others];
}

function row(name: string, figures: readonly Figures[]): void {
  const cells = [
    medianOf(figures, "cpu").toFixed(4),
    medianOf(figures, "p99Ms").toFixed(1),
    medianOf(figures, "rateHz").toFixed(2),
  ];
  printLine(`${name.padEnd(28)}${cells.map((cell) => cell.padStart(9)).join("")}`);
}

/** How rate and latency of the second compare with the first. @returns what is missed */
function compare(before: readonly Figures[], after: readonly Figures[]): string[] {
  const rate = medianOf(after, "rateHz") / medianOf(before, "rateHz");
  const p99 = medianOf(after, "p99Ms") / medianOf(before, "p99Ms");
  printLine(`${"".padEnd(28)}rate ${rate.toFixed(3)}, p99 ${p99.toFixed(2)}`);
  return [
    ...rate < LEAST_RATE ? [`rate ${rate.toFixed(3)}`] : [],
    ...p99 > MOST_P99 ? [`p99 ${p99.toFixed(2)}`] : [],
  ];
}

async function viewers(seconds: number): Promise<string[]> {
  await using one = await new Product().start(null);
  await using other = await new Product().start(null);
  await systemClock.sleep(WARM_UP_SECONDS * 1000);
  const pair = [one, other] as const;
  const missed: string[] = [];
  for (const [few, many] of [[0, 1], [1, 10]] as const) {
    const [less, more] = await sideBySide(pair, seconds, async (first, second) => {
      await Promise.all([first.watch(few), second.watch(many)]);
    });
    row(`${few} viewers`, less);
    row(`${many} viewers`, more);
    const extra = median(more.map(({ cpu }, at) => cpu - (less[at]?.cpu ?? NaN)));
    printLine(`${"".padEnd(28)}${extra.toFixed(4)} of a core more`);
    missed.push(...compare(less, more));
    if (few === 1 && extra > MOST_FOR_TEN) missed.push(`${extra.toFixed(3)} for ten viewers`);
  }
  return missed;
}

async function unwatched(parent: string, seconds: number): Promise<string[]> {
  await using old = await new Product().start(parent);
  await using present = await new Product().start(null);
  await systemClock.sleep(WARM_UP_SECONDS * 1000);
  const before: Figures[] = [];
  const after: Figures[] = [];
  for (let window = 0; window < WINDOWS; window++) {
    const [a, b] = await Promise.all([old.measure(seconds), present.measure(seconds)]);
    before.push(a);
    after.push(b);
  }
  row("parent commit", before);
  row("this one, no viewer", after);
  const ratio = medianOf(after, "cpu") / medianOf(before, "cpu");
  printLine(`${"".padEnd(28)}CPU ${ratio.toFixed(3)}`);
  return [
    ...ratio > MOST_UNWATCHED ? [`CPU without a viewer ${ratio.toFixed(3)}`] : [],
    ...compare(before, after),
  ];
}

async function main(): Promise<void> {
  const seconds = Number(Deno.args[0] ?? 15);
  const parent = Deno.args[1] ?? null;
  printLine(
    `${"".padEnd(28)}${["CPU", "p99 ms", "rate"].map((head) => head.padStart(9)).join("")}`,
  );
  const missed = await viewers(seconds);
  if (parent !== null) missed.push(...await unwatched(parent, seconds));
  if (missed.length > 0) {
    printLine(`missed: ${missed.join(", ")}`);
    Deno.exitCode = 1;
  }
}

if (import.meta.main) await main();
