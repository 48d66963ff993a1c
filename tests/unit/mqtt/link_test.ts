import assert from "node:assert/strict";
import { BrokerError } from "../../../src/core/errors.ts";
import { logTo } from "../../../src/core/log.ts";
import type {
  OpenSession,
  OutgoingMessage,
  SessionEnd,
  SessionEvents,
  SessionOptions,
} from "../../../src/mqtt/session.ts";
import { BrokerLink, type LinkState } from "../../../src/mqtt/link.ts";
import { HeldClock, settle } from "../../support/clocks/held_clock.ts";
import { publisherPlan } from "../../support/workers/publisher_worker.ts";

const WILL: OutgoingMessage = {
  topic: "orion/lobby-1/status",
  payload: "{}",
  qos: 1,
  retain: true,
  expirySeconds: null,
};

function end(code: string, more: Partial<SessionEnd> = {}): SessionEnd {
  const error = new BrokerError({ code, message: code, retryable: true, remedy: "Wait." });
  return { error, versionRefused: false, withoutConnack: false, ...more };
}

/** A link, and its sessions, whose events the test emits. */
function rig({ random = 1, protocol = 5 }: { random?: number; protocol?: 5 | "3.1.1" } = {}) {
  const clock = new HeldClock();
  const opened: { options: SessionOptions; events: SessionEvents; closes: boolean[] }[] = [];
  const states: LinkState[] = [];
  const openSession: OpenSession = (options, events) => {
    const session = { options, events, closes: [] };
    opened.push(session);
    return {
      connected: true,
      publish: (_message, done) => done(null),
      subscribe: (_filter, _qos, done) => done(null),
      unsubscribe: () => {},
      close: ({ graceful }) => {
        opened.at(-1)?.closes.push(graceful);
        events.closed(end("BROKER_CLOSED"));
        return Promise.resolve();
      },
    };
  };
  const link = new BrokerLink(
    {
      clientId: "orion-lobby-1",
      broker: publisherPlan("mqtt://127.0.0.1", { protocol }).broker,
      readTlsFiles: () => Promise.resolve({ ca: null, cert: null, key: null }),
      will: () => WILL,
    },
    { connected: () => {}, message: () => {}, stateChanged: (state) => states.push(state) },
    { openSession, clock, random: () => random, log: logTo(() => {}) },
  );
  return { clock, link, opened, states };
}

