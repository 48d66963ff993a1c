/** From pictures to stays: who comes and goes in the clips of two cameras, as a subscriber receives it. */
import assert from "node:assert/strict";
import { z } from "zod";
import { ByteSubscriber } from "../support/brokers/bytes.ts";
import { inferences, Schemas } from "../support/brokers/messages.ts";
import { crossingsOf, occupancyOf, presenceOf } from "../support/brokers/presence.ts";
import { RtspServer } from "../support/cameras/rtsp_server.ts";
import {
  demoStays,
  makeVisits,
  VISITS,
  VISITS_FRAMES,
  VISITS_SCENE,
} from "../support/clips/visits.ts";
import { Rig } from "../support/product/rig.ts";
import { assertReportCloses } from "../support/product/report.ts";
import { assertPicture } from "../support/product/stay_picture.ts";
import {
  assertStays,
  Looks,
  paired,
  type PublishedStay,
  type TrueStay,
} from "../support/product/true_stays.ts";
import { DEMO_CLIP, type TempFolder, tempFolder } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";

const ignore = ignoreWithout("libav", "mosquitto", "ffmpeg", "gst-rtsp-server");
const RATE_HZ = 5;
/** The default of `presence.endSeconds`. */
const END_SECONDS = 5;
/** A stay has ended with the second look after that time at the latest. */
const MAX_LOOKS_TO_END = 2;
/** A message waits up to 2 s for its picture. */
const PICTURE_LOOKS = 2 * RATE_HZ;
const LOG_LINES_SHOWN = 30;

interface Watched {
  readonly camera: string;
  readonly truth: readonly TrueStay[];
  /** The clip begins again after so many frames, with stays that are not looked at. */
  readonly frames: number;
}

const VISITED: Watched = { camera: "visits", truth: VISITS, frames: VISITS_FRAMES };
const DEMO: Watched = { camera: "demo", truth: demoStays(), frames: 550 };
const BOTH = [VISITED, DEMO];

/** Both clips as cameras, Orion, and a subscriber to the bytes of everything. */
async function start(
  stack: AsyncDisposableStack,
  folder: TempFolder,
  presence: string,
): Promise<{ rig: Rig; bytes: ByteSubscriber; clips: Readonly<Record<string, string>> }> {
  const made = await makeVisits(folder.path);
  const visits = stack.use(await RtspServer.start({ clip: made, ownPlayback: true }));
  const demo = stack.use(await RtspServer.start({ clip: DEMO_CLIP, ownPlayback: true }));
  const rig = stack.use(
    await Rig.start({
      config: [
        "cameras:",
        `  - { id: visits, url: "${visits.url}", ${VISITS_SCENE} }`,
        `  - { id: demo, url: "${demo.url}" }`,
        "detectors:",
        `  - { id: person, model: builtin:person-int8, rateHz: ${RATE_HZ},`,
        `      classes: [person]${presence} }`,
      ].join("\n"),
      // A broker drops messages of QoS 0 for a slow subscriber.
      mqtt: "  qos: { inferences: 1 }",
    }),
  );
  const bytes = stack.use(await ByteSubscriber.start(rig.broker.port, "#"));
  return { rig, bytes, clips: { visits: made, demo: DEMO_CLIP } };
}

/** Waits until the stays of both cameras have ended. @throws with the end of Orion's log */
async function allEnded({ subscriber, orion }: Rig): Promise<void> {
  for (const { camera, truth } of BOTH) {
    const topic = `orion/test/presence/${camera}`;
    const ends = () =>
      subscriber.messages.filter((one) => one.topic === topic && one.json?.["type"] === "end");
    try {
      await subscriber.waitFor(() => ends().length >= truth.length, {
        what: `the end of stay ${truth.length} of ${camera}`,
      });
    } catch (error) {
      throw new Error(orion.stderr.all.slice(-LOG_LINES_SHOWN).join("\n"), { cause: error });
    }
  }
}

/**
 * Asserts that the stays of a camera are those of its clip.
 * @returns them in the order of the true ones
 */
