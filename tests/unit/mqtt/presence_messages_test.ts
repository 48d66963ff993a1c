import assert from "node:assert/strict";
import type { PresenceEvent, SnapshotMode } from "../../../src/core/presence_types.ts";
import type { OutgoingMessage } from "../../../src/mqtt/session.ts";
import { PICTURE_TIMEOUT_MS } from "../../../src/mqtt/picture_requests.ts";
import { MAX_EVENTS } from "../../../src/mqtt/presence_queue.ts";
import { LISTEN_MS, SETTLE_MS } from "../../../src/mqtt/retained_reader.ts";
import { REFRESH_MS } from "../../../src/mqtt/open_stays.ts";
import { parseStays, sentPayload, staysPayload } from "../../../src/mqtt/presence_payloads.ts";
import { ended, presencePlan, STARTED_MS, stayOf } from "../../support/presence/stays.ts";
import { failure, type FakeLink, rig } from "./publisher_rig.ts";

const ROOT = "orion/lobby-1";

/** A publisher with presence; connected, and what is retained was read. */
async function ready(
  { snapshot = "none", acknowledges = true }: {
    snapshot?: SnapshotMode;
    acknowledges?: boolean;
  } = {},
) {
  const started = rig({ acknowledges, plan: { presence: presencePlan(snapshot) } });
  started.link.connect();
  await started.clock.pass(SETTLE_MS);
  started.link.sent.splice(0).forEach(({ done }) => acknowledges || done(null));
  const emit = (event: PresenceEvent) => started.publisher.presence.emit(event);
  const start = (id: string) => emit({ kind: "start", stay: stayOf(id) });
  const end = (id: string) => emit({ kind: "end", stay: ended(stayOf(id)) });
  return { ...started, emit, start, end };
}

/** What was published of stays and crossings, as `start ID`. */
function events(link: FakeLink): string[] {
  return link.sent.flatMap(({ message: { topic, payload } }) => {
    if (!topic.includes("/presence/") && !topic.includes("/crossings/")) return [];
    const json = JSON.parse(payload);
    return [topic.includes("/presence/") ? `${json.type} ${json.id}` : `crossing ${json.track}`];
  });
}

function messages(link: FakeLink, topic: string): OutgoingMessage[] {
  return link.sent.map(({ message }) => message)
    .filter((message) => message.topic === `${ROOT}/${topic}`);
}

function crossing(track: string): PresenceEvent {
  return {
    kind: "crossing",
    crossing: {
      ...{ camera: "gate", line: "step", direction: "left", class: "person" } as const,
      track,
      atMs: STARTED_MS,
    },
  };
}

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
  assert.ok(started.link.unsubscribed.includes(`${ROOT}/stays/#`), "it does not read its own");
});

