import assert from "node:assert/strict";
import {
  published,
  publishPacket,
  RawMqtt,
  subscribePacket,
} from "../../../support/brokers/raw_mqtt.ts";
import { startEmbedded } from "../../../support/brokers/embedded.ts";

const BURSTS = 60;
/** Messages of a burst: while the broker handles some of them, the bytes of others arrive. */
const MESSAGES = 50;
const PUBLISH = 3;
const SUBACK = 9;

Deno.test("embedded broker: of bursts of messages each arrives once", async () => {
  await using broker = await startEmbedded();
  using reader = await RawMqtt.open(broker.port);
  assert.equal(await reader.login({ clientId: "reader" }), 0);
  await reader.send(subscribePacket("t", 0));
  await reader.receiveType(SUBACK);
  using writer = await RawMqtt.open(broker.port);
  assert.equal(await writer.login({ clientId: "writer" }), 0);
  let sent = 0;
  for (let burst = 0; burst < BURSTS; burst++) {
    const sending: Promise<void>[] = [];
    for (let message = 0; message < MESSAGES; message++) {
      const payload = new TextEncoder().encode(`${sent++}`.padEnd(burst * 20));
      sending.push(writer.send(publishPacket({ topic: "t", payload, qos: 1, id: sent })));
    }
    await Promise.all(sending);
  }
  const received: number[] = [];
  while (received.length < sent) {
    const { payload } = published(await reader.receiveType(PUBLISH));
    received.push(Number(new TextDecoder().decode(payload)));
  }
  assert.deepEqual(received.sort((a, b) => a - b), Array.from({ length: sent }, (_, at) => at));
});
