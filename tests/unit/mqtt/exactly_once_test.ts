/**
 * A broker that processes what it is sent up to any message, threads that are replaced, and processes that are
 * killed: a subscriber sees each start and each end once.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { OutgoingMessage } from "../../../src/mqtt/session.ts";
import { SETTLE_MS } from "../../../src/mqtt/retained_reader.ts";
import { TestJournal } from "../../support/presence/journal.ts";
import { ended, presencePlan, stayOf } from "../../support/presence/stays.ts";
import { rig } from "./publisher_rig.ts";

const ROOT = "orion/lobby-1";
/** Messages that a thread posted last and that main never reads. */
const MAX_UNREAD = 2;
/** Connections that the broker closes: with one more, a message could be their cause. */
const MAX_CLOSED = 4;

/** What outlives connections, threads and processes. */
class Broker {
  readonly retained = new Map<string, string>();
  /** The starts, ends and crossings that a subscriber received, as `start ID`. */
  readonly received: string[] = [];
  #last: OutgoingMessage | null = null;

  process(message: OutgoingMessage): void {
    this.#last = message;
    if (message.retain) this.retained.set(message.topic, message.payload);
    const json: Readonly<Record<string, unknown>> = message.payload.startsWith("{")
      ? JSON.parse(message.payload)
      : {};
    if (message.topic === `${ROOT}/presence/gate` && json["type"] !== "update") {
      this.received.push(`${json["type"]} ${json["id"]}`);
    }
    if (message.topic === `${ROOT}/crossings/gate/step`) {
      this.received.push(`crossing ${json["track"]}`);
    }
  }

  /** Whether a message is written in one piece with the one that was processed last. */
  belongs(message: OutgoingMessage | undefined): boolean {
    return isEvent(this.#last) && message?.topic === `${ROOT}/stays/sent`;
  }

  count(event: string): number {
    return this.received.filter((each) => each === event).length;
  }
}

/** Whether a message has its number behind it. */
function isEvent(message: OutgoingMessage | null): boolean {
  if (message === null) return false;
  const { topic, payload } = message;
  return topic.includes("/crossings/") ||
    topic.includes("/presence/") && !payload.includes('"type":"update"');
}

/** Runs of a process, one after the other. */
class World {
  readonly broker = new Broker();
  #run = 1;
  #session = 1;
  #stays = 0;
  #closed = 0;
  #journal = new TestJournal();
  #now = this.#start();
  #start() {
    this.#session += 1;
    const started = rig({
      acknowledges: false,
      session: this.#session,
      plan: { run: this.#run, presence: presencePlan() },
      openStays: () => this.#journal.open,
    });
    // Main reads what the thread posts, but for the last of it.
    const read = () => {
      while (started.posted.length > MAX_UNREAD) {
        const message = started.posted.shift();
        if (message !== undefined) this.#journal.observe(message);
      }
    };
    return { ...started, read };
  }

  get connected(): boolean {
    return this.#now.link.connected;
  }

  async connect(): Promise<void> {
    const { clock, link } = this.#now;
    for (const [topic, payload] of this.broker.retained) link.retained.set(topic, payload);
    link.connect();
    await clock.pass(SETTLE_MS);
  }

  emit(kind: "start" | "end" | "update" | "crossing"): void {
    const { publisher } = this.#now;
    this.readAll();
    const open = this.#journal.open;
    if (kind === "start") {
      this.#stays += 1;
      const stay = stayOf(`s${this.#stays}`);
      publisher.presence.emit({ kind, stay });
      return;
    }
    if (kind === "crossing") {
      this.#stays += 1;
      const crossing = {
        ...{ camera: "gate", line: "step", direction: "left", class: "person" } as const,
        track: `x${this.#stays}`,
        atMs: stayOf("").seenAtMs,
      };
      return publisher.presence.emit({ kind, crossing });
    }
    const [stay] = open;
    if (stay === undefined) return;
    publisher.presence.emit({ kind, stay: kind === "end" ? ended(stay) : stay });
  }

  /** The broker processes a message and its acknowledgement arrives. */
  acknowledge(): void {
    const first = this.#now.link.sent.shift();
    if (first === undefined) return;
    this.broker.process(first.message);
    first.done(null);
  }

