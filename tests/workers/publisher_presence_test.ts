/** One start and one end of each stay, as a subscriber of another program receives them. */
import assert from "node:assert/strict";
import type { FromPublisher } from "../../src/core/messages.ts";
import type { PublisherPlan } from "../../src/core/publisher_types.ts";
import { Mosquitto } from "../support/brokers/mosquitto.ts";
import { Schemas } from "../support/brokers/messages.ts";
import { Relay } from "../support/brokers/relay.ts";
import { TestJournal } from "../support/presence/journal.ts";
import { PresenceFeed, publisherHere, stayEvents } from "../support/presence/publisher_rig.ts";
import { presencePlan } from "../support/presence/stays.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { publisherPlan, publisherWorker } from "../support/workers/publisher_worker.ts";

const CUTS = 16;
/** Within the list before the first event, and further on with every cut: some events in all. */
const FIRST_CUT_BYTES = 40;
const CUT_STEP_BYTES = 293;

function planFor(url: string, run: number): PublisherPlan {
  return { ...publisherPlan(url), run, presence: presencePlan() };
}

/** A publisher in a thread of its own. */
function inWorker(broker: Mosquitto) {
  const worker = publisherWorker(`127.0.0.1:${broker.port}`);
  const create = (onMessage: (message: FromPublisher) => void) => {
    worker.onMessage((message) => {
      if (message.kind !== "log" && message.kind !== "failed") onMessage(message);
    });
    return worker;
  };
  return { worker, create };
}

Deno.test({
  name: "presence: the next run ends what a killed one left open, and starts what it sees itself",
  ignore: ignoreWithout("mosquitto"),
  async fn() {
    await using broker = await Mosquitto.start();
    await using subscriber = await broker.subscribe("orion/#");
    const first = inWorker(broker);
    let id = "";
    {
      using feed = new PresenceFeed(planFor(broker.url, 1), first.create);
      await feed.start();
      [id = ""] = feed.journal.started;
      await subscriber.waitFor(({ topic }) => topic.endsWith("/presence/gate"));
      first.worker.terminate();
    }
    const second = inWorker(broker);
    using _ = second.worker;
    using feed = new PresenceFeed(planFor(broker.url, 2), second.create);
    const end = await subscriber.waitFor(({ json }) => json?.["type"] === "end");
    const schemas = new Schemas();
    schemas.validate("orion.presence.1", end.json);
    assert.deepEqual([end.json?.["id"], end.json?.["reason"]], [id, "restart"]);
    assert.equal(end.json?.["endedAt"], end.json?.["seenAt"]);
    await feed.start();
    const other = feed.journal.started.at(-1);
    await feed.end();
    await feed.until(() => feed.journal.unsettled.length === 0);
    await feed.stop();
    await subscriber.waitFor(
      ({ topic, json }) => topic.endsWith("/status") && json?.["state"] === "offline",
      {
        since: subscriber.messages.indexOf(end),
      },
    );
    assert.deepEqual(stayEvents(subscriber.messages), [
      ...[`start ${id}`, `end ${id}`, `start ${other}`, `end ${other}`],
    ]);
    for (const { topic, json } of subscriber.messages) {
      if (topic.endsWith("/stays")) schemas.validate("orion.stays.1", json);
      if (topic.endsWith("/stays/sent")) schemas.validate("orion.sent.1", json);
      if (topic.includes("/occupancy/")) schemas.validate("orion.occupancy.1", json);
    }
    const occupied = subscriber.messages.filter(({ topic }) => topic.endsWith("/gate/all"))
      .map(({ json }) => json?.["occupied"]);
    assert.equal(occupied.at(-1), false);
  },
});

Deno.test({
  name: "presence: a stay goes on in the thread that replaces another",
  ignore: ignoreWithout("mosquitto"),
  async fn() {
    await using broker = await Mosquitto.start();
    await using subscriber = await broker.subscribe("orion/+/presence/#");
    let journal: TestJournal | null = null;
    for (let replaced = 0; replaced < 4; replaced++) {
      const { worker, create } = inWorker(broker);
      using feed: PresenceFeed = new PresenceFeed(planFor(broker.url, 1), create, journal);
      journal = feed.journal;
      if (replaced === 0) await feed.start();
      // Sometimes before it is connected, sometimes after.
      if (replaced !== 1) await feed.until(() => feed.connected);
      if (replaced === 3) {
        await feed.end();
        await feed.until(() => feed.journal.unsettled.length === 0);
        await feed.stop();
      }
      worker.terminate();
    }
    await subscriber.waitFor(({ json }) => json?.["type"] === "end");
    const [id] = journal?.started ?? [];
    assert.deepEqual(stayEvents(subscriber.messages), [`start ${id}`, `end ${id}`]);
  },
});

