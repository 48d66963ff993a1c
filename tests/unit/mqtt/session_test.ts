import assert from "node:assert/strict";
import { nextTick } from "node:process";
import { type Clock, systemClock } from "../../../src/core/clock.ts";
import { ACK_LOOK_MS } from "../../../src/mqtt/ack_watch.ts";
import { mqttSessions } from "../../../src/mqtt/client.ts";
import type { OutgoingMessage, Session } from "../../../src/mqtt/session.ts";
import { type Packet, ScriptedBroker } from "../../support/brokers/scripted_broker.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";
import { publisherPlan } from "../../support/workers/publisher_worker.ts";

/** Far longer than closing a connection takes. */
const CLOSE_TIMEOUT_MS = 60_000;
/** mqtt.js gives up a silent broker after one and a half of its 20 seconds. */
const KEEP_ALIVE_MS = 20_000;
/** Packet types of MQTT, the upper half of the first byte. */
const PUBLISH = 3;
const SUBSCRIBE = 8;

function message(payload: string): OutgoingMessage {
  return { topic: "t", payload, qos: 1, retain: false, expirySeconds: null };
}

/** The last character and the packet identifier of a PUBLISH. */
function published({ type, body }: Packet): { text: string; id: number[] } {
  assert.equal(type, PUBLISH);
  return { text: String.fromCharCode(body.at(-1) ?? 0), id: [...body.slice(3, 5)] };
}

async function connected(
  broker: ScriptedBroker,
  properties: readonly number[],
  clock: Clock = systemClock,
): Promise<Session> {
  const connack = Promise.withResolvers<void>();
  const session = mqttSessions(clock)({
    broker: publisherPlan(broker.address).broker,
    tls: { ca: null, cert: null, key: null },
    protocol: 5,
    clientId: "orion-lobby-1",
    will: message("gone"),
  }, { connected: () => connack.resolve(), message: () => {}, closed: () => {} });
  await broker.accept(properties);
  await connack.promise;
  return session;
}

