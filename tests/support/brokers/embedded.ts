/** The embedded broker in the test's own thread. */
import { systemClock } from "../../../src/core/clock.ts";
import { logTo } from "../../../src/core/log.ts";
import { EmbeddedBroker } from "../../../src/mqtt/broker/broker.ts";

/** Starts one on a free port, with no client of its own, and without a log. */
export function startEmbedded(): Promise<EmbeddedBroker> {
  return EmbeddedBroker.start({
    hostname: "127.0.0.1",
    port: 0,
    own: null,
    clock: systemClock,
    log: logTo(() => {}),
  });
}
