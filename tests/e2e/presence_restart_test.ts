/** Orion is killed while people are in the picture, and started again: each stay has one start and one end. */
import assert from "node:assert/strict";
import { Schemas } from "../support/brokers/messages.ts";
import { Mosquitto, type Subscriber } from "../support/brokers/mosquitto.ts";
import { type PresenceMessage, presenceOf } from "../support/brokers/presence.ts";
import { assertReportCloses } from "../support/product/report.ts";
import { Rig } from "../support/product/rig.ts";
import { TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";

/** Two people who never leave. */
const CONFIG = [
  `cameras: [{ id: gate, url: "file:${TWO_PEOPLE_CLIP}", loop: true }]`,
  "detectors: [{ id: person, model: builtin:person-int8, rateHz: 5, classes: [person] }]",
].join("\n");
const PEOPLE = 2;
const RUNS = 3;

/** Waits until a subscriber has so many messages of a type. */
async function stays(
  subscriber: Subscriber,
  type: PresenceMessage["type"],
  count: number,
): Promise<void> {
  const came = () =>
    subscriber.messages.filter(({ topic, json }) =>
      topic === "orion/test/presence/gate" && json?.["type"] === type
    ).length;
  await subscriber.waitFor(() => came() >= count, { what: `${count} stays that ${type}` });
}

Deno.test({
  name: "presence: what a killed Orion left open its next run ends, once",
  ignore: ignoreWithout("libav", "mosquitto"),
  async fn() {
    await using broker = await Mosquitto.start();
    await using subscriber = await broker.subscribe("orion/#");
    for (let run = 1; run <= RUNS; run++) {
      await using rig = await Rig.start({ config: CONFIG, broker });
      await stays(subscriber, "start", PEOPLE * run);
      await stays(subscriber, "end", PEOPLE * (run - 1));
      const { body } = await rig.get("/status");
      assert.ok(typeof body === "object" && body !== null);
      if (run < RUNS) {
        rig.orion.signal("SIGKILL");
        await rig.orion.exit();
      } else {
        assertReportCloses(body);
        assert.equal(await rig.stop(), 0);
      }
    }
    await stays(subscriber, "end", PEOPLE * RUNS);

    const messages = presenceOf(subscriber.messages, "gate", new Schemas());
    const byId = Map.groupBy(messages, ({ id }) => id);
    assert.equal(byId.size, PEOPLE * RUNS);
    for (const [id, [start, end, ...more]] of byId) {
      assert.deepEqual([start?.type, end?.type, more.length], ["start", "end", 0], id);
      assert.equal(start?.track, end?.track);
      assert.ok((end?.endedAt ?? "") >= (start?.startedAt ?? "?"), `${id} ${end?.endedAt}`);
    }
    assert.deepEqual(
      messages.filter(({ type }) => type === "end").map(({ reason }) => reason),
      [...Array.from({ length: PEOPLE * (RUNS - 1) }, () => "restart"), "shutdown", "shutdown"],
    );
  },
});