Deno.test("presence: a broker that refuses to be read from gets the events all the same", async () => {
  const { clock, link, logged, publisher } = rig({ plan: { presence: presencePlan() } });
  link.grantsReads = false;
  link.connect();
  publisher.presence.emit({ kind: "start", stay: stayOf("a") });
  for (const { done } of link.reads) done(failure("BROKER_REFUSED_SUBSCRIPTION"));
  assert.deepEqual(events(link), ["start a"]);
  assert.equal(logged.filter(({ event }) => event === "mqtt.retained_not_read").length, 3);
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
  for (let each = 0; each < MAX_EVENTS - 2; each++) start(`s${each}`);
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

Deno.test("presence: an event that the broker refuses with its picture is sent without", async () => {
  const { emit, link, posted, publisher } = await ready({
    snapshot: "crop",
    acknowledges: false,
  });
  emit({ kind: "end", stay: ended(stayOf("a")) });
  publisher.presence.picture({ stay: "a", seq: 1041, bytes: new ArrayBuffer(8) });
  link.sent.shift()?.done(null);
  const first = link.sent.find(({ message }) => message.topic.endsWith("/presence/gate"));
  assert.match(first?.message.payload ?? "", /"jpeg":"AAAAAAAAAAA="/);
  first?.done(failure("BROKER_REFUSED_MESSAGE"));
  const last = messages(link, "presence/gate").at(-1);
  assert.match(last?.payload ?? "", /"jpeg":null/);
  assert.equal(posted.some(({ kind }) => kind === "presence-settled"), false);
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

Deno.test("presence: with pictures, a start waits for its own, and what is behind it waits too", async () => {
  const { emit, link, posted, publisher, start } = await ready({ snapshot: "crop" });
  start("a");
  emit(crossing("t"));
  assert.deepEqual(posted.filter(({ kind }) => kind === "picture"), [
    { kind: "picture", camera: "gate", stay: "a", release: false },
  ]);
  assert.deepEqual(events(link), []);
  const bytes = new Uint8Array([0xff, 0xd8, 0xff]).buffer;
  publisher.presence.picture({ stay: "a", seq: 1041, bytes });
  assert.deepEqual(events(link), ["start a", "crossing t"]);
  assert.match(messages(link, "presence/gate")[0]?.payload ?? "", /"jpeg":"\/9j\/"/);
  const [picture] = messages(link, "pictures/gate/person");
  assert.deepEqual([...picture?.jpeg ?? []], [0xff, 0xd8, 0xff]);
  assert.deepEqual([picture?.qos, picture?.retain], [0, true]);
  emit({ kind: "end", stay: ended(stayOf("a")) });
  assert.deepEqual(posted.filter(({ kind }) => kind === "picture").at(-1), {
    ...{ kind: "picture", camera: "gate", stay: "a", release: true },
  });
});

Deno.test("presence: no picture in time, and one of another frame, are none", async () => {
  const { clock, emit, link, publisher, start } = await ready({ snapshot: "frame" });
  start("a");
  await clock.pass(PICTURE_TIMEOUT_MS);
  assert.match(messages(link, "presence/gate")[0]?.payload ?? "", /"jpeg":null/);
  emit({ kind: "end", stay: ended(stayOf("a")) });
  // The answer for the start comes late, and shows an older frame.
  publisher.presence.picture({ stay: "a", seq: 7, bytes: new ArrayBuffer(8) });
  assert.deepEqual(events(link), ["start a"]);
  publisher.presence.picture({ stay: "a", seq: 8, bytes: new ArrayBuffer(8) });
  assert.deepEqual(events(link), ["start a", "end a"]);
  assert.match(messages(link, "presence/gate")[1]?.payload ?? "", /"jpeg":null/);
});

Deno.test("presence: pictures of an earlier run and zones that are gone are cleared, once", async () => {
  const { clock, link, publisher } = rig({ plan: { presence: presencePlan() } });
  link.retained.set(`${ROOT}/pictures/gate/person`, "jpeg");
  link.retained.set(`${ROOT}/occupancy/gate/door`, "{}");
  link.retained.set(`${ROOT}/occupancy/gate/shed`, "{}");
  link.retained.set(`${ROOT}/occupancy/yard/all`, "{}");
  link.connect();
  const cleared = () =>
    link.sent.filter(({ message }) => message.payload === "" && message.retain)
      .map(({ message }) => message.topic.replace(`${ROOT}/`, ""));
  const gone = ["pictures/gate/person", "occupancy/gate/shed", "occupancy/yard/all"];
  assert.deepEqual(cleared().sort(), gone.sort());
  publisher.presence.changeScene({ camera: "gate", zones: [], lines: [] });
  assert.equal(cleared().at(-1), "occupancy/gate/door");
  await clock.pass(LISTEN_MS);
  link.disconnect();
  link.connect();
  assert.equal(link.reads.filter(({ filter }) => filter.endsWith("pictures/#")).length, 1);
});

Deno.test("presence: pictures that are allowed stay", () => {
  const { link } = rig({ plan: { presence: presencePlan("crop") } });
  link.retained.set(`${ROOT}/pictures/gate/person`, "jpeg");
  link.connect();
  assert.equal(link.sent.some(({ message }) => message.topic.includes("/pictures/")), false);
});

Deno.test("presence: occupancy is retained, and the newest is published with every connection", async () => {
  const { emit, link, posted } = await ready();
  const occupancy = { camera: "gate", zone: "all", counts: {}, sinceMs: STARTED_MS };
  emit({ kind: "occupancy", occupancy: { ...occupancy, occupied: true } });
  assert.equal(posted.at(-1)?.kind, "presence-settled");
  link.disconnect();
  emit({ kind: "occupancy", occupancy: { ...occupancy, occupied: false } });
  link.connect();
  const sent = messages(link, "occupancy/gate/all");
  assert.deepEqual(sent.map(({ payload }) => JSON.parse(payload).occupied), [false]);
  assert.deepEqual([sent[0]?.retain, sent[0]?.qos], [true, 1]);
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

Deno.test("presence: a stop publishes the last ends before offline, without waiting for pictures", async () => {
  const { emit, link, publisher, start } = await ready({ snapshot: "crop" });
  start("a");
  publisher.presence.stopPictures();
  emit({ kind: "end", stay: ended(stayOf("a"), "shutdown") });
  await publisher.stop();
  const topics = link.topics().filter((topic) => /^(presence|status)/.test(topic));
  assert.deepEqual(topics, ["presence/gate", "presence/gate", "status"]);
  assert.equal(publisher.waiting, 0);
});

Deno.test("presence: a switch is ON or OFF, and becomes a command without an acknowledgement", () => {
  const { link, logged, posted, publisher } = rig();
  link.connect();
  publisher.publishDetect("gate", false);
  const [state] = messages(link, "cameras/gate/detect");
  assert.deepEqual([state?.payload, state?.contentType, state?.retain], [
    "OFF",
    "text/plain",
    true,
  ]);
  const set = (payload: string, retained = false) =>
    link.receive(`${ROOT}/cameras/gate/detect/set`, payload, retained);
  set("ON");
  set("OFF");
  for (const payload of ["on", "", "ON ", "TOGGLE", "x".repeat(100_000)]) set(payload);
  set("ON", true);
  const commands = posted.flatMap((each) => each.kind === "command" ? [each.request] : []);
  assert.deepEqual(commands.map(({ id, command }) => ({ id, ...command })), [
    { id: null, command: "resume", camera: "gate", detector: null },
    { id: null, command: "pause", camera: "gate", detector: null },
  ]);
  for (const { request, command: { command } } of commands) {
    publisher.acknowledge({ request, command, outcome: { data: null }, replayed: false });
  }
  assert.equal(link.topics().includes("control/ack"), false);
  assert.equal(logged.filter(({ event }) => event === "control.switch_ignored").length, 1);
});
