/** The MQTT client: may connect to the broker and read its TLS files. */
import { assertNever } from "../src/core/assert.ts";
import { systemClock } from "../src/core/clock.ts";
import type { FromPublisher, ToPublisher } from "../src/core/messages.ts";
import { serve } from "../src/core/worker_entry.ts";
import { mqttSessions } from "../src/mqtt/client.ts";
import { BrokerLink } from "../src/mqtt/link.ts";
import { Publisher } from "../src/mqtt/publisher.ts";
import { ResultPorts } from "../src/mqtt/result_ports.ts";
import { tryBroker } from "../src/mqtt/try_broker.ts";

serve<ToPublisher, FromPublisher>(({ post, log }) => {
  const clock = systemClock;
  const open = mqttSessions(clock);
  const readText = (path: string) => Deno.readTextFile(path);
  const publisher = new Publisher({
    clock,
    log,
    post: (message) => post(message),
    openLink: (plan, events) =>
      new BrokerLink(plan, events, { open, clock, random: Math.random, log }),
    readText,
  });
  const results = new ResultPorts({
    clock,
    take: (result, arrivedAtMs) => publisher.inference(result, arrivedAtMs),
  });
  return async (message) => {
    switch (message.kind) {
      case "start":
        return publisher.start(message.plan);
      case "try": {
        const protocol = await tryBroker(message.broker, { open, clock, readText });
        return post({ kind: "tried", protocol });
      }
      case "results":
        return results.add(message.worker, message.port);
      case "results-abandoned":
        return results.giveUp(message.worker);
      case "camera":
        return publisher.camera(message.status);
      case "health":
        return publisher.health(message.health);
      case "answer":
        return publisher.answer(message.answer);
      case "stop":
        await results.ended();
        await publisher.stop();
        return post({ kind: "stopped" });
      default:
        return assertNever(message);
    }
  };
});
