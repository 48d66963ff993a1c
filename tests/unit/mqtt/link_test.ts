import assert from "node:assert/strict";
import { BrokerError } from "../../../src/core/errors.ts";
import { logTo } from "../../../src/core/log.ts";
import type { BrokerState } from "../../../src/core/publisher_types.ts";
import type {
  OpenSession,
  OutgoingMessage,
  SessionEnd,
  SessionEvents,
  SessionOptions,
} from "../../../src/mqtt/client.ts";
import { BrokerLink } from "../../../src/mqtt/link.ts";
import { brokerAddress } from "../../../src/mqtt/target.ts";
import { HeldClock, settle } from "../../support/clocks/held_clock.ts";

const WILL: OutgoingMessage = {
  topic: "orion/lobby-1/status",
  payload: "{}",
  qos: 1,
  retain: true,
  expirySeconds: null,
};

const ENDPOINT = {
  address: brokerAddress("mqtt://127.0.0.1"),
  username: null,
  password: null,
  ca: null,
  cert: null,
  key: null,
};

function end(code: string, more: Partial<SessionEnd> = {}): SessionEnd {
  const error = new BrokerError({ code, message: code, retryable: true, remedy: "Wait." });
  return { error, versionRefused: false, unanswered: false, ...more };
}

/** A link over sessions that do what the test says. */
function rig({ random = 1, protocol = 5 }: { random?: number; protocol?: 5 | "3.1.1" } = {}) {
  const clock = new HeldClock();
  const opened: { options: SessionOptions; events: SessionEvents; ended: boolean[] }[] = [];
  const states: BrokerState[] = [];
  const open: OpenSession = (options, events) => {
    const session = { options, events, ended: [] };
    opened.push(session);
    return {
      open: true,
      publish: (_message, settled) => settled(null),
      subscribe: (_filter, _qos, settled) => settled(null),
      end: ({ inOrder }) => {
        opened.at(-1)?.ended.push(inOrder);
        events.ended(end("BROKER_CLOSED"));
        return Promise.resolve();
      },
    };
  };
  const link = new BrokerLink(
    {
      clientId: "orion-lobby-1",
      protocol,
      loadEndpoint: () => Promise.resolve(ENDPOINT),
      will: () => WILL,
    },
    { connected: () => {}, message: () => {}, state: (state) => states.push(state) },
    { open, clock, random: () => random, log: logTo(() => {}) },
  );
  return { clock, link, opened, states };
}

Deno.test("link: waits longer with every failure, thirty seconds at most, and never gives up", async () => {
  const { clock, link, opened } = rig();
  link.start();
  const waits: (number | undefined)[] = [];
  for (let attempt = 0; attempt < 8; attempt++) {
    await settle();
    opened.at(-1)?.events.ended(end("BROKER_REFUSED"));
    await settle();
    waits.push(clock.waitsMs[0]);
    await clock.pass(clock.waitsMs[0] ?? 0);
  }
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  assert.equal(opened.length, 9);
  await link.close({ inOrder: false, withinMs: 1 });
});

Deno.test("link: a connection that lasted starts the waits anew, one that did not goes on with them", async () => {
  const { clock, link, opened } = rig();
  link.start();
  for (const [lastedMs, waitMs] of [[100, 1_000], [100, 2_000], [2_000, 1_000]] as const) {
    await settle();
    opened.at(-1)?.events.accepted();
    await clock.pass(lastedMs);
    opened.at(-1)?.events.ended(end("BROKER_CLOSED"));
    await settle();
    assert.deepEqual(clock.waitsMs, [waitMs]);
    await clock.pass(waitMs);
  }
  await link.close({ inOrder: false, withinMs: 1 });
});

