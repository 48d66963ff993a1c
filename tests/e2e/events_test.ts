/** `GET /events`, `POST /control` and sessions, in the whole product. */
import assert from "node:assert/strict";
import { ackSchema } from "../../src/mqtt/payloads.ts";
import { type EventStream, type ReceivedEvent, streamOf } from "../support/product/event_stream.ts";
import { Rig } from "../support/product/rig.ts";
import { ScriptedOrion } from "../support/product/scripted.ts";
import { TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";

const ignore = ignoreWithout("libav", "mosquitto");
const CONFIG = `
cameras: [{ id: gate, url: "file:${TWO_PEOPLE_CLIP}", loop: true }, { id: yard, url: "file:${TWO_PEOPLE_CLIP}", loop: true }]
detectors:
  - { id: person, model: builtin:person-int8, rateHz: 5, cameras: [gate], presence: { endSeconds: 60 } }
`;

const seqOf = ({ event, data }: ReceivedEvent): number =>
  event === "inference" ? JSON.parse(data).frame.seq : -1;

/** Waits for an inference of a later frame than all so far. */
async function further(stream: EventStream): Promise<ReceivedEvent> {
  const newest = Math.max(-1, ...stream.events.map(seqOf));
  return await stream.waitFor((event) => seqOf(event) > newest);
}

const isPresence = (type: string) => ({ event, data }: ReceivedEvent) =>
  event === "presence" && JSON.parse(data).type === type;

const numberOf = ({ id }: ReceivedEvent): number => Number(id.split("-")[1]);

/** Asserts that an event is a message, byte for byte. */
async function assertPublished(rig: Rig, topic: string, { data }: ReceivedEvent): Promise<void> {
  await rig.subscriber.waitFor(
    (message) => message.topic === `orion/test/${topic}` && message.payload === data,
    { what: `the message ${data.slice(0, 200)}` },
  );
}

function control(rig: Rig, command: string, headers: Record<string, string> = {}) {
  return fetch(`${rig.httpUrl}/control`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({
      schema: "orion.command/1",
      id: command,
      command,
      params: { camera: "gate" },
    }),
  });
}

/** Waits until so many readers are reported. */
async function readers(rig: Rig, count: number): Promise<void> {
  await rig.until(`${count} readers`, async () => {
    const response = await fetch(`${rig.httpUrl}/metrics`);
    return `${await response.text()}\n`.includes(`\norion_http_event_readers ${count}\n`);
  });
}

Deno.test({
  name: "events: they are what is published, and commands by HTTP pause and resume",
  ignore,
  async fn() {
    await using rig = await Rig.start({ config: CONFIG });
    await rig.firstInference("gate");
    await using stream = await streamOf(`${rig.httpUrl}/events`);
    await assertPublished(rig, "inferences/gate/person", await further(stream));
    await stream.waitFor(({ event }) => event === "health");
    const first = await stream.waitFor(({ event }) => event === "camera");
    assert.deepEqual(JSON.parse(first.data).schema, "orion.camera/1");
    const health = await stream.waitFor(({ event, data }) =>
      event === "health" && JSON.parse(data).uptimeSeconds > 0
    );
    await assertPublished(rig, "health", health);
    await readers(rig, 1);

    const paused = await control(rig, "pause");
    assert.equal(paused.status, 200);
    const ack = ackSchema.parse(await paused.json());
    assert.deepEqual([ack.id, ack.command, ack.status], ["pause", "pause", "ok"]);
    const overrides = await rig.get("/status");
    assert.match(JSON.stringify(overrides.body), /"setting":"paused"/);
    assert.equal((await (await control(rig, "pause")).json()).replayed, true);

    const resumed = await control(rig, "resume");
    assert.equal(resumed.status, 200);
    await resumed.body?.cancel();
    const start = await stream.waitFor(isPresence("start"));
    await assertPublished(rig, "presence/gate", start);
    await (await control(rig, "pause", { origin: rig.httpUrl })).body?.cancel();
    const again = await fetch(`${rig.httpUrl}/control`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"schema":"orion.command/1","command":"pause"}',
    });
    assert.equal(again.status, 200);
    await again.body?.cancel();
    const end = await stream.waitFor((event) =>
      isPresence("end")(event) && numberOf(event) > numberOf(start)
    );
    assert.equal(JSON.parse(end.data).reason, "paused");
    await assertPublished(rig, "presence/gate", end);
    const empty = await stream.waitFor(({ event, data }) =>
      event === "occupancy" && !JSON.parse(data).occupied
    );
    await assertPublished(rig, "occupancy/gate/all", empty);

    await stream[Symbol.asyncDispose]();
    await readers(rig, 0);
    await using yard = await streamOf(`${rig.httpUrl}/events?camera=yard`);
    await yard.waitFor(({ event }) => event === "health");
    const cameras = yard.events.flatMap(({ data }) => JSON.parse(data).camera ?? []);
    assert.deepEqual([...new Set(cameras)], ["yard"]);
    await using missed = await streamOf(`${rig.httpUrl}/events`, {
      headers: { "last-event-id": start.id },
    });
    assert.equal((await missed.waitFor(isPresence("end"))).data, end.data);
    // A stop ends the streams, and does not wait for them.
    assert.equal(await rig.stop(), 0);
    await missed.waitForEnd();
  },
});

