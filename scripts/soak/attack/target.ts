/** What is attacked: the product under its own permissions, with one good camera, and all that it says. */
import { COMMAND_NAMES } from "../../../src/core/commands.ts";
import { Mosquitto, type Received, Subscriber } from "../../../tests/support/brokers/mosquitto.ts";
import { RtspServer } from "../../../tests/support/cameras/rtsp_server.ts";
import { type OrionProcess, startOrion } from "../../../tests/support/product/process.ts";
import { assertReportCloses } from "../../../tests/support/product/report.ts";
import {
  CommandLines,
  PASSWORD,
  PASSWORD_ENCODED,
  tracesIn,
  USER,
} from "../../../tests/support/product/secrecy.ts";
import { DEMO_CLIP, type TempFolder, tempFolder } from "../../../tests/support/system/files.ts";
import { freePort } from "../../../tests/support/system/ports.ts";
import type { HealthJson } from "../../../src/health/health_json.ts";
import { cpuSeconds, proc, shellRead, TICKS_HZ } from "../../lib/proc.ts";
import { VICTIM_RATE_HZ } from "./commands.ts";
import { hostileId, NAMES } from "./plan.ts";

/** Of the good camera. */
export const RATE_HZ = 5;
/** Those that neither end the service nor stop the good camera. */
const ALLOWED = COMMAND_NAMES.filter((name) => name !== "shutdown" && name !== "pause");
/** HTTP connections of the attack keep the places of this address for ten seconds. */
const HTTP_TRIES = 30;
const HTTP_RETRY_MS = 1000;
const PATHS = ["/status", "/readyz", "/metrics", "/healthz", "/presence", "/nothing"] as const;

/** The broker of a leg: Orion's own, or mosquitto with users, where guests may publish everything. */
export type Leg = "embedded" | "mosquitto";

/** Ports that the attacker needs as well. */
export interface TargetPorts {
  readonly cameras: readonly number[];
  readonly http: number;
  readonly mqtt: number;
  readonly relay: number | null;
}

export function targetPorts(leg: Leg, hostile: number, mqtt: number): TargetPorts {
  return {
    cameras: Array.from({ length: hostile }, freePort),
    http: freePort(),
    mqtt,
    relay: leg === "mosquitto" ? freePort() : null,
  };
}

/** A mosquitto whose user is Orion, and where a client without a user may publish as well. */
export function openBroker(): Promise<Mosquitto> {
  const login = { username: USER, password: PASSWORD };
  return Mosquitto.start({ login, extra: ["allow_anonymous true"] });
}

function configOf(camera: RtspServer, ports: TargetPorts, passwordFile: string): string {
  const login = `${USER}:\${ATTACK_PASSWORD}@`;
  const hostile = ports.cameras.map((port, index) => {
    // One has its password in the path, and one is read by libav's RTSP.
    const url = index === 1
      ? `rtsp://127.0.0.1:${port}/live/${USER}/\${ATTACK_PASSWORD}/0`
      : `rtsp://${login}127.0.0.1:${port}/cam`;
    const more = index === 2 ? ", demuxer: libav" : "";
    return `  - { id: ${hostileId(index)}, url: "${url}", reconnectMaxSeconds: 1, ` +
      `stallTimeoutSeconds: 2${more} }`;
  });
  const mqtt = ports.relay === null
    ? `listen: 127.0.0.1:${ports.mqtt}`
    : `url: "mqtt://127.0.0.1:${ports.relay}", username: ${USER}, ` +
      `password: { file: ${passwordFile} }, qos: { inferences: 1 }, outbox: { policy: queue }`;
  const model = "model: builtin:person-int8";
  return [
    `instance: ${NAMES.instance}`,
    "cameras:",
    `  - { id: ${NAMES.camera}, url: "${camera.url.replace("rtsp://", `rtsp://${login}`)}" }`,
    ...hostile,
    "detectors:",
    `  - { id: ${NAMES.detector}, ${model}, rateHz: ${RATE_HZ}, cameras: [${NAMES.camera}] }`,
    `  - { id: ${NAMES.victim}, ${model}, rateHz: ${VICTIM_RATE_HZ}, ` +
    `cameras: [${ports.cameras.map((_, index) => hostileId(index)).join(", ")}] }`,
    `control: { allow: [${ALLOWED.join(", ")}] }`,
    `mqtt: { ${mqtt} }`,
    `health: { listen: "127.0.0.1:${ports.http}", token: "\${ATTACK_TOKEN}" }`,
    "",
  ].join("\n");
}

/** One frame of the good camera that was inferred. */
export interface Inferred {
  readonly seq: number;
  readonly capturedAtMs: number;
  readonly totalMs: number;
}

/** The running product and its subscriber. */
export class Target implements AsyncDisposable {
  readonly orion: OrionProcess;
  readonly subscriber: Subscriber;
  readonly #ports: TargetPorts;
  readonly #stack: AsyncDisposableStack;
  readonly #commandLines: string[] = [];
  readonly #served: string[] = [];
  readonly #inferred = new Map<number, Inferred>();
  #read = 0;

  private constructor(
    parts: { orion: OrionProcess; subscriber: Subscriber; ports: TargetPorts },
    stack: AsyncDisposableStack,
  ) {
    this.orion = parts.orion;
    this.subscriber = parts.subscriber;
    this.#ports = parts.ports;
    this.#stack = stack;
  }