Deno.test("link: a broker that accepts and hangs up is not hammered, and not left alone for long", async () => {
  const { clock, link, opened } = rig();
  link.start();
  const waits: (number | undefined)[] = [];
  // While the broker starts again it is not to be reached.
  for (const code of [..."AAARRAR"]) {
    await settle();
    if (code === "A") opened.at(-1)?.events.accepted();
    opened.at(-1)?.events.ended(end(code === "A" ? "BROKER_CLOSED" : "BROKER_REFUSED"));
    await settle();
    waits.push(clock.waitsMs[0]);
    await clock.pass(clock.waitsMs[0] ?? 0);
  }
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 1_000, 2_000, 4_000, 1_000]);
  await link.close({ inOrder: false, withinMs: 1 });
});

Deno.test("link: a broker that refuses MQTT 5 is tried in 3.1.1 at once, and from then on", async () => {
  const { clock, link, opened } = rig();
  link.start();
  await settle();
  opened[0]?.events.ended(end("BROKER_PROTOCOL", { versionRefused: true }));
  await settle();
  assert.deepEqual(clock.waitsMs, []);
  opened[1]?.events.accepted();
  await clock.pass(20_000);
  opened[1]?.events.ended(end("BROKER_CLOSED"));
  await settle();
  await clock.pass(1_000);
  assert.deepEqual(opened.map(({ options }) => options.protocol), [5, "3.1.1", "3.1.1"]);
  await link.close({ inOrder: false, withinMs: 1 });
});

Deno.test("link: a broker that refuses both versions, or never answers, is not tried without a wait", async () => {
  for (const why of [{ versionRefused: true }, { unanswered: true }]) {
    const { clock, link, opened } = rig();
    link.start();
    for (let attempt = 0; attempt < 6; attempt++) {
      await settle();
      opened.at(-1)?.events.ended(end("BROKER_PROTOCOL", why));
      await settle();
      await clock.pass(clock.waitsMs[0] ?? 0);
    }
    assert.ok(clock.nowMs() - new HeldClock().nowMs() > 3_000, "it waited between the attempts");
    assert.ok(new Set(opened.map(({ options }) => options.protocol)).size === 2);
    await link.close({ inOrder: false, withinMs: 1 });
  }
});

Deno.test("link: 3.1.1 that was asked for stays 3.1.1", async () => {
  const { clock, link, opened } = rig({ protocol: "3.1.1" });
  link.start();
  for (let attempt = 0; attempt < 3; attempt++) {
    await settle();
    opened.at(-1)?.events.ended(end("BROKER_CLOSED", { unanswered: true }));
    await settle();
    await clock.pass(30_000);
  }
  assert.equal(opened.length, 4);
  assert.ok(opened.every(({ options }) => options.protocol === "3.1.1"));
  await link.close({ inOrder: false, withinMs: 1 });
});

Deno.test("link: tells a failure once, and the next one when it differs", async () => {
  const { clock, link, opened, states } = rig();
  link.start();
  for (const code of ["BROKER_REFUSED", "BROKER_REFUSED", "BROKER_UNAUTHORISED"]) {
    await settle();
    opened.at(-1)?.events.ended(end(code));
    await settle();
    await clock.pass(30_000);
  }
  opened.at(-1)?.events.accepted();
  assert.deepEqual(states.map(({ error, connected }) => error?.code ?? connected), [
    "BROKER_REFUSED",
    "BROKER_UNAUTHORISED",
    true,
  ]);
  assert.equal(states[0]?.sinceMs, states[1]?.sinceMs, "it has been away since the first");
  await link.close({ inOrder: true, withinMs: 1 });
  assert.deepEqual(opened.at(-1)?.ended, [true]);
});

Deno.test("link: close ends a wait at once, and no attempt follows", async () => {
  const { clock, link, opened } = rig();
  link.start();
  await settle();
  opened[0]?.events.ended(end("BROKER_REFUSED"));
  await settle();
  await link.close({ inOrder: true, withinMs: 1_000 });
  await link.close({ inOrder: true, withinMs: 1_000 });
  await clock.pass(60_000);
  assert.equal(opened.length, 1);
  assert.equal(link.connected, false);
});
