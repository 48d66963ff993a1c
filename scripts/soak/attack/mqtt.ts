/** Mutated clients at the broker, some of whose connections stay open and idle. */
import { clientStream } from "../../../tests/fuzz/corpus/mqtt.ts";
import { pick } from "../../../tests/fuzz/mutate.ts";
import { OpenConnections, writeAll } from "../../../tests/support/system/connections.ts";
import { atPace, type Attack, attempt } from "./pace.ts";

const PER_SECOND = 20;
const MAX_OPEN = 24;

export const attackMqtt: Attack = async ({ plan, random, sent }, signal) => {
  using open = new OpenConnections();
  await atPace(PER_SECOND, signal, async () => {
    await attempt(async () => {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: plan.mqttPort });
      open.add(connection);
      open.keep(MAX_OPEN);
      sent.add("MQTT connections");
      await writeAll(connection, clientStream(random), pick(random, [100_000, 100_000, 3, 50]));
      if (random(3) === 0) await connection.closeWrite();
    });
  });
};
