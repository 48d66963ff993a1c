import assert from "node:assert/strict";
import { Mosquitto } from "../support/brokers/mosquitto.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import {
  inferenceResult,
  publisherPlan,
  publisherWorker,
  resultsTo,
} from "../support/workers/publisher_worker.ts";

/** Of each worker: together fewer than may be in flight at once. */
const COUNT = 10;

Deno.test({
  name: "publisher: results that workers sent before they ended are published before offline",
  ignore: ignoreWithout("mosquitto"),
  async fn() {
    await using broker = await Mosquitto.start();
    await using subscriber = await broker.subscribe("orion/#");
    using publisher = publisherWorker(`127.0.0.1:${broker.port}`);
    const plan = publisherPlan(broker.url, {}, { inferences: 1 });
    const outbox = { policy: "queue", max: 100 } as const;
    publisher.send({ kind: "start", plan: { ...plan, outbox } });
    {
      using first = resultsTo(publisher, "first");
      first.send(inferenceResult(0, { detector: "first" }));
      await subscriber.waitFor(({ topic }) => topic.endsWith("/gate/first"));
      // The thread of `one` was replaced, as by set_model.
      using replaced = resultsTo(publisher, "one");
      using one = resultsTo(publisher, "one");
      using other = resultsTo(publisher, "other");
      for (let seq = 0; seq < COUNT; seq++) {
        other.send(inferenceResult(seq, { detector: "other" }));
        (seq < COUNT / 2 ? replaced : one).send(inferenceResult(seq, { detector: "one" }));
      }
    }
    publisher.send({ kind: "stop" });
    await publisher.waitFor((message) => message.kind === "stopped");
    await subscriber.waitFor(({ json }) => json?.["state"] === "offline");
    const { messages } = subscriber;
    const seqs = (detector: string) =>
      messages.filter(({ topic }) => topic.endsWith(`/inferences/gate/${detector}`))
        .map(({ payload }) => Number(/"seq":(\d+)/.exec(payload)?.[1]));
    const all = Array.from({ length: COUNT }, (_, seq) => seq);
    assert.deepEqual(seqs("other"), all);
    assert.deepEqual(seqs("one").toSorted((a, b) => a - b), all);
    assert.equal(messages.at(-1)?.json?.["state"], "offline");
    const discarded = publisher.messages.filter(({ kind }) => kind === "discarded");
    assert.deepEqual(discarded, []);
  },
});
