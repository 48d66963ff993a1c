import assert from "node:assert/strict";
import { plusMs } from "../../../src/core/clock.ts";
import { type LogRecord, logTo } from "../../../src/core/log.ts";
import { Secret } from "../../../src/core/secret.ts";
import { dwellSeconds } from "../../../src/core/stay_json.ts";
import { DetectionLog } from "../../../src/health/detection_log.ts";
import { stayJson } from "../../../src/health/presence_json.ts";
import { PresenceLog } from "../../../src/health/presence_log.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";
import { ended, occupancy, started, stay } from "../../support/workers/presence_parts.ts";
import { app } from "./http_rig.ts";

/** Two stays, of which `B` has a picture. */
const SOURCE = {
  stays: (limit: number) => [stay("B"), stay("A")].slice(0, limit),
  picture: (id: string) => id === "B" ? new Uint8Array([0xff, 0xd8]).buffer : null,
};

Deno.test("presence json: a stay has the keys of orion.presence/1, and the path of its picture", () => {
  assert.deepEqual(stayJson(stay("01JD8Q"), true), {
    ...{ id: "01JD8Q", camera: "gate", detector: "person", class: "person", track: "g7f3-01JD8Q" },
    startedAt: "2026-11-22T11:02:34.640Z",
    seenAt: "2026-11-22T11:02:41.640Z",
    endedAt: null,
    dwellSeconds: 7,
    zones: { current: ["door"], visited: ["path", "door"] },
    reason: null,
    best: {
      capturedAt: "2026-11-22T11:02:41.640Z",
      seq: 1041,
      confidence: 0.9123,
      box: { x: 512.5, y: 200.1, width: 88.1, height: 190.4 },
      jpeg: "/presence/01JD8Q.jpg",
    },
    path: [[0.4, 0.5], [0.5, 0.6]],
  });
  const { stay: over } = { stay: stay("A", { endedAtMs: stay("A").seenAtMs, reason: "left" }) };
  const json = stayJson(over, false);
  assert.deepEqual([json.endedAt, json.reason, json.best.jpeg], [
    "2026-11-22T11:02:41.640Z",
    "left",
    null,
  ]);
});

Deno.test("presence json: a wall clock that is set back makes no negative time", () => {
  const { startedAtMs } = stay("A");
  assert.equal(dwellSeconds(stay("A", { seenAtMs: plusMs(startedAtMs, -5000) })), 0);
  assert.equal(dwellSeconds(stay("A", { seenAtMs: plusMs(startedAtMs, 449) })), 0.449);
});

Deno.test("http: GET /presence is the newest stays, as many as asked for", async () => {
  const routes = app(null, [], { presence: SOURCE });
  const ask = async (query: string) => await routes.request(`/presence${query}`);
  const all = await (await ask("")).json();
  assert.deepEqual(all, { stays: [stayJson(stay("B"), true), stayJson(stay("A"), false)] });
  assert.equal((await (await ask("?limit=1")).json()).stays.length, 1);
  for (const limit of ["200", "201", "007", "1000", "9".repeat(400)]) {
    assert.deepEqual(await (await ask(`?limit=${limit}`)).json(), all, limit);
  }
  for (const limit of ["", "0", "00", "-1", "1.5", "1e1", "ten", "0x10", " 1"]) {
    const response = await ask(`?limit=${limit}`);
    assert.equal(response.status, 400, limit);
    assert.match((await response.json()).error, /whole number/);
  }
});

Deno.test("http: the picture of a stay is a JPEG, and 404 where there is none", async () => {
  const routes = app(null, [], { presence: SOURCE });
  const response = await routes.request("/presence/B.jpg");
  assert.equal(response.headers.get("content-type"), "image/jpeg");
  assert.deepEqual([response.status, (await response.arrayBuffer()).byteLength], [200, 2]);
  for (const path of ["A.jpg", "C.jpg", "B", "B.png", ".jpg", "B.jpg/x", "%"]) {
    assert.equal((await routes.request(`/presence/${path}`)).status, 404, path);
  }
});

Deno.test("http: stays and their pictures require the token", async () => {
  const guarded = app(new Secret("open-sesame"), [], { presence: SOURCE });
  const headers = { authorization: "Bearer open-sesame" };
  for (const path of ["/presence", "/presence/B.jpg"]) {
    assert.equal((await guarded.request(path)).status, 401);
    assert.equal((await guarded.request(path, { headers })).status, 200);
  }
});

function logging() {
  const records: LogRecord[] = [];
  return { records, log: logTo((record) => records.push(record)) };
}

Deno.test("presence log: one line for a start and one for an end, the rest is for debugging", () => {
  const { records, log } = logging();
  const presenceLog = new PresenceLog(log);
  const zones = { current: [], visited: [] };
  presenceLog.observe(started("A", { zones }));
  presenceLog.observe(ended("A"));
  presenceLog.observe({ kind: "update", stay: stay("A") });
  presenceLog.observe({ kind: "occupancy", occupancy: occupancy("all", 1) });
  const crossing = { camera: "gate", line: "gate", direction: "left", class: "person" } as const;
  const atMs = stay("A").seenAtMs;
  presenceLog.observe({ kind: "crossing", crossing: { ...crossing, track: "g7f3-1", atMs } });
  assert.deepEqual(records.slice(0, 2), [
    {
      level: "info",
      event: "presence.started",
      fields: { camera: "gate", class: "person", id: "A" },
    },
    {
      level: "info",
      event: "presence.ended",
      fields: {
        ...{ camera: "gate", class: "person", id: "A", dwellSeconds: 7 },
        ...{ zones: ["path", "door"], reason: "left" },
      },
    },
  ]);
  assert.deepEqual(records.slice(2).map(({ level, event }) => `${level} ${event}`), [
    "debug presence.updated",
    "debug occupancy.changed",
    "debug line.crossed",
  ]);
});

Deno.test("detection log: with presence only the first line is for people, without it each change", async () => {
  const { records, log } = logging();
  const clock = new HeldClock();
  const detectionLog = new DetectionLog(log, clock, (detector) => detector === "person");
  const box = { x: 0, y: 0, width: 1, height: 1 };
  const note = (detector: string, count: number) => ({
    ...{ detector, camera: "gate", seq: 1, queueMs: 0, convertMs: 0, inferenceMs: 0 },
    ...{ postprocessMs: 0, dropsSinceLast: 0, invalid: 0, input: { width: 640, height: 384 } },
    detections: Array.from({ length: count }, () => ({ class: "person", confidence: 1, box })),
  });
  for (const count of [1, 2, 2, 0]) {
    for (const detector of ["person", "other"]) detectionLog.observe(note(detector, count));
    await clock.pass(1000);
  }
  const lines = (detector: string) =>
    records.filter(({ fields }) => fields["detector"] === detector)
      .map(({ level, fields }) => `${level} ${fields["sees"]}`);
  assert.deepEqual(lines("person"), ["info person ×1", "debug person ×2", "debug nothing"]);
  assert.deepEqual(lines("other"), ["info person ×1", "info person ×2", "info nothing"]);
});
