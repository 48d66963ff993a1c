import assert from "node:assert/strict";
import fc from "fast-check";
import type { FromPublisher } from "../../../src/core/messages.ts";
import { MAX_ACKS } from "../../../src/mqtt/ack_queue.ts";
import {
  COMMAND_BURST,
  COMMANDS_PER_SECOND,
  MAX_UNANSWERED,
} from "../../../src/mqtt/command_receiver.ts";
import { type AckPayload, ackSchema } from "../../../src/mqtt/payloads.ts";
import { failure, rig } from "./publisher_rig.ts";

const CONTROL = "orion/lobby-1/control";

function text(id: string | undefined, command: string, params: object = {}): string {
  return JSON.stringify({ schema: "orion.command/1", id, command, params });
}

/** A connected publisher, the commands it forwarded and the acknowledgements it published. */
function receiver(options: Parameters<typeof rig>[0] = {}) {
  const parts = rig(options);
  parts.link.connect();
  const requests = () =>
    parts.posted.filter((each): each is Extract<FromPublisher, { kind: "command" }> =>
      each.kind === "command"
    ).map(({ request }) => request);
  const acks = (): AckPayload[] =>
    parts.link.sent.filter(({ message }) => message.topic === `${CONTROL}/ack`)
      .map(({ message }) => ackSchema.parse(JSON.parse(message.payload)));
  const answer = (index: number, data: unknown = null, replayed = false) => {
    const request = requests()[index];
    assert.ok(request !== undefined);
    const { command } = request.command;
    parts.publisher.acknowledge({ request: request.request, command, outcome: { data }, replayed });
  };
  return { ...parts, acks, answer, requests };
}

Deno.test("control: a command is forwarded, and acknowledged once when it was carried out", () => {
  const { acks, answer, link, posted, requests } = receiver();
  link.receive(CONTROL, text("a1", "pause", { camera: "gate" }));
  assert.deepEqual(requests().map(({ id, command }) => ({ id, command })), [
    { id: "a1", command: { command: "pause", camera: "gate", detector: null } },
  ]);
  assert.deepEqual(acks(), []);
  answer(0);
  answer(0);
  assert.equal(acks().length, 1);
  const [ack] = acks();
  assert.deepEqual({ ...ack, time: null }, {
    schema: "orion.ack/1",
    id: "a1",
    command: "pause",
    status: "ok",
    data: null,
    error: null,
    time: null,
  });
  const sent = link.sent.at(-1)?.message;
  assert.ok(sent?.qos === 1 && !sent.retain);
  assert.ok(posted.some((each) => each.kind === "published" && each.topicKind === "ack"));
});

Deno.test("control: a command without an id is acknowledged without one", () => {
  const { acks, answer, link, requests } = receiver();
  link.receive(CONTROL, text(undefined, "pause"));
  assert.equal(requests()[0]?.id, null);
  answer(0);
  assert.deepEqual(acks().map(({ id, command, status }) => [id, command, status]), [
    [null, "pause", "ok"],
  ]);
});

Deno.test("control: a repeated answer is marked as replayed, also when it is too large", () => {
  const { acks, answer, link } = receiver({ acknowledges: false });
  link.receive(CONTROL, text("a1", "get_status"));
  link.receive(CONTROL, text("a1", "get_status"));
  answer(0, { much: 1 });
  answer(1, { much: 1 }, true);
  assert.deepEqual(acks().map(({ replayed }) => replayed), [undefined, true]);
  link.sent.at(-1)?.done(failure("BROKER_REFUSED_MESSAGE"));
  assert.deepEqual(acks().at(-1)?.replayed, true);
});

Deno.test("control: anything but a command is refused with one acknowledgement and not forwarded", () => {
  const { acks, link, requests } = receiver();
  link.receive(CONTROL, "nonsense");
  link.receive(CONTROL, text("a1", "reboot"));
  link.receive(CONTROL, text("a2", "get_status"), true);
  link.receive("orion/lobby-1/other", text("a3", "get_status"));
  assert.deepEqual(acks().map(({ id, command, error }) => [id, command, error?.code]), [
    [null, null, "CONTROL_NOT_JSON"],
    ["a1", "reboot", "CONTROL_UNKNOWN_COMMAND"],
    ["a2", "get_status", "CONTROL_RETAINED"],
  ]);
  assert.deepEqual(requests(), []);
});

Deno.test("control: commands beyond the rate limit are refused, until tokens are refilled", async () => {
  const { acks, answer, clock, link, requests } = receiver();
  for (let each = 0; each < COMMAND_BURST + 5; each++) {
    link.receive(CONTROL, text(`a${each}`, "get_status"));
    if (requests().length > each) answer(each);
  }
  assert.equal(requests().length, COMMAND_BURST);
  assert.deepEqual(acks().slice(-5).map(({ error }) => error?.code), [
    ...Array(5).fill("CONTROL_TOO_OFTEN"),
  ]);
  await clock.pass(1_000);
  for (let each = 0; each < 50; each++) link.receive(CONTROL, text(`b${each}`, "get_status"));
  assert.equal(requests().length, COMMAND_BURST + COMMANDS_PER_SECOND);
});