function staysOf(
  { subscriber }: Rig,
  watched: Watched,
  maxLooksToEnd: number,
): { readonly stays: readonly PublishedStay[]; readonly looks: Looks } {
  const schemas = new Schemas();
  const { messages } = subscriber;
  const seen = inferences(messages, schemas).filter(({ camera }) => camera === watched.camera);
  const looks = new Looks(seen);
  const stays = paired(
    presenceOf(messages, watched.camera, schemas),
    ({ startedAt }) => looks.at(startedAt) < watched.frames,
  );
  const inOrder = assertStays(stays, watched.truth, looks);
  for (const { end } of inOrder) {
    const endedAtMs = Date.parse(end.endedAt ?? assert.fail());
    const arrived = messages.findIndex(({ json }) =>
      json?.["id"] === end.id && json["type"] === "end"
    );
    const late = inferences(messages.slice(0, arrived), schemas).filter(({ camera, frame }) =>
      camera === watched.camera && Date.parse(frame.capturedAt) > endedAtMs + END_SECONDS * 1000
    );
    assert.ok(late.length <= maxLooksToEnd, `${watched.camera}: ended after ${late.length} looks`);
    const afterMs = Date.parse(end.time) - endedAtMs;
    assert.ok(afterMs > (END_SECONDS - 1) * 1000, `${watched.camera}: ended after ${afterMs} ms`);
  }
  return { stays: inOrder, looks };
}

/** Zones, counts and crossings of the clip of visits. */
function assertScene({ subscriber }: Rig, stays: readonly PublishedStay[]): void {
  const { messages } = subscriber;
  const schemas = new Schemas();
  assert.deepEqual(stays.map(({ start }) => start.zones.current), [["door"], ["yard"], []]);
  assert.deepEqual(stays.map(({ end }) => end.zones.visited), [["door"], ["yard"], ["door"]]);
  const crossings = crossingsOf(messages, "visits", "gate", schemas);
  assert.deepEqual(
    crossings.map(({ direction, track }) => [direction, track]),
    [["right", stays[0]?.start.track], ["left", stays[2]?.start.track]],
  );
  // What a zone held before anyone came is no change.
  const changes = (zone: string) =>
    occupancyOf(messages, "visits", zone, schemas)
      .map(({ occupied, counts }) => `${occupied} ${counts["person"] ?? 0}`)
      .filter((change, index, all) => index > 0 ? change !== all[index - 1] : change !== "false 0");
  assert.deepEqual(changes("door"), ["true 1", "false 0", "true 1", "false 0"]);
  assert.deepEqual(changes("yard"), ["true 1", "false 0"]);
  assert.deepEqual(
    changes("all"),
    ["true 1", "true 2", "true 1", "false 0", "true 1", "false 0"],
  );
}

const staysSchema = z.object({
  stays: z.array(z.object({ camera: z.string(), reason: z.string().nullable() })),
});

/** The ledger of stays, in the report and the metrics, and the list of the newest. */
async function assertAccounts(rig: Rig): Promise<void> {
  const count = VISITS.length;
  const report = assertReportCloses((await rig.get("/status")).body);
  const accounts = report.cameras.find(({ id }) => id === "visits")?.presence.stays ?? [];
  assert.deepEqual(
    accounts.map(({ started, ended, open }) => [started, ended.left, open]),
    [[count, count, 0]],
  );
  const metrics = await (await fetch(`${rig.httpUrl}/metrics`)).text();
  for (const name of ["started", "ended"]) {
    const line = `^orion_presence_${name}_total\\{camera="visits",[^}]*\\} ${count}$`;
    assert.match(metrics, new RegExp(line, "m"));
  }
  const { stays } = staysSchema.parse((await rig.get("/presence")).body);
  const reasons = stays.filter(({ camera }) => camera === "visits").map(({ reason }) => reason);
  assert.deepEqual(reasons, VISITS.map(() => "left"));
}

