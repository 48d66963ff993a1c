/** Starts Orion with scripted models, beside a real broker. */
import type { ServiceLimits } from "../../../src/service/supervision/limits.ts";
import { ROOT, type TempFolder, tempFolder } from "../system/files.ts";
import { KILL } from "../workers/kill_publisher.ts";
import { Mosquitto, type Received, type Subscriber } from "../brokers/mosquitto.ts";
import { LIBC } from "../streams/never_returns.ts";
import { freePort } from "../system/ports.ts";
import { OrionProcess, runOrion } from "./process.ts";
import { isOffline } from "./rig.ts";
import type { WallClock } from "../clocks/wall_clock.ts";

/** What to run. */
export interface ScriptedOptions {
  /** YAML of cameras and so on; `detectors`, `mqtt` and `health` are added. */
  readonly config: string;
  /** Detectors: id, script (see `scripted_inference.ts`), and further keys in YAML's flow style. */
  readonly detectors: readonly { id: string; script: string; more?: string }[];
  /** Further keys of `mqtt`, in YAML's flow style. */
  readonly mqtt?: string;
  /** Default 1, so that tests need not wait. */
  readonly statsIntervalSeconds?: number;
  /** Its wall clock; the machine's by default. */
  readonly wallClock?: WallClock;
  /** Limits other than the product's, so that tests need not wait. */
  readonly limits?: Partial<ServiceLimits>;
}

/** Orion with scripted models, a mosquitto, and a subscriber to everything. */
export class ScriptedOrion implements AsyncDisposable {
  readonly orion: OrionProcess;
  readonly subscriber: Subscriber;
  readonly broker: Mosquitto;
  readonly httpUrl: string;
  readonly #stack: AsyncDisposableStack;
  #commands = 0;

  private constructor(
    parts: { orion: OrionProcess; broker: Mosquitto; subscriber: Subscriber; httpUrl: string },
    stack: AsyncDisposableStack,
  ) {
    this.broker = parts.broker;
    this.orion = parts.orion;
    this.subscriber = parts.subscriber;
    this.httpUrl = parts.httpUrl;
    this.#stack = stack;
  }

  static async start(options: ScriptedOptions): Promise<ScriptedOrion> {
    const { wallClock } = options;
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(tempFolder());
    const broker = stack.use(await Mosquitto.start());
    const subscriber = stack.use(await broker.subscribe("orion/#"));
    const port = freePort();
    const config = writeConfig(folder, options, broker.url, port);
    const orion = stack.use(
      new OrionProcess({
        name: "scripted Orion",
        command: "sh",
        args: ["-c", wallClock?.command ?? 'exec "$0" "$@"', Deno.execPath(), "run", "--no-check"]
          .concat(await flags(config, folder.path))
          .concat([`${ROOT}/tests/support/product/scripted_service.ts`, config, folder.path])
          .concat(JSON.stringify(options.limits ?? {})),
        cwd: ROOT,
        env: { NO_COLOR: "1", ...wallClock?.env },
      }),
    );
    const httpUrl = `http://127.0.0.1:${port}`;
    return new ScriptedOrion({ orion, broker, subscriber, httpUrl }, stack.move());
  }

  /** Waits for the exit code; by then the subscriber has received all messages. */
  async end(): Promise<number> {
    const { code } = await this.orion.exit();
    await this.subscriber.waitFor(isOffline, { what: "`offline`" });
    return code;
  }

  /**
   * Sends a command and returns the answer to it.
   * @param by  the command's id, generated when absent; and the subscriber that receives the answer
   */
  async command(
    command: string,
    params: Readonly<Record<string, unknown>>,
    by: { readonly id?: string; readonly subscriber?: Subscriber } = {},
  ): Promise<Received> {
    const { id = `test-${this.#commands++}`, subscriber = this.subscriber } = by;
    const text = JSON.stringify({ schema: "orion.command/1", id, command, params });
    await this.broker.publish("orion/test/control", text);
    return await subscriber.waitFor(
      ({ topic, json }) => topic === "orion/test/control/ack" && json?.["id"] === id,
      { what: `an answer to ${command}` },
    );
  }

  /** Ends the publisher's thread, and returns when another one is connected. */
  async killPublisher(): Promise<void> {
    const since = this.orion.stderr.all.length;
    const command = { schema: "orion.command/1", id: KILL, command: "snapshot" };
    const text = JSON.stringify({ ...command, params: { camera: KILL } });
    await this.broker.publish("orion/test/control", text);
    await this.orion.waitFor("worker.restart_scheduled", ({ worker }) => worker === "publisher", {
      since,
    });
    await this.orion.waitFor("mqtt.connected", () => true, { since });
  }

  /** How many inference messages of a detector have arrived. */
  count(detector: string): number {
    const isOf = ({ topic }: Received) =>
      topic.startsWith("orion/test/inferences/") && topic.endsWith(`/${detector}`);
    return this.subscriber.messages.filter(isOf).length;
  }

  /** Waits for `more` further inference messages of a detector. */
  async further(detector: string, more: number): Promise<void> {
    const wanted = this.count(detector) + more;
    await this.subscriber.waitFor(() => this.count(detector) >= wanted, {
      what: `${more} more inference messages of ${detector}`,
    });
  }

  /** Why it is not ready. */
  async reasons(): Promise<string> {
    const response = await fetch(`${this.httpUrl}/readyz`);
    return await response.text();
  }

  async status(): Promise<unknown> {
    const response = await fetch(`${this.httpUrl}/status`);
    return await response.json();
  }

  async metrics(): Promise<string> {
    const response = await fetch(`${this.httpUrl}/metrics`);
    return await response.text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }
}

function writeConfig(
  folder: TempFolder,
  { config, detectors, mqtt, statsIntervalSeconds = 1 }: ScriptedOptions,
  brokerUrl: string,
  port: number,
): string {
  const lines = detectors.map(({ id, script, more }) => {
    // Each in a folder of its own, where its script may write.
    const model = folder.write(`${id}/${script}.onnx`, "scripted");
    return `  - { id: ${id}, model: ${model}${more === undefined ? "" : `, ${more}`} }`;
  });
  return folder.write(
    "orion.yaml",
    [
      "instance: test",
      config,
      "detectors:",
      ...lines,
      `mqtt: { url: "${brokerUrl}"${mqtt === undefined ? "" : `, ${mqtt}`} }`,
      `health: { listen: "127.0.0.1:${port}", statsIntervalSeconds: ${statsIntervalSeconds} }`,
      "",
    ].join("\n"),
  );
}

/** The product's own flags for the configuration, and those that the scripts need in addition. */
async function flags(config: string, folder: string): Promise<string[]> {
  const { code, stdout, stderr } = await runOrion(["permissions", "--flags", "--config", config]);
  if (code !== 0) throw new Error(stderr);
  const more: Readonly<Record<string, string>> = {
    "--allow-ffi=": LIBC,
    "--allow-read=": `${ROOT}/tests/support,${folder}`,
  };
  const own = stdout.trim().split("\n").map((flag) => {
    const name = flag.slice(0, flag.indexOf("=") + 1);
    return name in more ? `${flag},${more[name]}` : flag;
  });
  return [...own, `--allow-write=${folder}`];
}
