import assert from "node:assert/strict";
import { PICTURE_TIMEOUT_MS } from "../../../src/mqtt/picture_requests.ts";
import { staysPayload } from "../../../src/mqtt/presence_payloads.ts";
import { BARRED_MS } from "../../../src/mqtt/retained_messages.ts";
import { LISTEN_MS, SETTLE_MS } from "../../../src/mqtt/retained_reader.ts";
import { ended, presencePlan, STARTED_MS, stayOf } from "../../support/presence/stays.ts";
import { crossing, events, messages, ready, ROOT } from "./presence_rig.ts";
import { failure, rig, SESSION } from "./publisher_rig.ts";

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

Deno.test("presence: the picture of a stay that is found to be over takes no room from later ones", async () => {
  const { clock, link, publisher } = rig({ plan: { run: 1, presence: presencePlan("crop") } });
  const { presence } = publisher;
  presence.resume({ stays: [stayOf("a")], unpublished: [], lastNumber: 1 });
  presence.emit({ kind: "end", stay: ended(stayOf("a")) });
  // In base64 one of them fits beside the events that wait, and two do not.
  const bytes = () => new ArrayBuffer(9 * 1024 * 1024);
  presence.picture({ stay: "a", seq: 1041, bytes: bytes() });
  const writer = { instance: "lobby-1", session: 1, thread: SESSION + 1, upTo: 2 };
  const list = staysPayload(writer, [{ stay: ended(stayOf("a")), started: 1, ended: 2 }]);
  link.retained.set(`${ROOT}/stays`, JSON.stringify(list));
  link.connect();
  await clock.pass(SETTLE_MS);
  assert.deepEqual(events(link), [], "the thread before this one has ended it");
  presence.emit({ kind: "start", stay: stayOf("b") });
  presence.picture({ stay: "b", seq: 1041, bytes: bytes() });
  assert.deepEqual(events(link), ["start b"]);
  const [start] = messages(link, "presence/gate");
  assert.equal(start?.payload.includes('"jpeg":"AAAA'), true);
});

Deno.test("presence: pictures of an earlier run and zones that are gone are cleared, once", async () => {
  const { clock, link, publisher } = rig({ plan: { presence: presencePlan() } });
  link.retained.set(`${ROOT}/pictures/gate/person`, "jpeg");
  link.retained.set(`${ROOT}/occupancy/gate/door`, "{}");
  link.retained.set(`${ROOT}/occupancy/gate/shed`, "{}");
  link.retained.set(`${ROOT}/occupancy/yard/all`, "{}");
  for (const camera of ["gate", "yard"]) {
    link.retained.set(`${ROOT}/cameras/${camera}/status`, "{}");
    link.retained.set(`${ROOT}/cameras/${camera}/detect`, "ON");
  }
  link.connect();
  const cleared = () =>
    link.sent.filter(({ message }) => message.payload === "" && message.retain)
      .map(({ message }) => message.topic.replace(`${ROOT}/`, ""));
  const gone = [
    ...["pictures/gate/person", "occupancy/gate/shed", "occupancy/yard/all"],
    ...["cameras/yard/status", "cameras/yard/detect"],
  ];
  assert.deepEqual(cleared().sort(), gone.sort());
  publisher.presence.changeScene({ camera: "gate", zones: [], lines: [] });
  assert.equal(cleared().at(-1), "occupancy/gate/door");
  await clock.pass(LISTEN_MS);
  link.disconnect();
  link.connect();
  assert.equal(link.reads.filter(({ filter }) => filter.endsWith("pictures/#")).length, 1);
});

Deno.test("presence: pictures on which the broker closes the connection are left alone for a while", async () => {
  const { clock, discarded, link, publisher, start } = await ready({
    snapshot: "crop",
    acknowledges: false,
  });
  const picture = (id: string) => {
    start(id);
    publisher.presence.picture({ stay: id, seq: 1041, bytes: new ArrayBuffer(8) });
    return link.sent.filter(({ message }) => message.jpeg !== undefined);
  };
  picture("a")[0]?.done(failure("BROKER_CLOSES_ON_MESSAGE"));
  assert.deepEqual(discarded(), ["closes-connection"]);
  assert.equal(picture("b").length, 1, "the next one is not published");
  assert.deepEqual(discarded(), ["closes-connection", "closes-connection"]);
  await clock.pass(BARRED_MS);
  assert.equal(picture("c").length, 2);
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