/** The topics and other places where a JPEG is, in bytes or in base64. */
function jpegsIn(places: Readonly<Record<string, Uint8Array | string>>): string[] {
  return Object.entries(places).filter(([, content]) => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const isStart = (byte: number, at: number) =>
      byte === 0xff && bytes[at + 1] === 0xd8 && bytes[at + 2] === 0xff;
    return bytes.some(isStart) || new TextDecoder().decode(bytes).includes("/9j/");
  }).map(([place]) => place);
}

/** Everything that left the process unasked. */
async function everything(
  rig: Rig,
  bytes: ByteSubscriber,
): Promise<Record<string, Uint8Array | string>> {
  const served = await Promise.all(
    ["/status", "/presence", "/metrics", "/healthz", "/readyz"].map(async (path) => {
      const response = await fetch(`${rig.httpUrl}${path}`);
      return [path, await response.bytes()] as const;
    }),
  );
  return {
    ...Object.fromEntries(bytes.messages.map((one, at) => [`${at} ${one.topic}`, one.bytes])),
    ...Object.fromEntries(served),
    "standard error": rig.orion.stderr.text(),
    "standard output": rig.orion.stdout.text(),
  };
}

Deno.test({
  name: "presence: one start and one end for each who comes and goes, and no picture of them",
  ignore,
  async fn() {
    await using stack = new AsyncDisposableStack();
    const { rig, bytes } = await start(stack, stack.use(tempFolder()), "");
    await allEnded(rig);
    await assertAccounts(rig);
    const retained = await rig.broker.subscribe("orion/test/occupancy/visits/+");
    stack.use(retained);
    for (const zone of ["all", "door", "yard"]) {
      const { json } = await retained.waitFor(({ topic }) => topic.endsWith(`/${zone}`));
      assert.equal(json?.["occupied"], false, zone);
    }
    assert.ok(retained.messages.every((message) => message.retained));
    const places = await everything(rig, bytes);
    assert.equal(await rig.stop(), 0);
    const { stays } = staysOf(rig, VISITED, MAX_LOOKS_TO_END);
    staysOf(rig, DEMO, MAX_LOOKS_TO_END);
    assertScene(rig, stays);
    assert.ok(Object.keys(places).some((place) => place.includes("/presence/visits")));
    assert.deepEqual(jpegsIn(places), []);
    for (const { start, end } of stays) {
      assert.deepEqual([start.best.jpeg, end.best.jpeg], [null, null]);
    }
  },
});

Deno.test({
  name: "presence: with `snapshot: crop` the picture of each stay shows the one who stayed",
  ignore,
  async fn() {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(tempFolder());
    const { rig, bytes, clips } = await start(stack, folder, ", presence: { snapshot: crop }");
    await allEnded(rig);
    const places = await everything(rig, bytes);
    const topic = "orion/test/pictures/visits/person";
    const later = stack.use(await ByteSubscriber.start(rig.broker.port, topic));
    const newest = await later.waitFor((message) => message.topic === topic, topic);
    assert.ok(newest.retained);
    for (const watched of BOTH) {
      const { stays, looks } = staysOf(rig, watched, MAX_LOOKS_TO_END + PICTURE_LOOKS);
      const clip = clips[watched.camera] ?? assert.fail();
      for (const { start, end } of stays) {
        for (const { best } of [start, end]) {
          await assertPicture(best, { clip, frame: looks.ofSeq(best.seq), folder });
        }
        const served = await fetch(`${rig.httpUrl}/presence/${end.id}.jpg`);
        assert.equal(served.headers.get("content-type"), "image/jpeg");
        assert.equal((await served.bytes()).toBase64(), end.best.jpeg, "over HTTP");
      }
      if (watched !== VISITED) continue;
      assert.equal(newest.bytes.toBase64(), stays.at(-1)?.end.best.jpeg, "the newest stay's");
    }
    const found = jpegsIn(places).join("\n");
    assert.match(
      found,
      /presence\/visits[^]*pictures\/visits|pictures\/visits[^]*presence\/visits/,
    );
    assert.equal(await rig.stop(), 0);
  },
});