Deno.test({
  name: "presence: what happened while the broker was away is published once it is back",
  ignore: ignoreWithout("mosquitto"),
  async fn() {
    await using broker = await Mosquitto.start();
    let relay = Relay.start({ hostname: "127.0.0.1", to: broker.port });
    const { port } = relay;
    try {
      using feed = new PresenceFeed(planFor(`mqtt://127.0.0.1:${port}`, 1), publisherHere);
      await feed.start();
      await feed.until(() => feed.journal.unsettled.length === 0);
      await relay[Symbol.asyncDispose]();
      await feed.until(() => !feed.connected);
      await broker.restart();
      await feed.end();
      for (let stay = 0; stay < 5; stay++) {
        await feed.start();
        await feed.end();
      }
      await using subscriber = await broker.subscribe("orion/+/presence/#");
      relay = Relay.start({ hostname: "127.0.0.1", port, to: broker.port });
      await feed.until(() => feed.journal.unsettled.length === 0);
      const last = feed.journal.started.at(-1);
      await subscriber.waitFor(({ json }) => json?.["type"] === "end" && json["id"] === last);
      const expected = feed.journal.started.flatMap((id) => [`start ${id}`, `end ${id}`]);
      assert.deepEqual(stayEvents(subscriber.messages), expected.slice(1));
      await feed.stop();
    } finally {
      await relay[Symbol.asyncDispose]();
    }
  },
});

/**
 * The messages of presence that the broker received without the number behind them, because the connection
 * ended there: of those the publisher cannot know. As positions among all that it received.
 */
function withoutNumber(log: string): Set<number> {
  const positions = new Set<number>();
  let received = 0;
  let isNumbered = true;
  for (const line of log.split("\n")) {
    if (/Received PUBLISH .*\/presence\/gate'/.test(line)) {
      isNumbered = false;
      received += 1;
    } else if (/Received PUBLISH .*\/stays\/sent'/.test(line)) isNumbered = true;
    else if (/New client connected .* orion-lobby-1 /.test(line) && !isNumbered) {
      positions.add(received - 1);
      isNumbered = true;
    }
  }
  return positions;
}

Deno.test({
  name: "presence: cut in mid-packet, each start and each end arrives once",
  ignore: ignoreWithout("mosquitto"),
  async fn() {
    await using broker = await Mosquitto.start();
    await using subscriber = await broker.subscribe("orion/+/presence/#");
    await using relay = Relay.start({ hostname: "127.0.0.1", to: broker.port });
    using feed = new PresenceFeed(planFor(`mqtt://${relay.host}`, 1), publisherHere);
    for (let cut = 0; cut < CUTS; cut++) {
      await feed.until(() => feed.connected && feed.journal.unsettled.length === 0);
      let isCut = false;
      const done = relay.cutAfter(FIRST_CUT_BYTES + cut * CUT_STEP_BYTES).then(() => {
        isCut = true;
      });
      while (!isCut) {
        await feed.start();
        await feed.end();
      }
      await done;
    }
    await feed.until(() => feed.journal.unsettled.length === 0);
    const last = feed.journal.started.at(-1);
    await subscriber.waitFor(({ json }) => json?.["type"] === "end" && json["id"] === last);
    const received = stayEvents(subscriber.messages);
    const expected = feed.journal.started.flatMap((id) => [`start ${id}`, `end ${id}`]);
    assert.deepEqual([...new Set(received)], expected, "all of them, in order");
    const uncertain = withoutNumber(broker.log());
    const doubled = received.flatMap((event, at) => received.indexOf(event) === at ? [] : [at]);
    const unexplained = doubled.filter((at) =>
      !uncertain.has(received.indexOf(received[at] ?? ""))
    );
    assert.deepEqual(unexplained.map((at) => received[at]), []);
    assert.ok(
      uncertain.size < CUTS / 2,
      `${uncertain.size} of ${CUTS}: the number is a small part`,
    );
    await feed.stop();
  },
});