Deno.test("link: the delay doubles with every failure up to thirty seconds, and attempts never end", async () => {
  const { clock, link, opened } = rig();
  link.start();
  const delays: (number | undefined)[] = [];
  for (let attempt = 0; attempt < 8; attempt++) {
    await settle();
    opened.at(-1)?.events.closed(end("BROKER_REFUSED"));
    await settle();
    delays.push(clock.waitsMs[0]);
    await clock.pass(clock.waitsMs[0] ?? 0);
  }
  assert.deepEqual(delays, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  assert.equal(opened.length, 9);
  await link.close({ graceful: false, timeoutMs: 1 });
});

Deno.test("link: a connection that lasted resets the delay, one that did not lets it grow", async () => {
  const { clock, link, opened } = rig();
  link.start();
  for (const [lastedMs, delayMs] of [[100, 1_000], [100, 2_000], [2_000, 1_000]] as const) {
    await settle();
    opened.at(-1)?.events.connected();
    await clock.pass(lastedMs);
    opened.at(-1)?.events.closed(end("BROKER_CLOSED"));
    await settle();
    assert.deepEqual(clock.waitsMs, [delayMs]);
    await clock.pass(delayMs);
  }
  await link.close({ graceful: false, timeoutMs: 1 });
});

Deno.test("link: after connections that broke soon the delay stays below four seconds", async () => {
  const { clock, link, opened } = rig();
  link.start();
  const delays: (number | undefined)[] = [];
  // A: accepted and closed soon; R: refused, as while the broker restarts.
  for (const code of [..."AAARRAR"]) {
    await settle();
    if (code === "A") opened.at(-1)?.events.connected();
    opened.at(-1)?.events.closed(end(code === "A" ? "BROKER_CLOSED" : "BROKER_REFUSED"));
    await settle();
    delays.push(clock.waitsMs[0]);
    await clock.pass(clock.waitsMs[0] ?? 0);
  }
  assert.deepEqual(delays, [1_000, 2_000, 4_000, 1_000, 2_000, 4_000, 1_000]);
  await link.close({ graceful: false, timeoutMs: 1 });
});

for (const isAnnounced of [true, false]) {
  Deno.test(`link: takeovers ${isAnnounced ? "by their reason code" : "that were noticed"} back off to five minutes, until a connection lasts`, async () => {
    const { clock, link, opened } = rig();
    link.start();
    if (!isAnnounced) link.contested();
    const delays: (number | undefined)[] = [];
    for (const lastedMs of [...Array(8).fill(60_000), 600_000]) {
      await settle();
      opened.at(-1)?.events.connected();
      await clock.pass(lastedMs);
      opened.at(-1)?.events.closed(end(isAnnounced ? "BROKER_TAKEN_OVER" : "BROKER_CLOSED"));
      await settle();
      delays.push(clock.waitsMs[0]);
      await clock.pass(clock.waitsMs[0] ?? 0);
    }
    const growing = [4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000];
    assert.deepEqual(delays, [...growing, isAnnounced ? 4_000 : 1_000]);
    await link.close({ graceful: false, timeoutMs: 1 });
  });
}

Deno.test("link: a broker that refuses MQTT 5 gets 3.1.1 without a delay, and from then on", async () => {
  const { clock, link, opened } = rig();
  link.start();
  await settle();
  opened[0]?.events.closed(end("BROKER_PROTOCOL", { versionRefused: true }));
  await settle();
  assert.deepEqual(clock.waitsMs, []);
  opened[1]?.events.connected();
  await clock.pass(20_000);
  opened[1]?.events.closed(end("BROKER_CLOSED"));
  await settle();
  await clock.pass(1_000);
  assert.deepEqual(opened.map(({ options }) => options.protocol), [5, "3.1.1", "3.1.1"]);
  await link.close({ graceful: false, timeoutMs: 1 });
});

Deno.test("link: a broker that refuses both versions, or sends no CONNACK, is not tried without a delay", async () => {
  for (const how of [{ versionRefused: true }, { withoutConnack: true }]) {
    const { clock, link, opened } = rig();
    link.start();
    for (let attempt = 0; attempt < 6; attempt++) {
      await settle();
      opened.at(-1)?.events.closed(end("BROKER_PROTOCOL", how));
      await settle();
      await clock.pass(clock.waitsMs[0] ?? 0);
    }
    assert.ok(
      clock.nowMs() - new HeldClock().nowMs() > 3_000,
      "there were delays between the attempts",
    );
    assert.ok(new Set(opened.map(({ options }) => options.protocol)).size === 2);
    await link.close({ graceful: false, timeoutMs: 1 });
  }
});

Deno.test("link: a configured 3.1.1 stays 3.1.1", async () => {
  const { clock, link, opened } = rig({ protocol: "3.1.1" });
  link.start();
  for (let attempt = 0; attempt < 3; attempt++) {
    await settle();
    opened.at(-1)?.events.closed(end("BROKER_CLOSED", { withoutConnack: true }));
    await settle();
    await clock.pass(30_000);
  }
  assert.equal(opened.length, 4);
  assert.ok(opened.every(({ options }) => options.protocol === "3.1.1"));
  await link.close({ graceful: false, timeoutMs: 1 });
});

Deno.test("link: reports a failure once, and the next one when it differs", async () => {
  const { clock, link, opened, states } = rig();
  link.start();
  for (const code of ["BROKER_REFUSED", "BROKER_REFUSED", "BROKER_UNAUTHORISED"]) {
    await settle();
    opened.at(-1)?.events.closed(end(code));
    await settle();
    await clock.pass(30_000);
  }
  opened.at(-1)?.events.connected();
  assert.deepEqual(states.map(({ error, connected }) => error?.code ?? connected), [
    "BROKER_REFUSED",
    "BROKER_UNAUTHORISED",
    true,
  ]);
  assert.equal(states[0]?.sinceMs, states[1]?.sinceMs, "it is disconnected since the first");
  await link.close({ graceful: true, timeoutMs: 1 });
  assert.deepEqual(opened.at(-1)?.closes, [true]);
});

Deno.test("link: close ends a delay at once, and no attempt follows", async () => {
  const { clock, link, opened } = rig();
  link.start();
  await settle();
  opened[0]?.events.closed(end("BROKER_REFUSED"));
  await settle();
  await link.close({ graceful: true, timeoutMs: 1_000 });
  await link.close({ graceful: true, timeoutMs: 1_000 });
  await clock.pass(60_000);
  assert.equal(opened.length, 1);
  assert.equal(link.connected, false);
});
