/** The embedded broker: may listen on its own address. */
import { assertNever } from "../src/core/assert.ts";
import { systemClock } from "../src/core/clock.ts";
import { LifecycleError } from "../src/core/errors.ts";
import type { FromBroker, ToBroker } from "../src/core/messages.ts";
import { serve } from "../src/core/worker_entry.ts";
import { EmbeddedBroker } from "../src/mqtt/broker/broker.ts";

serve<ToBroker, FromBroker>(({ post, log }) => {
  let starting: Promise<EmbeddedBroker> | null = null;
  return async (message) => {
    switch (message.kind) {
      case "start": {
        if (starting !== null) throw new LifecycleError("the broker was started twice");
        const { hostname, port, own } = message;
        starting = EmbeddedBroker.start({ hostname, port, own, clock: systemClock, log });
        await starting;
        return post({ kind: "listening" });
      }
      case "stop": {
        // A failed start was reported as `failed`, and leaves nothing to close.
        const broker = await starting?.catch(() => null);
        await broker?.close();
        return post({ kind: "stopped" });
      }
      default:
        return assertNever(message);
    }
  };
});
