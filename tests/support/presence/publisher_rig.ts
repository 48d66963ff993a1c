/** The publisher with presence: fed with persons, and observed as main does. */
import { systemClock } from "../../../src/core/clock.ts";
import type { InferenceResult } from "../../../src/core/detector_types.ts";
import { logTo } from "../../../src/core/log.ts";
import type { FromPublisher, ToPublisher } from "../../../src/core/messages.ts";
import type { PublisherPlan } from "../../../src/core/publisher_types.ts";
import { resultPort } from "../../../src/inference/result_port.ts";
import { mqttSessions } from "../../../src/mqtt/client.ts";
import { PublisherThread } from "../../../src/mqtt/publisher_thread.ts";
import { Presence } from "../../../src/presence/presence.ts";
import type { Received } from "../brokers/mosquitto.ts";
import { inferenceResult } from "../workers/publisher_worker.ts";
import { justNow } from "../clocks/just_now.ts";
import { TestJournal } from "./journal.ts";

/** Where the publisher is: a thread of its own, or this one. */
export interface Publisher {
  send(message: ToPublisher, transfers?: Transferable[]): void;
}

/** A publisher in this thread, which reconnects soon. */
export function publisherHere(onMessage: (message: FromPublisher) => void): Publisher {
  const clock = systemClock;
  const thread = new PublisherThread({
    clock,
    log: logTo(() => {}),
    session: crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
    random: () => 0.01,
    post: onMessage,
    openSession: mqttSessions(clock),
    readText: () => Promise.reject(new Error("no files here")),
    presenceOf: (plan, sink) =>
      new Presence(plan, {
        clock,
        randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
        ...sink,
      }),
  });
  return { send: (message) => void thread.handle(message) };
}

/** A publisher whose camera `gate` sees one person, or does not infer at all. */
export class PresenceFeed implements Disposable {
  readonly journal: TestJournal;
  readonly #publisher: Publisher;
  readonly #port: ReturnType<typeof resultPort>;
  readonly #waiters = new Set<() => void>();
  #isConnected = false;
  #connections = 0;
  #isStopped = false;
  #seq = 0;

  /** @param create  starts the publisher, and calls back with what it posts */
  constructor(
    plan: PublisherPlan,
    create: (onMessage: (message: FromPublisher) => void) => Publisher,
    before: TestJournal | null = null,
  ) {
    this.journal = before ?? new TestJournal();
    this.#publisher = create((message) => this.#onMessage(message));
    this.#publisher.send({ kind: "start", plan });
    if (before !== null) this.#publisher.send({ kind: "resume", resume: before.resume() });
    const { port1, port2 } = new MessageChannel();
    this.#publisher.send({ kind: "results", worker: "person-0", port: port1 }, [port1]);
    this.#port = resultPort(port2);
    this.#publisher.send({
      kind: "camera",
      status: {
        ...{ camera: "gate", state: "online", reason: null, reconnects: 0 },
        sinceMs: systemClock.wallMs(),
      },
    });
  }

  get connections(): number {
    return this.#connections;
  }

  get connected(): boolean {
    return this.#isConnected;
  }

  /** A person is seen in frame after frame, until its stay starts. */
  async start(): Promise<void> {
    const started = this.journal.started.length;
    this.pause(false);
    while (this.journal.started.length === started) {
      this.see();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** The stay ends: the detector is paused. */
  async end(): Promise<void> {
    this.pause(true);
    await this.until(() => this.journal.open.length === 0);
  }

  see(): void {
    this.#seq += 1;
    const result: InferenceResult = inferenceResult(this.#seq);
    this.#port.send(result, justNow());
  }

  pause(paused: boolean): void {
    const change = { kind: "paused", camera: "gate", detector: "person", paused } as const;
    this.#publisher.send({ kind: "presence", change });
  }

  /** Waits until a condition holds; it is tested whenever the publisher posts something. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiters.add(resolve));
  }

  async stop(): Promise<void> {
    this.#port.close();
    this.#publisher.send({ kind: "stop" });
    await this.until(() => this.#isStopped);
  }

  [Symbol.dispose](): void {
    this.#port.close();
  }

  #onMessage(message: FromPublisher): void {
    this.journal.observe(message);
    if (message.kind === "stopped") this.#isStopped = true;
    if (message.kind === "broker") {
      if (message.state.connected && !this.#isConnected) this.#connections += 1;
      this.#isConnected = message.state.connected;
    }
    // The publisher may post before it is done.
    queueMicrotask(() => {
      for (const met of this.#waiters) met();
      this.#waiters.clear();
    });
  }
}

/** The starts and ends among messages, as `start ID`. */
export function stayEvents(messages: readonly Received[]): string[] {
  return messages.flatMap(({ topic, json }) =>
    topic.includes("/presence/") ? [`${json?.["type"]} ${json?.["id"]}`] : []
  );
}
