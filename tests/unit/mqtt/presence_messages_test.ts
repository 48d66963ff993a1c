import assert from "node:assert/strict";
import { isoTime } from "../../../src/core/clock.ts";
import { REFRESH_MS } from "../../../src/mqtt/open_stays.ts";
import { parseStays, sentPayload, staysPayload } from "../../../src/mqtt/presence_payloads.ts";
import { MAX_WAITING_EVENTS } from "../../../src/core/presence_types.ts";
import { LISTEN_MS, SETTLE_MS } from "../../../src/mqtt/retained_reader.ts";
import { ended, presencePlan, stayOf } from "../../support/presence/stays.ts";
import { crossing, events, messages, ready, ROOT } from "./presence_rig.ts";
import { failure, rig } from "./publisher_rig.ts";

Deno.test("presence: an event is reported to main, then listed, published and followed by its number", async () => {
  const { link, posted, start } = await ready();
  start("a");
  assert.deepEqual(link.topics(), ["stays", "presence/gate", "stays/sent"]);
  const kinds = posted.map(({ kind }) => kind);
  assert.ok(kinds.indexOf("presence") < kinds.indexOf("presence-settled"));
  const [list] = messages(link, "stays");
  assert.deepEqual(
    parseStays(list?.payload ?? "")?.stays.map(({ id, started, ended }) => ({
      id,
      started,
      ended,
    })),
    [{ id: "a", started: 1, ended: null }],
  );
  assert.match(messages(link, "stays/sent")[0]?.payload ?? "", /"upTo":1}/);
  const [event] = messages(link, "presence/gate");
  assert.deepEqual([event?.qos, event?.retain], [1, false]);
});

Deno.test("presence: nothing is published before what is retained was read", async () => {
  const started = rig({ plan: { presence: presencePlan() } });
  started.publisher.presence.emit({ kind: "start", stay: stayOf("a") });
  started.link.connect();
  assert.deepEqual(events(started.link), []);
  await started.clock.pass(SETTLE_MS - 1);
  assert.deepEqual(events(started.link), []);
  await started.clock.pass(1);
  assert.deepEqual(events(started.link), ["start a"]);
  await started.clock.pass(LISTEN_MS);
  // Each by its name: there are brokers that send nothing retained for a wildcard.
  for (const topic of ["stays", "stays/sent"]) {
    assert.ok(started.link.unsubscribed.includes(`${ROOT}/${topic}`), "it does not read its own");
  }
});

Deno.test("presence: a broker that refuses to be read from gets the events all the same", async () => {
  const { clock, link, logged, publisher } = rig({ plan: { presence: presencePlan() } });
  link.grantsReads = false;
  link.connect();
  publisher.presence.emit({ kind: "start", stay: stayOf("a") });
  for (const { done } of link.reads) done(failure("BROKER_REFUSED_SUBSCRIPTION"));
  assert.deepEqual(events(link), ["start a"]);
  assert.equal(logged.filter(({ event }) => event === "mqtt.retained_not_read").length, 5);
  link.disconnect();
  link.connect();
  publisher.presence.emit({ kind: "end", stay: ended(stayOf("a")) });
  await clock.pass(0);
  assert.deepEqual(events(link), ["end a"], "and it is not asked again");
});

Deno.test("presence: what the run before left open ends when it was last seen, late as it may be read", async () => {
  for (const lateMs of [0, SETTLE_MS + 1]) {
    const { clock, link, posted } = rig({ plan: { run: 2, presence: presencePlan() } });
    link.connect();
    await clock.pass(lateMs);
    const writer = { instance: "lobby-1", session: 1, thread: 3, upTo: 4 };
    const list = staysPayload(writer, [
      { stay: stayOf("open"), started: 3, ended: null },
      { stay: ended(stayOf("over")), started: 2, ended: 5 },
    ]);
    link.receive(`${ROOT}/stays`, JSON.stringify(list), true);
    link.receive(`${ROOT}/stays/sent`, JSON.stringify(sentPayload({ ...writer, upTo: 5 })), true);
    assert.deepEqual(events(link), ["end open"]);
    assert.match(messages(link, "presence/gate")[0]?.payload ?? "", /"reason":"restart"/);
    assert.deepEqual(
      posted.flatMap((each) => each.kind === "presence" ? [each.event.kind] : []),
      ["end"],
      "main hears of an end whose start it does not know",
    );
    link.receive(`${ROOT}/stays`, JSON.stringify(list), true);
    assert.deepEqual(events(link), ["end open"], "once");
  }
});

Deno.test("presence: a list of another instance, a live one, a huge one and a broken one end nothing", async () => {
  const { clock, link } = rig({ plan: { run: 2, presence: presencePlan() } });
  link.connect();
  const writer = { instance: "lobby-1", session: 1, thread: 3, upTo: 4 };
  const text = (changes = {}) =>
    JSON.stringify({
      ...staysPayload(writer, [{ stay: stayOf("x"), started: 3, ended: null }]),
      ...changes,
    });
  link.receive(`${ROOT}/stays`, text({ instance: "lobby-2" }), true);
  link.receive(`${ROOT}/stays`, text(), false);
  link.receive(`${ROOT}/stays`, text({ padding: "x".repeat(300_000) }), true);
  link.receive(`${ROOT}/stays`, text().slice(1), true);
  link.receive(`${ROOT}/stays`, new Uint8Array([0xff, 0xfe]), true);
  await clock.pass(LISTEN_MS);
  assert.deepEqual(events(link), []);
});

