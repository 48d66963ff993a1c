import assert from "node:assert/strict";
import {
  DUPLICATE_ENDED_MS,
  READ_BACK_MS,
  READ_BACK_TIMEOUT_MS,
} from "../../../src/mqtt/status_watch.ts";
import { failure, rig as publisherRig, SESSION } from "./publisher_rig.ts";

const STATUS = "orion/lobby-1/status";

function rig(options: Parameters<typeof publisherRig>[0] = {}) {
  const parts = publisherRig(options);
  const { link, logged, posted } = parts;
  link.stateChanged(true);
  return {
    ...parts,
    events: () => logged.map(({ event }) => event),
    /** The problem as last posted to main. */
    problem: () =>
      posted.flatMap((each) => each.kind === "broker" ? [each.state.problem?.code ?? null] : [])
        .at(-1),
    statuses: () => link.sent.filter(({ message }) => message.topic === STATUS).length,
  };
}

/** A status of another publisher with our name. */
function foreign(state: "online" | "offline", session: number | undefined = SESSION + 1) {
  const since = "2026-11-22T11:02:41.640Z";
  return JSON.stringify({ schema: "orion.status/1", state, since, version: "0.1.0", session });
}

Deno.test("status watch: the status is read back in intervals, and published again when it is another", async () => {
  const { clock, link, statuses, events, problem } = rig();
  link.connect();
  assert.deepEqual([link.watched.length, statuses()], [1, 1]);
  await clock.pass(READ_BACK_MS);
  assert.deepEqual([link.watched.length, statuses()], [2, 1]);
  link.retainedStatus = null;
  await clock.pass(READ_BACK_MS);
  await clock.pass(READ_BACK_TIMEOUT_MS);
  assert.deepEqual([statuses(), events()], [2, ["mqtt.status_replaced"]]);
  assert.match(`${link.retainedStatus}`, /"state":"online"/);
  link.retainedStatus = "no JSON";
  await clock.pass(READ_BACK_MS);
  assert.equal(statuses(), 3);
  assert.equal(problem(), null);
});

Deno.test("status watch: a broker that drops the status and acknowledges it is a problem, until it arrives", async () => {
  const { clock, link, events, problem } = rig();
  link.dropsStatus = true;
  link.connect();
  await clock.pass(READ_BACK_TIMEOUT_MS);
  assert.equal(problem(), "BROKER_STATUS_REFUSED");
  assert.deepEqual(events(), ["mqtt.status_replaced", "mqtt.status_refused"]);
  link.dropsStatus = false;
  await clock.pass(READ_BACK_MS);
  assert.equal(problem(), null);
  assert.equal(events().at(-1), "mqtt.problem_ended");
});

Deno.test("status watch: with MQTT 5 a PUBACK shows that only reading is forbidden, which is no problem", async () => {
  const { clock, link, problem } = rig();
  link.stateChanged(true, 5);
  link.dropsStatus = true;
  link.connect();
  await clock.pass(READ_BACK_MS * 3);
  assert.equal(problem(), null);
});

Deno.test("status watch: with MQTT 5 a PUBACK that refuses the status is a problem at once", () => {
  const { link, problem } = rig({ acknowledges: false });
  link.stateChanged(true, 5);
  link.dropsStatus = true;
  link.connect();
  link.sent.find(({ message }) => message.topic === STATUS)?.done(
    failure("BROKER_REFUSED_MESSAGE"),
  );
  assert.equal(problem(), "BROKER_STATUS_REFUSED");
});

Deno.test("status watch: an online status of another session is a second instance, and is not answered at once", async () => {
  const { clock, link, statuses, events, problem } = rig();
  link.connect();
  link.receive(STATUS, foreign("online"));
  link.receive(STATUS, foreign("online"));
  assert.deepEqual(events(), ["mqtt.duplicate_instance"], "once");
  assert.equal(problem(), "BROKER_DUPLICATE_INSTANCE");
  assert.ok(link.isContested);
  assert.equal(statuses(), 1, "two that answer each other would never end");
  await clock.pass(DUPLICATE_ENDED_MS + READ_BACK_MS);
  assert.equal(problem(), null, "it has ended");
});

Deno.test("status watch: the will of another session that took the connection over is a second instance", () => {
  const { link, problem, statuses } = rig();
  link.retainedStatus = foreign("offline");
  link.connect();
  assert.equal(problem(), null, "an earlier run left it");
  link.disconnect();
  link.retainedStatus = foreign("offline", SESSION + 2);
  link.connect();
  assert.equal(problem(), "BROKER_DUPLICATE_INSTANCE");
  assert.ok(link.isContested);
  assert.ok(statuses() >= 1, "ours is published");
});

Deno.test("status watch: our own will, and what an earlier run left, are no second instance", () => {
  const { link, events } = rig();
  const left = foreign("online", undefined);
  link.retainedStatus = left;
  link.connect();
  link.disconnect();
  link.retainedStatus = link.plan.will()?.payload ?? null;
  link.connect();
  link.disconnect();
  link.retainedStatus = left; // The broker was restored.
  link.connect();
  assert.equal(events().includes("mqtt.duplicate_instance"), false);
});

Deno.test("status watch: what an earlier run left is no second instance where it comes after the PUBACK", async () => {
  const { clock, link, events } = rig();
  link.stateChanged(true, 5);
  link.connect();
  link.receive(STATUS, foreign("offline"), true);
  await clock.pass(READ_BACK_TIMEOUT_MS);
  assert.deepEqual(events(), []);
  link.receive(STATUS, foreign("offline", SESSION + 2), true);
  assert.deepEqual(
    events(),
    ["mqtt.duplicate_instance", "mqtt.status_replaced"],
    "later it is one",
  );
});

Deno.test("status watch: an offline of another session is replaced at once, at most once a second", async () => {
  const { clock, link, statuses } = rig();
  link.connect();
  link.receive(STATUS, foreign("offline"));
  link.receive(STATUS, foreign("offline"));
  assert.equal(statuses(), 2);
  await clock.pass(1_000);
  link.receive(STATUS, "garbage");
  assert.equal(statuses(), 3);
});

Deno.test("status watch: a broker that closes on the subscription is asked twice, and then no more", () => {
  const { link, events } = rig();
  for (let each = 0; each < 4; each++) {
    link.failsWatch = failure("BROKER_CLOSED");
    link.connect();
    link.disconnect();
  }
  assert.equal(link.watched.length, 2);
  assert.deepEqual(events(), ["mqtt.status_not_watched"]);
});

Deno.test("status watch: nothing is read back while disconnected, nor after a stop", async () => {
  const { clock, link, publisher } = rig();
  link.connect();
  link.stateChanged(false);
  assert.deepEqual(clock.waitsMs, []);
  link.stateChanged(true);
  link.connect();
  await publisher.stop();
  assert.deepEqual(clock.waitsMs, []);
});