  acknowledgeAll(): void {
    while (this.#now.link.sent.length > 0) this.acknowledge();
  }

  /** The broker processes some more messages, whose acknowledgements are lost. */
  processMore(count: number): void {
    const sent = this.#now.link.sent.map(({ message }) => message);
    const belonged = this.broker.belongs(sent[0]);
    let processed = 0;
    while (processed < sent.length && (processed < count || (processed === 0 && belonged))) {
      const message = sent[processed];
      if (message === undefined) return;
      // The number of a suspect follows its acknowledgement, which is lost here: it never was written.
      const isAlone = isEvent(message) &&
        sent[processed + 1]?.topic !== `${ROOT}/stays/sent`;
      if (isAlone) return;
      this.broker.process(message);
      processed += 1;
      const next = sent[processed];
      if (processed === count && next !== undefined && this.broker.belongs(next)) {
        this.broker.process(next);
        return;
      }
    }
  }

  break(count: number): void {
    if (!this.connected) return;
    this.processMore(count);
    this.#closed += count % 2;
    const isClosed = count % 2 === 1 && this.#closed <= MAX_CLOSED;
    this.#now.link.disconnect(isClosed ? "BROKER_CLOSED" : "BROKER_TIMEOUT");
  }

  readAll(): void {
    for (const message of this.#now.posted.splice(0)) this.#journal.observe(message);
  }

  /** The thread is terminated: main has not read the last that it posted. */
  replace(count: number): void {
    this.#now.read();
    if (this.connected) this.processMore(count);
    const resume = this.#journal.resume();
    this.#now = this.#start();
    this.#now.publisher.presence.resume(resume);
  }

  /** The process is killed. */
  kill(count: number): void {
    if (this.connected) this.processMore(count);
    this.#run += 1;
    this.#journal = new TestJournal();
    this.#now = this.#start();
  }

  /** Everything ends, and is acknowledged. @returns the stays of which the last process has heard the start */
  async finish(): Promise<readonly string[]> {
    if (!this.connected) await this.connect();
    this.acknowledgeAll();
    this.readAll();
    while (this.#journal.open.length > 0) {
      this.emit("end");
      this.readAll();
      this.acknowledgeAll();
    }
    this.acknowledgeAll();
    this.readAll();
    assert.deepEqual(this.#journal.unsettled, [], "all is settled");
    assert.equal(this.#now.publisher.presence.waiting, 0);
    return this.#journal.started;
  }

  get stays(): number {
    return this.#stays;
  }
}

const ACTIONS = [
  ...["start", "start", "end", "end", "update", "crossing"],
  ...["acknowledge", "acknowledge", "acknowledge", "connect", "connect"],
  ...["break", "break", "replace", "kill"],
] as const;

Deno.test("exactly once: each stay has one start and one end, whatever breaks, is replaced or killed", async () => {
  const action = fc.record({ what: fc.constantFrom(...ACTIONS), count: fc.nat({ max: 6 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
      const world = new World();
      for (const { what, count } of actions) {
        if (what === "acknowledge") world.acknowledge();
        else if (what === "connect") {
          if (!world.connected) await world.connect();
        } else if (what === "break") world.break(count);
        else if (what === "replace") world.replace(count);
        else if (what === "kill") world.kill(count);
        else world.emit(what);
      }
      const reported = await world.finish();
      const { received } = world.broker;
      for (let stay = 1; stay <= world.stays; stay++) {
        const starts = world.broker.count(`start s${stay}`);
        const ends = world.broker.count(`end s${stay}`);
        assert.ok(starts <= 1 && starts === ends, `s${stay}: ${received.join(", ")}`);
        assert.ok(world.broker.count(`crossing x${stay}`) <= 1, `x${stay}`);
        if (starts === 1) {
          const [start, end] = [
            received.indexOf(`start s${stay}`),
            received.indexOf(`end s${stay}`),
          ];
          assert.ok(start < end, `s${stay} in order`);
        }
      }
      for (const stay of reported) {
        assert.equal(world.broker.count(`start ${stay}`), 1, `${stay} of the last process`);
      }
    }),
    { numRuns: 1_000 },
  );
});
