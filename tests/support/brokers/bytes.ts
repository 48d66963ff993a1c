/** A subscriber that keeps every payload byte by byte. */
import { Child } from "../system/children.ts";
import { programPath } from "../system/parts.ts";

/** A message whose payload need not be text. */
export interface ReceivedBytes {
  readonly topic: string;
  readonly retained: boolean;
  readonly bytes: Uint8Array;
}

/** A `mosquitto_sub` that prints payloads in hexadecimal. */
export class ByteSubscriber implements AsyncDisposable {
  readonly #child: Child;

  private constructor(child: Child) {
    this.#child = child;
  }

  /** Subscribes with QoS 1 and returns when the broker granted the topic. */
  static async start(port: number, topic: string): Promise<ByteSubscriber> {
    const child = new Child({
      name: "mosquitto_sub",
      command: programPath("stdbuf") ?? "stdbuf",
      args: ["-oL", programPath("mosquitto_sub") ?? "mosquitto_sub", "-h", "127.0.0.1"]
        .concat(["-p", `${port}`, "-q", "1", "-d", "-F", "message %r %t %x", "-t", topic]),
    });
    try {
      await child.stdout.waitFor((line) => line.startsWith("Subscribed"), {
        what: "its subscription",
      });
      return new ByteSubscriber(child);
    } catch (error) {
      await child[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Every message so far, in order. */
  get messages(): ReceivedBytes[] {
    return this.#child.stdout.all.map(parsed).filter((message) => message !== null);
  }

  /** Finds the first message that passes, or waits for it. */
  async waitFor(test: (message: ReceivedBytes) => boolean, what: string): Promise<ReceivedBytes> {
    const line = await this.#child.stdout.waitFor((text) => {
      const message = parsed(text);
      return message !== null && test(message);
    }, { what });
    const message = parsed(line);
    if (message === null) throw new Error(`not a message: ${line}`);
    return message;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }
}

function parsed(line: string): ReceivedBytes | null {
  const match = /^message ([01]) (\S+) ([0-9a-f]*)$/.exec(line);
  if (match === null) return null;
  const [, retained, topic = "", hex = ""] = match;
  const bytes = new Uint8Array(hex.length / 2);
  for (let at = 0; at < bytes.length; at++) {
    bytes[at] = Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16);
  }
  return { topic, retained: retained === "1", bytes };
}
