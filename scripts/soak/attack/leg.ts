/** One leg: a product, an attacker, and quiet and attacked windows by turns. */
import { systemClock } from "../../../src/core/clock.ts";
import { percentile } from "../../../src/health/stats_log.ts";
import type { HealthJson } from "../../../src/health/health_json.ts";
import { Child } from "../../../tests/support/system/children.ts";
import { ROOT } from "../../../tests/support/system/files.ts";
import { jsonLine, WAIT_TIMEOUT_MS } from "../../../tests/support/system/lines.ts";
import { freePort } from "../../../tests/support/system/ports.ts";
import { PASSWORD } from "../../../tests/support/product/secrecy.ts";
import type { AttackClass, AttackerAnswer, AttackerPlan, ToAttacker } from "./plan.ts";
import { type Leg, openBroker, Target, targetPorts } from "./target.ts";

/** The attacker's permissions: to encode its clips, to serve and to connect. */
const MAY: readonly string[] = [
  ...["--no-prompt", "--allow-net=127.0.0.1,127.0.0.2", "--allow-run=ffmpeg,/usr/bin/ffmpeg"],
  ...[`--allow-read=${ROOT},/usr,/bin,/sbin,/lib`, "--ignore-env"],
  "--allow-env=PATH,CI,ORION_TEST_PATIENCE",
];
/** What is over when a window begins: reconnects of the cameras, and answers. */
const SETTLE_MS = 1500;
/** Restoring the configuration waits for the limit of the rate of commands. */
const ANSWER_TIMEOUT_MS = 2 * WAIT_TIMEOUT_MS;

/** Lines of Orion's log that a failure shows. */
const LOG_LINES = 100;

/** What is attacked together, and for how long. */
export interface LegPlan {
  readonly leg: Leg;
  readonly seed: number;
  readonly hostileCameras: number;
  readonly sets: readonly (readonly AttackClass[])[];
  /** Before the memory is measured first. */
  readonly warmUpMs: number;
  /** Windows of each kind for each set, and their length. */
  readonly rounds: number;
  readonly windowMs: number;
}

/** The good camera in the windows of one kind. */
export interface Figures {
  readonly inferred: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU, in cores. */
  readonly orionCpu: number;
  readonly attackerCpu: number;
  readonly othersCpu: number;
}

/** What a leg has shown. */
export interface LegResult {
  readonly sets: readonly {
    readonly name: string;
    readonly quiet: Figures;
    readonly attacked: Figures;
  }[];
  readonly sent: Readonly<Record<string, number>>;
  readonly leaks: readonly string[];
  /** The exit code, after SIGTERM; null when it had ended before. */
  readonly exitCode: number | null;
  readonly startMb: number;
  readonly endMb: number;
  readonly peakMb: number;
  readonly report: HealthJson;
}

export function rateHz({ inferred, seconds }: Pick<Figures, "inferred" | "seconds">): number {
  return inferred / seconds;
}

/** The process of the attacker. */
class Attacker implements AsyncDisposable {
  readonly pid: number;
  readonly sent: Record<string, number> = {};
  readonly leaks: string[] = [];
  readonly #child: Child;
  #answers = 0;

  constructor() {
    this.#child = new Child({
      name: "attacker",
      command: "sh",
      args: ["-c", 'exec "$0" "$@"', Deno.execPath(), "run", "--no-check", ...MAY]
        .concat(`${ROOT}/scripts/soak/attack/attacker.ts`),
      env: { NO_COLOR: "1" },
    });
    this.pid = this.#child.pid;
  }

  /** Sends a line, and waits for the answer: it is in effect then. */
  async send(message: AttackerPlan | ToAttacker): Promise<void> {
    await this.#child.say(JSON.stringify(message));
    const line = await this.#child.stdout.waitFor((text) => jsonLine(text) !== null, {
      since: this.#answers++,
      timeoutMs: ANSWER_TIMEOUT_MS,
      what: `its answer; it said ${this.#child.stderr.all.slice(0, 20).join("\n")}`,
    }).catch((error: unknown) => {
      throw new Error(`the attacker failed: ${this.#child.stderr.text()}`, { cause: error });
    });
    const answer: AttackerAnswer = JSON.parse(line);
    for (const [name, count] of Object.entries(answer.sent)) {
      this.sent[name] = (this.sent[name] ?? 0) + count;
    }
    this.leaks.push(...answer.leaks);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child[Symbol.asyncDispose]();
  }
}

/** Sums of windows of one kind. */
class WindowSum {
  #inferred = 0;
  /** From the frame behind the start of each window to that behind its end. */
  #rateSeconds = 0;
  #seconds = 0;
  #cpu = { orion: 0, attacker: 0, machine: 0 };
  readonly #totals: number[] = [];