  /** Starts it, and returns when the good camera is inferred. */
  static async start(ports: TargetPorts): Promise<Target> {
    await using stack = new AsyncDisposableStack();
    const folder: TempFolder = stack.use(tempFolder());
    const auth = { user: USER, password: PASSWORD };
    const camera = stack.use(await RtspServer.start({ clip: DEMO_CLIP, auth }));
    const passwordFile = folder.write("password", `${PASSWORD}\n`);
    Deno.chmodSync(passwordFile, 0o600);
    const config = folder.write("orion.yaml", configOf(camera, ports, passwordFile));
    const sampled = stack.use(new CommandLines());
    // The embedded broker would log each of its hostile clients.
    const level = ports.relay === null ? "info" : "debug";
    const orion = stack.use(startOrion(["run", "--config", config, "--log-level", level], {
      env: { ATTACK_PASSWORD: PASSWORD_ENCODED, ATTACK_TOKEN: PASSWORD },
    }));
    await orion.waitFor("mqtt.connected");
    const subscriber = stack.use(await subscribe(ports));
    const target = new Target({ orion, subscriber, ports }, stack.move());
    await target.inferredAfter(0);
    target.#commandLines.push(...sampled.of(orion));
    await sampled[Symbol.asyncDispose]();
    return target;
  }

  /** What was inferred of the good camera, each frame once. */
  inferred(): readonly Inferred[] {
    const { messages } = this.subscriber;
    for (; this.#read < messages.length; this.#read++) {
      const found = inferredOf(messages[this.#read]);
      if (found !== null) this.#inferred.set(found.seq, found);
    }
    return [...this.#inferred.values()];
  }

  /**
   * Waits for an inference of a frame that was captured after a time.
   * @returns when the first of them was captured
   */
  async inferredAfter(wallMs: number): Promise<number> {
    await this.subscriber.waitFor((message) => {
      const found = inferredOf(message);
      return found !== null && found.capturedAtMs > wallMs;
    }, { what: "an inference of the good camera", since: this.#read });
    const later = this.inferred().map(({ capturedAtMs }) => capturedAtMs).filter((ms) =>
      ms > wallMs
    );
    return Math.min(...later);
  }

  /** Its report, by HTTP, from all of whose resources secrets are kept out. */
  async report(): Promise<HealthJson> {
    let body = "";
    for (const path of PATHS) {
      const served = await this.#get(path);
      this.#served.push(served);
      if (path === "/status") body = served;
    }
    return assertReportCloses(JSON.parse(body));
  }

  /** CPU seconds of a process so far. */
  cpuSeconds(pid = this.orion.pid): Promise<number> {
    return cpuSeconds(pid);
  }

  /** CPU seconds of all processes of the machine so far. */
  async machineCpuSeconds(): Promise<number> {
    const [user = 0, nice = 0, system = 0, , , irq = 0, soft = 0] =
      (await shellRead("/proc/stat")).split("\n", 1)[0]?.split(/\s+/).slice(1).map(Number) ?? [];
    return (user + nice + system + irq + soft) / TICKS_HZ;
  }

  /** The resident set, and the largest so far, in MiB. */
  async memoryMb(): Promise<{ readonly now: number; readonly peak: number }> {
    const text = await proc(this.orion.pid, "status");
    const of = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1]) / 1024;
    return { now: of("VmRSS"), peak: of("VmHWM") };
  }

  /** The lines that hold a secret, of all that it said. */
  async leaks(): Promise<string[]> {
    this.#commandLines.push((await proc(this.orion.pid, "cmdline")).replaceAll("\0", " "));
    const isSearched = this.#commandLines.some((line) => line.includes("main.ts"));
    if (!isSearched || tracesIn(PASSWORD).length === 0) throw new Error("the search finds nothing");
    const places: Readonly<Record<string, readonly string[]>> = {
      "the log": [...this.orion.stderr.all, ...this.orion.stdout.all],
      "MQTT": this.subscriber.messages.map(({ topic, payload }) => `${topic} ${payload}`),
      "HTTP": this.#served,
      "a command line": this.#commandLines,
    };
    return Object.entries(places).flatMap(([place, texts]) =>
      texts.flatMap(tracesIn).map((line) => `${place}: ${line.slice(0, 300)}`)
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }

  async #get(path: string): Promise<string> {
    for (let tries = 1;; tries++) {
      try {
        const response = await fetch(`http://127.0.0.1:${this.#ports.http}${path}`, {
          headers: { authorization: `Bearer ${PASSWORD}` },
        });
        const text = await response.text();
        const isRefused = response.status === 429 || response.status === 503 && path !== "/readyz";
        if (!isRefused || tries === HTTP_TRIES) return text;
      } catch (error) {
        if (!(error instanceof TypeError) || tries === HTTP_TRIES) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, HTTP_RETRY_MS));
    }
  }
}

/** All of Orion's own topics: not the commands of the attacker. */
function subscribe({ mqtt, relay }: TargetPorts): Promise<Subscriber> {
  const own = ["inferences", "cameras", "presence", "occupancy", "crossings", "pictures", "stays"];
  const topics = own.map((name) => `${NAMES.root}/${name}/#`)
    .concat(["status", "health", "control/ack"].map((name) => `${NAMES.root}/${name}`));
  const login = relay === null ? {} : { login: { username: USER, password: PASSWORD } };
  return Subscriber.start({ port: mqtt, topics, ...login });
}

const INFERENCES = `${NAMES.root}/inferences/${NAMES.camera}/${NAMES.detector}`;

function inferredOf(message: Received | undefined): Inferred | null {
  if (message === undefined || message.topic !== INFERENCES || message.json === null) return null;
  const { frame, timing } = message.json;
  if (!isRecord(frame) || !isRecord(timing)) return null;
  return {
    seq: Number(frame["seq"]),
    capturedAtMs: Date.parse(String(frame["capturedAt"])),
    totalMs: Number(timing["totalMs"]),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
