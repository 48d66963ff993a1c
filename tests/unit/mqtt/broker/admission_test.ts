import assert from "node:assert/strict";
import { MAX_CLIENTS } from "../../../../src/mqtt/broker/admission.ts";
import { startEmbedded } from "../../../support/brokers/embedded.ts";
import { connectPacket, RawMqtt } from "../../../support/brokers/raw_mqtt.ts";
import { WAIT_TIMEOUT_MS } from "../../../support/system/lines.ts";

Deno.test("embedded broker: clients that close with their CONNECT keep no places", async () => {
  await using broker = await startEmbedded();
  for (let each = 0; each < 2 * MAX_CLIENTS; each++) {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: broker.port });
    await connection.write(connectPacket({ clientId: `short-${each}` }));
  }
  const untilMs = performance.now() + WAIT_TIMEOUT_MS;
  for (;;) {
    using client = await RawMqtt.open(broker.port);
    const returnCode = await client.login({ clientId: "late" });
    if (returnCode === 0) break;
    // The broker may still have to read the ends of the connections.
    assert.ok(performance.now() < untilMs, `CONNACK with ${returnCode}`);
  }
});
