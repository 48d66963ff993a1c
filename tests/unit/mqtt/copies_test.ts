/** The copies of payloads for the readers of events. */
import assert from "node:assert/strict";
import { nextTick } from "node:process";
import type { CopiedEvent } from "../../../src/core/event_types.ts";
import type { FromPublisher } from "../../../src/core/messages.ts";
import { stayOf } from "../../support/presence/stays.ts";
import { crossing, messages, ready } from "./presence_rig.ts";
import { rig } from "./publisher_rig.ts";

function copies(posted: readonly FromPublisher[]): CopiedEvent[] {
  return posted.flatMap((message) => message.kind === "copied" ? [message.copy] : []);
}

/** The sequence numbers of the inferences, or the ids of the stays. */
function subjects(posted: readonly FromPublisher[]): string[] {
  return copies(posted).map(({ event, payload }) => {
    const json = JSON.parse(payload);
    return event === "inference" ? `${json.frame.seq}` : `${json.type} ${json.id}`;
  });
}

/** Inferences are copied in the next tick, when they have been written. */
function ticked(): Promise<void> {
  return new Promise((resolve) => nextTick(resolve));
}

Deno.test("copies: without readers there are none", async () => {
  const { publisher, posted, infer, start } = await ready();
  infer(1);
  start("A");
  assert.deepEqual(copies(posted), []);
  publisher.watch(true);
  publisher.watch(false);
  infer(2);
  await ticked();
  assert.deepEqual(copies(posted), []);
});

Deno.test("copies: they are the payloads of the messages, byte for byte, once each", async () => {
  const { publisher, posted, link, infer, start, end, emit } = await ready();
  publisher.watch(true);
  infer(1);
  await ticked();
  start("A");
  emit(crossing("t1"));
  end("A");
  const sent = [...messages(link, "inferences/gate/person"), ...messages(link, "presence/gate")];
  assert.equal(sent.length, 3);
  assert.deepEqual(
    copies(posted).map(({ payload }) => payload),
    sent.map(({ payload }) => payload),
  );
  assert.deepEqual(
    copies(posted).map((copy) => copy.event === "presence" ? copy.number : copy.detector),
    ["person", 1, 3],
  );
});

Deno.test("copies: readers do not wait for the broker, and get nothing twice once it is back", async () => {
  const { publisher, posted, link, infer, start, clock } = await ready();
  publisher.watch(true);
  link.disconnect();
  for (const seq of [1, 2]) infer(seq);
  await ticked();
  start("A");
  start("B");
  assert.deepEqual(subjects(posted), ["1", "2", "start A", "start B"]);
  link.connect();
  await clock.pass(10_000);
  assert.equal(messages(link, "inferences/gate/person").length, 1);
  assert.equal(messages(link, "presence/gate").length, 2);
  assert.deepEqual(subjects(posted), ["1", "2", "start A", "start B"]);
});

Deno.test("copies: what waits for its picture is copied with it, and what is behind it after it", async () => {
  const { publisher, posted, start } = await ready({ snapshot: "crop" });
  publisher.watch(true);
  start("A");
  start("B");
  assert.deepEqual(subjects(posted), []);
  const picture = (stay: string) =>
    publisher.presence.picture({
      ...{ stay, seq: stayOf(stay).best.seq },
      bytes: new Uint8Array([0xff, 0xd8]).buffer,
    });
  picture("B");
  assert.deepEqual(subjects(posted), []);
  picture("A");
  assert.deepEqual(subjects(posted), ["start A", "start B"]);
  assert.equal(JSON.parse(copies(posted)[0]?.payload ?? "").best.jpeg, "/9g=");
});

Deno.test("copies: a message that is sent again is copied once", async () => {
  const { publisher, posted, link, infer } = rig({ acknowledges: false, qos: { inferences: 1 } });
  link.connect();
  publisher.watch(true);
  infer(1);
  link.disconnect();
  link.connect();
  await ticked();
  const sent: string[] = [];
  // Each message waits for the acknowledgements of those before it.
  while (link.sent.length > 0) {
    for (const { message, done } of link.sent.splice(0)) {
      sent.push(message.topic);
      done(null);
    }
  }
  assert.equal(sent.filter((topic) => topic.includes("/inferences/")).length, 1);
  assert.deepEqual(subjects(posted), ["1"]);
});
