/** The MQTT client, and the presence of what it publishes: may connect to the broker and read its TLS files. */
import { systemClock } from "../src/core/clock.ts";
import type { FromPublisher, ToPublisher } from "../src/core/messages.ts";
import { serve } from "../src/core/worker_entry.ts";
import { mqttSessions } from "../src/mqtt/client.ts";
import { PublisherThread } from "../src/mqtt/publisher_thread.ts";
import { readTlsFile } from "../src/mqtt/tls_files.ts";
import { Presence } from "../src/presence/presence.ts";

serve<ToPublisher, FromPublisher>(({ post, log }) => {
  const clock = systemClock;
  const thread = new PublisherThread({
    clock,
    log,
    session: crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
    random: Math.random,
    post: (message) => post(message),
    openSession: mqttSessions(clock),
    readText: readTlsFile,
    presenceOf: (plan, sink) =>
      new Presence(plan, {
        clock,
        randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
        ...sink,
      }),
  });
  return (message) => thread.handle(message);
});
