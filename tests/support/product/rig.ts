/** The product with the configuration of a test, beside a real broker. */
import { type TempFolder, tempFolder } from "../system/files.ts";
import { Mosquitto, type Received, type Subscriber } from "../brokers/mosquitto.ts";
import { WAIT_TIMEOUT_MS } from "../system/lines.ts";
import { freePort } from "../system/ports.ts";
import { type OrionProcess, startOrion } from "./process.ts";

/** Options of a rig. */
export interface RigOptions {
  /** YAML of the configuration: cameras, detectors and so on; `mqtt` and `health` are added. */
  readonly config: string;
  /** Further lines below `mqtt:`. */
  readonly mqtt?: string;
  /** Further lines below `health:`. */
  readonly health?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A broker to use; one is started, and stopped at the end, when absent. */
  readonly broker?: Mosquitto;
}

/** Whether a message is the last that the tested instance publishes, or its last will. */
export function isOffline({ topic, json }: Received): boolean {
  return topic === "orion/test/status" && json?.["state"] === "offline";
}

/** Orion as a user runs it, a mosquitto, and a subscriber to all of Orion's topics. */
export class Rig implements AsyncDisposable {
  readonly orion: OrionProcess;
  readonly broker: Mosquitto;
  readonly subscriber: Subscriber;
  readonly httpUrl: string;
  readonly #folder: TempFolder;
  readonly #ownsBroker: boolean;
  readonly #write: (config: string) => string;

  private constructor(parts: {
    orion: OrionProcess;
    broker: Mosquitto;
    subscriber: Subscriber;
    httpUrl: string;
    folder: TempFolder;
    ownsBroker: boolean;
    write: (config: string) => string;
  }) {
    this.orion = parts.orion;
    this.broker = parts.broker;
    this.subscriber = parts.subscriber;
    this.httpUrl = parts.httpUrl;
    this.#folder = parts.folder;
    this.#ownsBroker = parts.ownsBroker;
    this.#write = parts.write;
  }

  /** Starts the broker, the subscriber and Orion, in this order. */
  static async start(options: RigOptions): Promise<Rig> {
    const folder = tempFolder();
    const broker = options.broker ?? await Mosquitto.start();
    const subscriber = await broker.subscribe("orion/#");
    const port = freePort();
    const write = (config: string) =>
      folder.write(
        "orion.yaml",
        [
          "instance: test",
          config,
          `mqtt:\n  url: ${broker.url}\n${options.mqtt ?? ""}`,
          `health:\n  listen: 127.0.0.1:${port}\n  statsIntervalSeconds: 1\n${
            options.health ?? ""
          }`,
          "",
        ].join("\n"),
      );
    const config = write(options.config);
    const orion = startOrion(["run", "--config", config], {
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    return new Rig({
      orion,
      broker,
      subscriber,
      httpUrl: `http://127.0.0.1:${port}`,
      folder,
      write,
      ownsBroker: options.broker === undefined,
    });
  }

  /** Replaces {@link RigOptions.config} in the configuration file. */
  configure(config: string): void {
    this.#write(config);
  }

  /** The folder of the configuration file. */
  get folder(): TempFolder {
    return this.#folder;
  }

  /** Waits until a camera is online. */
  async online(camera: string): Promise<void> {
    await this.orion.waitFor(
      "camera.state_changed",
      (event) => event["camera"] === camera && event["state"] === "online",
    );
  }

  /** Waits for the first inference message of a camera. */
  async firstInference(camera: string): Promise<void> {
    await this.inferences(camera, 1);
  }

  /** Waits until `count` inference messages of a camera have arrived since the start. */
  async inferences(camera: string, count: number): Promise<void> {
    const { subscriber } = this;
    const came = () =>
      subscriber.messages.filter(({ topic }) => topic.includes(`/inferences/${camera}/`)).length;
    await subscriber.waitFor(() => came() >= count, {
      what: `inference message ${count} of ${camera}`,
    });
  }

  /**
   * Waits until something holds that only a question shows: looks now, and after each further health message.
   * @throws when the time runs out first
   */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const untilMs = performance.now() + WAIT_TIMEOUT_MS;
    while (!await holds()) {
      if (performance.now() > untilMs) throw new Error(`${what}: not within ${WAIT_TIMEOUT_MS} ms`);
      const since = this.subscriber.messages.length;
      await this.subscriber.waitFor(({ topic }) => topic === "orion/test/health", {
        since,
        what: "a health message",
      });
    }
  }

  /** What `GET` answers: the status code and the body as JSON. */
  async get(path: string): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${this.httpUrl}${path}`);
    return { status: response.status, body: await response.json() };
  }

  /** Sends SIGTERM and returns the exit code; by then the subscriber has every message. */
  async stop(): Promise<number> {
    this.orion.signal("SIGTERM");
    const { code } = await this.orion.exit();
    if (this.broker.running) await this.offline();
    return code;
  }

  /** Waits until the subscriber has Orion's last message. */
  offline(): Promise<Received> {
    return this.subscriber.waitFor(isOffline, { what: "`offline`" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.orion[Symbol.asyncDispose]();
    await this.subscriber[Symbol.asyncDispose]();
    if (this.#ownsBroker) await this.broker[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}
