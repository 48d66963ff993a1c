/** The broker and the subscriber of the latency bench, which logs when each message arrived. */
import { Child } from "../../../tests/support/system/children.ts";
import { jsonLine } from "../../../tests/support/system/lines.ts";
import { Mosquitto } from "../../../tests/support/brokers/mosquitto.ts";
import { programPath, SYSTEM_PYTHON } from "../../../tests/support/system/parts.ts";
import { ROOT } from "../../../tests/support/system/files.ts";

/** One message, by the subscriber's wall clock. */
export interface Arrival {
  readonly atMs: number;
  readonly payload: Readonly<Record<string, unknown>>;
}

const PLAIN_TOPIC = "plain/messages";
const PLAIN_RATE_HZ = 25;

/** A mosquitto that logs no messages, with TCP_NODELAY. */
export function startBroker(): Promise<Mosquitto> {
  const quiet = ["log_type none", "log_type error", "log_type information"];
  return Mosquitto.start({ extra: [...quiet, "set_tcp_nodelay true"] });
}

/** `mosquitto_sub`, which prints the time of each message. */
export class TimedSubscriber implements AsyncDisposable {
  readonly #child: Child;

  private constructor(child: Child) {
    this.#child = child;
  }

  /** Subscribes and returns once the broker has granted it. */
  static async start(broker: Mosquitto, topic: string): Promise<TimedSubscriber> {
    const to = ["-h", "127.0.0.1", "-p", `${broker.port}`, "-q", "0", "-t", topic];
    const child = new Child({
      name: "mosquitto_sub",
      command: programPath("stdbuf") ?? "stdbuf",
      // Two lines per message: -d, needed to see the subscription, also prints each message.
      args: ["-oL", programPath("mosquitto_sub") ?? "mosquitto_sub", ...to, "-d", "-F", "%U %p"],
    });
    try {
      await child.stdout.waitFor((line) => line.startsWith("Subscribed"), {
        what: "its subscription",
      });
      return new TimedSubscriber(child);
    } catch (error) {
      await child[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Resolves once `count` messages have arrived since the start. */
  async arrived(count: number): Promise<void> {
    let left = count - this.arrivals().length;
    if (left <= 0) return;
    await this.#child.stdout.waitFor((line) => arrival(line) !== null && --left <= 0, {
      since: this.#child.stdout.all.length,
      what: `message ${count}`,
    });
  }

  /** Every message so far, in order. */
  arrivals(): Arrival[] {
    return this.#child.stdout.all.map(arrival).filter((each) => each !== null);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }
}

/** Parses a line `seconds.nanoseconds payload`; null for other lines. */
function arrival(line: string): Arrival | null {
  const [, whole, fraction, text] = /^(\d+)\.(\d{9}) (\{.*)$/.exec(line) ?? [];
  const payload = jsonLine(text ?? "");
  if (payload === null) return null;
  // In two steps: nanoseconds since 1970 exceed the integers that a number can represent.
  return { atMs: Number(whole) * 1000 + Number(fraction) / 1e6, payload };
}

/**
 * The latency of a plain message from its publisher to the subscriber.
 * @returns milliseconds, one for each plain message
 */
export async function plainMessages(broker: Mosquitto, seconds: number): Promise<number[]> {
  await using subscriber = await TimedSubscriber.start(broker, PLAIN_TOPIC);
  const count = Math.ceil(seconds * PLAIN_RATE_HZ);
  await using publisher = new Child({
    name: "plain messages",
    command: SYSTEM_PYTHON,
    args: [`${ROOT}/scripts/bench/latency/plain_messages.py`, "--topic", PLAIN_TOPIC]
      .concat("--mqtt-port", `${broker.port}`, "--rate", `${PLAIN_RATE_HZ}`, "--count", `${count}`),
  });
  await subscriber.arrived(count);
  const { success } = await publisher.exit();
  if (!success) throw new Error(`plain messages failed: ${publisher.stderr.text()}`);
  return subscriber.arrivals().map(({ atMs, payload }) => atMs - Number(payload["sentUs"]) / 1000);
}