Deno.test({
  name: "events: they go on while the broker is away, and when the publisher's thread is replaced",
  ignore,
  async fn() {
    await using run = await ScriptedOrion.start({
      config:
        `cameras: [{ id: gate, url: "file:${TWO_PEOPLE_CLIP}", loop: true }]\nwatchdog: { maxRestarts: 1000 }`,
      detectors: [{ id: "sound", script: "sleep-5", more: "rateHz: 10" }],
    });
    await run.further("sound", 1);
    await using stream = await streamOf(`${run.httpUrl}/events`);
    await further(stream);
    await run.killPublisher();
    await further(stream);
    await further(stream);
    await run.broker.stop();
    await stream.waitFor(({ event, data }) =>
      event === "health" && JSON.parse(data).broker.connected === false
    );
    await further(stream);
    await further(stream);
    const seqs = stream.events.map(seqOf).filter((seq) => seq >= 0);
    assert.deepEqual(seqs, [...new Set(seqs)].sort((a, b) => a - b));
    run.orion.signal("SIGTERM");
    assert.equal((await run.orion.exit()).code, 0);
  },
});

Deno.test({
  name: "sessions: a login opens what the token does, and a logout closes it",
  ignore,
  async fn() {
    await using rig = await Rig.start({ config: CONFIG, health: '  token: "open-sesame-7"\n' });
    await rig.firstInference("gate");
    const url = rig.httpUrl;
    const status = async (path: string, headers: Record<string, string> = {}) => {
      const response = await fetch(`${url}${path}`, { headers });
      await response.body?.cancel();
      return response.status;
    };
    assert.deepEqual((await rig.get("/session")).body, { required: true, signedIn: false });
    assert.equal(await status("/events"), 401);
    const login = await fetch(`${url}/login`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: url },
      body: '{"token":"open-sesame-7"}',
    });
    assert.deepEqual(await login.json(), { required: true, signedIn: true });
    const [cookie = ""] = (login.headers.get("set-cookie") ?? "").split(";");
    assert.equal(await status("/status", { cookie }), 200);
    await using stream = await streamOf(`${url}/events`, { headers: { cookie } });
    await further(stream);
    const paused = await control(rig, "pause", { cookie, origin: url });
    assert.equal(paused.status, 200);
    await paused.body?.cancel();
    const forged = await control(rig, "resume", { cookie, origin: "http://evil.example" });
    assert.equal(forged.status, 403);
    await forged.body?.cancel();
    const logout = await fetch(`${url}/logout`, {
      method: "POST",
      headers: { cookie, origin: url },
    });
    assert.deepEqual(await logout.json(), { required: true, signedIn: false });
    await stream.waitForEnd();
    assert.equal(await status("/status", { cookie }), 401);
    assert.equal(await status("/status", { authorization: "Bearer open-sesame-7" }), 200);
    assert.equal(await rig.stop(), 0);
    assert.doesNotMatch(rig.orion.stderr.text(), /open-sesame-7/);
    assert.ok(!rig.orion.stderr.text().includes(cookie.split("=")[1] ?? cookie));
  },
});