/** Closes a session, and waits for mqtt.js to release the rest in a timer of 0. */
async function close(session: Session): Promise<void> {
  await session.close({ graceful: false, timeoutMs: CLOSE_TIMEOUT_MS });
  await new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("session: no more messages are in flight than Receive Maximum, and in order", async () => {
  using broker = new ScriptedBroker();
  // Receive Maximum, 2.
  const session = await connected(broker, [0x21, 0, 2]);
  const done: string[] = [];
  for (const text of ["1", "2", "3", "4"]) {
    session.publish(message(text), (error) => done.push(error === null ? text : error.code));
  }
  const first = published(await broker.packet());
  assert.equal(published(await broker.packet()).text, "2");
  // A message of QoS 0 overtakes the queued ones: the third was not sent.
  session.publish({ ...message("x"), qos: 0 }, () => {});
  assert.equal(published(await broker.packet()).text, "x");
  await broker.send([0x40, 2, ...first.id]);
  assert.equal(published(await broker.packet()).text, "3");
  assert.deepEqual(done, ["1"]);
  await close(session);
  assert.deepEqual(done, ["1", ...Array(3).fill("BROKER_CLOSED")], "each called back once");
});

Deno.test("session: a message published at a PUBACK does not overtake the queued ones", async () => {
  using broker = new ScriptedBroker();
  // Receive Maximum, 1.
  const session = await connected(broker, [0x21, 0, 1]);
  session.publish(message("1"), () => session.publish(message("4"), () => {}));
  for (const text of ["2", "3"]) session.publish(message(text), () => {});
  for (const text of ["1", "2", "3", "4"]) {
    const sent = published(await broker.packet());
    assert.equal(sent.text, text);
    await broker.send([0x40, 2, ...sent.id]);
  }
  await close(session);
});

Deno.test("session: an ordered message of QoS 0 follows the one before it in the same write", async () => {
  using broker = new ScriptedBroker();
  // Receive Maximum, 1.
  const session = await connected(broker, [0x21, 0, 1]);
  for (const text of ["1", "2"]) session.publish(message(text), () => {});
  session.publish({ ...message("x"), qos: 0, isOrdered: true }, () => {});
  const first = published(await broker.packet());
  assert.equal(first.text, "1");
  await broker.send([0x40, 2, ...first.id]);
  assert.equal(published(await broker.packet()).text, "2");
  assert.equal(published(await broker.packet()).text, "x", "without the PUBACK of 2");
  await close(session);
});

Deno.test("session: a picture is sent as bytes, and says that it is one", async () => {
  using broker = new ScriptedBroker();
  const session = await connected(broker, []);
  const jpeg = new Uint8Array([0xff, 0xd8, 0x00, 0xff, 0xd9]);
  session.publish({ ...message(""), jpeg, qos: 0 }, () => {});
  const { body } = await broker.packet();
  assert.deepEqual(body.slice(-5), jpeg);
  const head = new TextDecoder("latin1").decode(body.slice(0, -5));
  assert.ok(head.includes("image/jpeg"), head);
  await close(session);
});

Deno.test("session: a message beyond Maximum Packet Size is not sent", async () => {
  using broker = new ScriptedBroker();
  // Maximum Packet Size, 200.
  const session = await connected(broker, [0x27, 0, 0, 0, 200]);
  const codes: (string | null)[] = [];
  session.publish(message("x".repeat(200)), (error) => codes.push(error?.code ?? null));
  const acknowledged = Promise.withResolvers<void>();
  session.publish(message("y"), (error) => {
    codes.push(error?.code ?? null);
    acknowledged.resolve();
  });
  const sent = published(await broker.packet());
  assert.equal(sent.text, "y");
  await broker.send([0x40, 2, ...sent.id]);
  await acknowledged.promise;
  await close(session);
  assert.deepEqual(codes, ["BROKER_REFUSED_MESSAGE", null]);
});

Deno.test("session: a refused message and a refused subscription are reported with their reason code", async () => {
  using broker = new ScriptedBroker();
  const session = await connected(broker, []);
  const outcome = (act: (done: (text: string) => void) => void) => new Promise(act);
  const publishing = outcome((done) => session.publish(message("1"), (error) => done(`${error}`)));
  const { id } = published(await broker.packet());
  await broker.send([0x40, 3, ...id, 0x87]);
  assert.match(String(await publishing), /Cannot publish to t: .*reason code 135/);
  const subscribing = outcome((done) =>
    session.subscribe("t/control", 1, (error) => done(`${error?.code}`))
  );
  const { type, body } = await broker.packet();
  assert.equal(type, SUBSCRIBE);
  await broker.send([0x90, 4, ...body.slice(0, 2), 0, 0x87]);
  assert.equal(await subscribing, "BROKER_REFUSED_SUBSCRIPTION");
  assert.ok(session.connected, "the session continues");
  await close(session);
});

Deno.test("session: a message of QoS 0 is done when it was written, and fails when the connection broke before", async () => {
  using broker = new ScriptedBroker();
  const session = await connected(broker, []);
  const done: (string | null)[] = [];
  const written = Promise.withResolvers<void>();
  session.publish({ ...message("1"), qos: 0 }, (error) => {
    done.push(error?.code ?? null);
    written.resolve();
  });
  assert.equal(done.length, 0, "it is in a buffer of this process");
  await written.promise;
  assert.equal(published(await broker.packet()).text, "1");
  session.publish({ ...message("2"), qos: 0 }, (error) => done.push(error?.code ?? null));
  await close(session);
  assert.deepEqual(done, [null, "BROKER_CLOSED"]);
});

Deno.test("session: a message that is sent again has the DUP flag", async () => {
  using broker = new ScriptedBroker();
  const session = await connected(broker, []);
  for (const isRepeated of [false, true]) {
    session.publish({ ...message("1"), isRepeated }, () => {});
    const { flags } = await broker.packet();
    assert.equal((flags & 8) !== 0, isRepeated);
  }
});

for (
  const [name, packet] of [
    ["PUBREL", [0x62, 0]],
    ["PUBREC", [0x50, 1, 0]],
    ["PUBLISH of QoS 1", [0x32, 3, 0, 1, 0x61]],
    ["PUBLISH of QoS 2", [0x34, 3, 0, 1, 0x61]],
  ] as const
) {
  Deno.test(`session: a ${name} without its packet identifier ends the session with an error`, async () => {
    using broker = new ScriptedBroker();
    const session = await connected(broker, []);
    const done = Promise.withResolvers<string>();
    session.publish(message("1"), (error) => done.resolve(error?.code ?? "done"));
    await broker.send(packet);
    assert.equal(await done.promise, "BROKER_PROTOCOL");
    assert.equal(session.connected, false);
    await close(session);
  });
}

for (const qos of [0, 1] as const) {
  Deno.test(`session: a payload of QoS ${qos} may be changed when it is written, in the next tick`, async () => {
    using broker = new ScriptedBroker();
    const session = await connected(broker, []);
    const events: string[] = [];
    const beforeWrite = (bytes: Uint8Array) => {
      events.push("write");
      bytes[bytes.length - 1] = "2".charCodeAt(0);
    };
    session.publish({ ...message("1"), qos, beforeWrite }, () => events.push("done"));
    nextTick(() => events.push("tick"));
    const { type, body } = await broker.packet();
    assert.equal(type, PUBLISH);
    assert.equal(String.fromCharCode(body.at(-1) ?? 0), "2");
    // The copy for the readers of events is made in that tick.
    assert.deepEqual(events.slice(0, 2), ["write", "tick"]);
    await close(session);
  });
}

Deno.test("session: a malformed packet ends the session at once, not at the keep-alive", async () => {
  using broker = new ScriptedBroker();
  const session = await connected(broker, []);
  const done = Promise.withResolvers<string>();
  session.publish(message("1"), (error) => done.resolve(error?.code ?? "done"));
  // The properties are longer than the packet.
  const sentAtMs = performance.now();
  await broker.send([0x34, 6, 0, 1, 0x61, 0, 1, 7]);
  assert.equal(await done.promise, "BROKER_PROTOCOL");
  assert.ok(performance.now() - sentAtMs < KEEP_ALIVE_MS);
  await close(session);
});

Deno.test("session: a CONNACK that states a property twice ends the session with an error", async () => {
  using broker = new ScriptedBroker();
  const ended = Promise.withResolvers<string>();
  const session = mqttSessions(systemClock)({
    broker: publisherPlan(broker.address).broker,
    tls: { ca: null, cert: null, key: null },
    protocol: 5,
    clientId: "orion-lobby-1",
    will: null,
  }, {
    connected: () => ended.resolve("connected"),
    message: () => {},
    closed: ({ error }) => ended.resolve(error.code),
  });
  // Server Keep Alive, 1 and 2.
  await broker.accept([0x13, 0, 1, 0x13, 0, 2]);
  assert.equal(await ended.promise, "BROKER_PROTOCOL");
  await close(session);
});

Deno.test("session: a broker that acknowledges nothing any more is left, one that is slow is not", async () => {
  using broker = new ScriptedBroker();
  const clock = new HeldClock();
  const session = await connected(broker, [], clock);
  const done: string[] = [];
  const publish = (text: string) =>
    new Promise<void>((resolve) => {
      session.publish(message(text), (error) => {
        done.push(error === null ? text : error.code);
        resolve();
      });
    });
  for (const text of ["1", "2", "3"]) {
    const acknowledged = publish(text);
    const sent = published(await broker.packet());
    await clock.pass(2 * ACK_LOOK_MS);
    await broker.send([0x40, 2, ...sent.id]);
    await acknowledged;
  }
  assert.deepEqual(clock.waitsMs.length, 1, "one timer for all of them");
  const last = publish("4");
  await clock.pass(ACK_LOOK_MS);
  assert.equal(session.connected, true);
  await clock.pass(2 * ACK_LOOK_MS);
  await last;
  assert.deepEqual(done, ["1", "2", "3", "BROKER_TIMEOUT"]);
  assert.equal(session.connected, false);
  assert.deepEqual(clock.waitsMs, []);
  await close(session);
});
