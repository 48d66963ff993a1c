import assert from "node:assert/strict";
import { startEmbedded } from "../../../support/brokers/embedded.ts";
import {
  published,
  publishPacket,
  RawMqtt,
  subscribePacket,
} from "../../../support/brokers/raw_mqtt.ts";

const PUBLISH = 3;
const SUBACK = 9;

Deno.test("embedded broker: a topic with a control character is neither forwarded nor retained", async () => {
  await using broker = await startEmbedded();
  const payload = new TextEncoder().encode("text");
  const subscribed = async () => {
    const client = await RawMqtt.open(broker.port);
    assert.equal(await client.login({ clientId: crypto.randomUUID() }), 0);
    await client.send(subscribePacket("#", 0));
    await client.receiveType(SUBACK);
    return client;
  };
  using subscriber = await subscribed();
  for (const topic of ["a/\0", "a/\u0001", "a/\n", "a/\u007f", "a/\u0085", "a/\uffff"]) {
    using sender = await RawMqtt.open(broker.port);
    assert.equal(await sender.login({ clientId: "sender" }), 0);
    await sender.send(publishPacket({ topic, payload, retain: true }));
    await sender.closed();
  }
  using sender = await RawMqtt.open(broker.port);
  assert.equal(await sender.login({ clientId: "sender" }), 0);
  await sender.send(publishPacket({ topic: "a/é", payload, retain: true }));
  assert.equal(published(await subscriber.receiveType(PUBLISH)).topic, "a/é");
  using late = await subscribed();
  assert.equal(published(await late.receiveType(PUBLISH)).topic, "a/é");
});