Deno.test("presence: a forged number acknowledges no event of later", async () => {
  const { clock, link, emit, posted } = await ready({ acknowledges: false });
  link.disconnect();
  const forged = { instance: "lobby-1", session: 1, thread: 7, upTo: 1_000_000 };
  link.retained.set(`${ROOT}/stays`, JSON.stringify(staysPayload(forged, [])));
  link.retained.set(`${ROOT}/stays/sent`, JSON.stringify(sentPayload(forged)));
  link.connect();
  await clock.pass(SETTLE_MS);
  emit(crossing("t"));
  assert.equal(posted.some(({ kind }) => kind === "presence-settled"), false);
});

Deno.test("presence: the list is written anew while a stay is open", async () => {
  const seen = stayOf("a");
  const { clock, link, publisher } = rig({
    plan: { presence: presencePlan() },
    openStays: () => [{ ...seen, seenAtMs: clock.wallMs() }],
  });
  link.connect();
  await clock.pass(SETTLE_MS);
  publisher.presence.emit({ kind: "start", stay: seen });
  const before = messages(link, "stays").length;
  await clock.pass(REFRESH_MS);
  const lists = messages(link, "stays");
  assert.equal(lists.length, before + 1);
  const [listed] = parseStays(lists.at(-1)?.payload ?? "")?.stays ?? [];
  assert.equal(listed?.seenAt, new Date(Number(clock.wallMs())).toISOString());
  publisher.presence.emit({ kind: "end", stay: ended(seen) });
  await clock.pass(REFRESH_MS);
  const after = messages(link, "stays").length;
  await clock.pass(3 * REFRESH_MS);
  assert.equal(messages(link, "stays").length, after, "and no more when none is");
});

Deno.test("presence: a waiting update is replaced by a newer one of its stay", async () => {
  const { discarded, emit, link, start, clock } = await ready();
  link.disconnect();
  start("a");
  for (let each = 0; each < 3; each++) emit({ kind: "update", stay: stayOf("a") });
  assert.deepEqual(discarded(), ["superseded", "superseded"]);
  link.connect();
  await clock.pass(SETTLE_MS);
  assert.deepEqual(events(link), ["start a", "update a"]);
});

Deno.test("presence: the broker has the list before an event, and one event at a time", async () => {
  const { emit, link, start } = await ready({ acknowledges: false });
  const acknowledge = () => link.sent.shift()?.done(null);
  start("a");
  emit(crossing("t"));
  start("b");
  assert.deepEqual(link.topics(), ["stays"]);
  acknowledge();
  assert.deepEqual(link.topics(), ["presence/gate", "stays/sent"]);
  acknowledge();
  assert.deepEqual(link.topics(), ["stays/sent", "crossings/gate/step", "stays/sent"]);
  acknowledge();
  acknowledge();
  assert.deepEqual(link.topics(), ["stays/sent", "stays"], "which holds the next start");
  acknowledge();
  acknowledge();
  assert.deepEqual(link.topics(), ["presence/gate", "stays/sent"]);
});

Deno.test("presence: beyond the bound updates and crossings go first, then whole stays", async () => {
  const { clock, discarded, emit, end, link, start } = await ready();
  start("sent");
  link.sent.splice(0);
  link.disconnect();
  emit(crossing("oldest"));
  emit({ kind: "update", stay: stayOf("sent") });
  for (let each = 0; each < MAX_WAITING_EVENTS - 2; each++) start(`s${each}`);
  assert.deepEqual(discarded(), []);
  end("sent");
  end("s1");
  assert.deepEqual(discarded(), ["full", "full"], "the crossing and the update");
  end("s2");
  assert.deepEqual(discarded().length, 3, "the start of s0");
  end("s0");
  assert.deepEqual(discarded().length, 4, "and its end");
  end("s3");
  assert.deepEqual(discarded().length, 6, "s1, start and end");
  link.connect();
  await clock.pass(SETTLE_MS);
  const published = events(link);
  assert.equal(published.filter((each) => /^(start|end) s[01]$/.test(each)).length, 0);
  assert.ok(published.includes("end sent") && published.includes("end s2"));
});

Deno.test("presence: without a start there is no end", async () => {
  const { discarded, end, link, start } = await ready({ acknowledges: false });
  start("a");
  link.sent.shift()?.done(null);
  const [first] = link.sent;
  first?.done(failure("BROKER_REFUSED_MESSAGE"));
  end("a");
  assert.deepEqual(discarded(), ["refused", "refused"]);
});

Deno.test("presence: the thread that replaces one publishes what was not acknowledged, with its number", async () => {
  const { clock, link, publisher, posted } = rig({ plan: { presence: presencePlan() } });
  publisher.presence.resume({
    stays: [stayOf("open")],
    unpublished: [{ number: 5, event: { kind: "start", stay: stayOf("open") } }],
    lastNumber: 6,
  });
  link.connect();
  await clock.pass(SETTLE_MS);
  assert.deepEqual(events(link), ["start open"]);
  assert.ok(posted.some((each) => each.kind === "presence-settled" && each.number === 5));
  publisher.presence.emit({ kind: "end", stay: ended(stayOf("open")) });
  assert.ok(posted.some((each) => each.kind === "presence" && each.number === 7));
});

Deno.test("presence: `time` is when it happened, however late it is published", async () => {
  const { clock, link, publisher } = rig({ plan: { presence: presencePlan() } });
  const happenedAt = isoTime(clock.wallMs());
  publisher.presence.emit({ kind: "start", stay: stayOf("A") });
  await clock.pass(60_000);
  link.connect();
  await clock.pass(SETTLE_MS);
  const [message] = messages(link, "presence/gate");
  assert.equal(JSON.parse(message?.payload ?? "{}").time, happenedAt);
});