Deno.test("control: malformed messages do not count towards the rate limit", () => {
  const { link, requests } = receiver();
  for (let each = 0; each < COMMAND_BURST * 3; each++) link.receive(CONTROL, "{");
  link.receive(CONTROL, text("a1", "get_status"));
  assert.equal(requests().length, 1);
});

Deno.test("control: unanswered commands are bounded", () => {
  const { acks, link, requests } = receiver();
  for (let each = 0; each <= MAX_UNANSWERED; each++) {
    link.receive(CONTROL, text(`a${each}`, "get_status"));
  }
  assert.equal(requests().length, MAX_UNANSWERED);
  assert.deepEqual(acks().map(({ error }) => error?.code), ["CONTROL_BUSY"]);
});

Deno.test("control: an acknowledgement in flight when the connection broke is sent again", () => {
  const { acks, answer, link } = receiver({ acknowledges: false });
  link.receive(CONTROL, text("a1", "pause"));
  link.receive(CONTROL, text("a2", "resume"));
  answer(0);
  link.disconnect();
  answer(1);
  assert.deepEqual(acks(), []);
  link.connect();
  link.sent[0]?.done(null); // The status.
  assert.deepEqual(acks().map(({ id }) => id), ["a1"], "alone, as one that was in flight");
  link.sent[1]?.done(null);
  assert.deepEqual(acks().map(({ id }) => id), ["a1", "a2"]);
  assert.deepEqual(link.topics(), ["status", "control/ack", "control/ack"]);
  assert.deepEqual(link.sent.map(({ message }) => message.isRepeated ?? false), [
    false,
    true,
    false,
  ]);
});

Deno.test("control: an answer that the broker refuses is replaced by a short error", () => {
  const { acks, answer, discarded, link } = receiver({ acknowledges: false });
  link.receive(CONTROL, text("a1", "get_status"));
  answer(0, { much: "x".repeat(1_000) });
  link.sent.at(-1)?.done(failure("BROKER_REFUSED_MESSAGE"));
  assert.deepEqual(discarded(), ["refused"]);
  assert.equal(acks().at(-1)?.error?.code, "CONTROL_ANSWER_REFUSED");
  link.sent.at(-1)?.done(failure("BROKER_REFUSED_MESSAGE"));
  assert.equal(acks().length, 2, "the replacement is not replaced");
});

Deno.test("control: acknowledgements for a broker that does not answer are bounded", () => {
  const { acks, discarded, link } = receiver({ acknowledges: false });
  for (let each = 0; each < MAX_ACKS + 7; each++) link.receive(CONTROL, "{");
  assert.deepEqual(discarded(), Array(7).fill("unacknowledged"));
  link.disconnect();
  for (let each = 0; each < 7; each++) link.receive(CONTROL, "{");
  assert.deepEqual(discarded(), Array(14).fill("unacknowledged"));
  link.connect();
  for (let at = 0; at < link.sent.length; at++) link.sent[at]?.done(null);
  assert.equal(acks().length, MAX_ACKS);
});

Deno.test("control: a command during a stop is refused", async () => {
  const { acks, link, publisher, requests } = receiver();
  const stopping = publisher.stop();
  link.receive(CONTROL, text("a1", "pause"));
  await stopping;
  assert.deepEqual(requests(), []);
  assert.deepEqual(acks().map(({ error }) => error?.code), ["CONTROL_STOPPING"]);
});

Deno.test("control: refusals are logged, but a flood of them is counted", async () => {
  const { clock, link, logged } = receiver();
  for (let each = 0; each < 500; each++) link.receive(CONTROL, "{");
  assert.equal(logged.length, 1);
  await clock.pass(10_000);
  link.receive(CONTROL, "{");
  assert.deepEqual(logged.map(({ event, fields }) => [event, fields["unlogged"]]), [
    ["control.command_refused", undefined],
    ["control.command_refused", 499],
  ]);
});

Deno.test("control: any message is either forwarded or refused, once", () => {
  const name = fc.constantFrom("pause", "set_rate", "get_status", "reboot", "__proto__");
  const params = fc.oneof(fc.constant({}), fc.constant({ camera: "gate" }), fc.jsonValue());
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.string(),
    fc.jsonValue().map((value) => JSON.stringify(value)),
    fc.record({ schema: fc.constant("orion.command/1"), id: fc.string(), command: name, params })
      .map((command) => JSON.stringify(command)),
  );
  fc.assert(
    fc.property(fc.array(payload, { maxLength: 40 }), (payloads) => {
      const { acks, link, requests } = receiver();
      for (const each of payloads) link.receive(CONTROL, each);
      assert.equal(acks().length + requests().length, payloads.length);
      assert.ok(acks().every(({ status }) => status === "error"));
    }),
    { numRuns: 200 },
  );
});
