/** The MQTT client: may connect to the broker and read its TLS files. */
import { assertNever } from "../src/core/assert.ts";
import { systemClock } from "../src/core/clock.ts";
import type { FromPublisher, ToPublisher } from "../src/core/messages.ts";
import { serve } from "../src/core/worker_entry.ts";
import { mqttSessions } from "../src/mqtt/client.ts";
import { checkBroker } from "../src/mqtt/check_broker.ts";
import { BrokerLink } from "../src/mqtt/link.ts";
import { Publisher } from "../src/mqtt/publisher.ts";
import { ResultReceiver } from "../src/mqtt/result_receiver.ts";
import { readTlsFile } from "../src/mqtt/tls_files.ts";

serve<ToPublisher, FromPublisher>(({ post, log }) => {
  const clock = systemClock;
  const openSession = mqttSessions(clock);
  const readText = readTlsFile;
  const publisher = new Publisher({
    clock,
    log,
    session: crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
    post: (message) => post(message),
    openLink: (plan, events) =>
      new BrokerLink(plan, events, { openSession, clock, random: Math.random, log }),
    readText,
  });
  const results = new ResultReceiver({
    clock,
    onResult: (result, arrivedAtMs) => publisher.publishInference(result, arrivedAtMs),
  });
  return async (message) => {
    switch (message.kind) {
      case "start":
        return publisher.start(message.plan);
      case "try": {
        const protocol = await checkBroker(message.check, { openSession, clock, readText });
        return post({ kind: "tried", protocol });
      }
      case "results":
        return results.add(message.worker, message.port);
      case "results-abandoned":
        return results.abandon(message.worker);
      case "camera":
        return publisher.publishCamera(message.status);
      case "health":
        return publisher.publishHealth(message.health);
      case "answer":
        return publisher.acknowledge(message.answer);
      case "resume":
      case "presence":
      case "detect":
      case "kept":
      case "picture":
        return;
      case "stop":
        await results.drained();
        await publisher.stop();
        return post({ kind: "stopped" });
      default:
        return assertNever(message);
    }
  };
});