  /**
   * Measures one window, from now on. The rate is counted from one frame to another, the first behind each end of
   * the window: the frames of a fixed time are one more or less, by where in a period it begins.
   */
  async measure(target: Target, attacker: Attacker, windowMs: number): Promise<void> {
    const cpu = async () =>
      [
        await target.cpuSeconds(),
        await target.cpuSeconds(attacker.pid),
        await target.machineCpuSeconds(),
      ] as const;
    const before = await cpu();
    const startedAtMs = Date.now();
    await systemClock.sleep(windowMs);
    const endedAtMs = Date.now();
    const after = await cpu();
    const fromMs = await target.inferredAfter(startedAtMs);
    const toMs = await target.inferredAfter(endedAtMs);
    const inferred = target.inferred()
      .filter(({ capturedAtMs }) => capturedAtMs > fromMs && capturedAtMs <= toMs);
    this.#inferred += inferred.length;
    this.#rateSeconds += (toMs - fromMs) / 1000;
    this.#seconds += (endedAtMs - startedAtMs) / 1000;
    this.#cpu.orion += after[0] - before[0];
    this.#cpu.attacker += after[1] - before[1];
    this.#cpu.machine += after[2] - before[2];
    this.#totals.push(...inferred.map(({ totalMs }) => totalMs));
  }

  figures(): Figures {
    const { orion, attacker, machine } = this.#cpu;
    const totals = this.#totals.toSorted((a, b) => a - b);
    return {
      inferred: this.#inferred,
      seconds: this.#rateSeconds,
      p50Ms: percentile(totals, 0.5) ?? NaN,
      p99Ms: percentile(totals, 0.99) ?? NaN,
      orionCpu: orion / this.#seconds,
      attackerCpu: attacker / this.#seconds,
      othersCpu: (machine - orion - attacker) / this.#seconds,
    };
  }
}

async function measureSet(
  classes: readonly AttackClass[],
  { rounds, windowMs }: LegPlan,
  { target, attacker }: { readonly target: Target; readonly attacker: Attacker },
): Promise<{ readonly quiet: Figures; readonly attacked: Figures }> {
  const quiet = new WindowSum();
  const attacked = new WindowSum();
  for (let round = 0; round < rounds; round++) {
    await systemClock.sleep(SETTLE_MS);
    await quiet.measure(target, attacker, windowMs);
    await attacker.send({ kind: "attack", classes });
    await attacked.measure(target, attacker, windowMs);
    await attacker.send({ kind: "quiet" });
  }
  return { quiet: quiet.figures(), attacked: attacked.figures() };
}

/** Runs a leg. @param onSet  called after each set of attacks */
export async function runLeg(
  plan: LegPlan,
  onSet: (name: string, quiet: Figures, attacked: Figures) => void = () => {},
): Promise<LegResult> {
  await using stack = new AsyncDisposableStack();
  const broker = plan.leg === "mosquitto" ? stack.use(await openBroker()) : null;
  const ports = targetPorts(plan.leg, plan.hostileCameras, broker?.port ?? freePort());
  const attacker = stack.use(new Attacker());
  await attacker.send({
    seed: plan.seed,
    cameraPorts: ports.cameras,
    httpPort: ports.http,
    token: PASSWORD,
    mqttPort: ports.mqtt,
    relayPort: ports.relay,
  });
  const target = stack.use(await Target.start(ports));
  await systemClock.sleep(plan.warmUpMs);
  const start = await target.memoryMb();
  const sets: { name: string; quiet: Figures; attacked: Figures }[] = [];
  for (const classes of plan.sets) {
    const name = classes.length === 1 ? classes[0] ?? "" : "all at once";
    const measured = await measureSet(classes, plan, { target, attacker }).catch(
      (cause: unknown) => {
        const log = target.orion.stderr.all.slice(-LOG_LINES).join("\n");
        throw new Error(`seed ${plan.seed}, ${name}; the log of Orion:\n${log}`, { cause });
      },
    );
    onSet(name, measured.quiet, measured.attacked);
    sets.push({ name, ...measured });
  }
  await target.inferredAfter(Date.now());
  const report = await target.report();
  const end = await target.memoryMb();
  const leaks = [...await target.leaks(), ...attacker.leaks];
  const { orion } = target;
  const wasRunning = orion.running;
  orion.signal("SIGTERM");
  const { code } = await orion.exit();
  return {
    sets,
    sent: attacker.sent,
    leaks,
    exitCode: wasRunning ? code : null,
    startMb: start.now,
    endMb: end.now,
    peakMb: end.peak,
    report,
  };
}
