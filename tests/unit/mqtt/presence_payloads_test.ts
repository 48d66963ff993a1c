import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import { payloadJsonSchemas } from "../../../scripts/lib/payload_schemas.ts";
import { plusMs } from "../../../src/core/clock.ts";
import { inferencePayload } from "../../../src/mqtt/payloads.ts";
import {
  crossingPayload,
  listedStays,
  occupancyPayload,
  parseSent,
  parseStays,
  presencePayload,
  sentPayload,
  staysPayload,
} from "../../../src/mqtt/presence_payloads.ts";
import { ended, STARTED_MS, stayOf } from "../../support/presence/stays.ts";
import { inferenceResult } from "../../support/workers/publisher_worker.ts";

const WRITER = { instance: "lobby-1", session: 7, thread: 8, upTo: 9 };
const AT_MS = plusMs(STARTED_MS, 500);

function assertValid(name: string, value: unknown): void {
  const schema = payloadJsonSchemas().get(name);
  assert.ok(schema !== undefined, `${name} has a schema`);
  const validate = new Ajv2020({ allErrors: true, validateFormats: false }).compile(schema);
  assert.ok(validate(JSON.parse(JSON.stringify(value))), JSON.stringify(validate.errors));
}

Deno.test("presence payloads: a start is that of the contract, key by key", () => {
  const event = { kind: "start", stay: stayOf("01JD8Q") } as const;
  const payload = presencePayload(event, { instance: "lobby-1", atMs: AT_MS, jpeg: null });
  assertValid("orion.presence/1", payload);
  assert.deepEqual(payload, {
    schema: "orion.presence/1",
    instance: "lobby-1",
    camera: "gate",
    detector: "person",
    class: "person",
    id: "01JD8Q",
    type: "start",
    track: "t-01JD8Q",
    startedAt: "2026-11-22T11:02:41.640Z",
    seenAt: "2026-11-22T11:02:42.040Z",
    endedAt: null,
    dwellSeconds: 0.4,
    zones: { current: ["door"], visited: ["path", "door"] },
    reason: null,
    best: {
      capturedAt: "2026-11-22T11:02:41.640Z",
      seq: 1041,
      confidence: 0.9123,
      box: { x: 512.5, y: 200.1, width: 88.1, height: 190.4 },
      jpeg: null,
    },
    time: "2026-11-22T11:02:42.140Z",
  });
});

Deno.test("presence payloads: an end has its reason and its picture", () => {
  const event = { kind: "end", stay: ended(stayOf("a"), "camera_lost") } as const;
  const payload = presencePayload(event, { instance: "lobby-1", atMs: AT_MS, jpeg: "/9j/" });
  assertValid("orion.presence/1", payload);
  assert.equal(payload.reason, "camera_lost");
  assert.equal(payload.endedAt, payload.seenAt);
  assert.equal(payload.best.jpeg, "/9j/");
});

Deno.test("presence payloads: a camera's clock that was set back makes no negative stay", () => {
  const stay = stayOf("a", { seenAtMs: plusMs(STARTED_MS, -60_000) });
  const { dwellSeconds } = presencePayload({ kind: "update", stay }, {
    instance: "lobby-1",
    atMs: AT_MS,
    jpeg: null,
  });
  assert.equal(dwellSeconds, 0);
});

Deno.test("presence payloads: occupancy and crossings are those of the contract", () => {
  const occupancy = occupancyPayload({
    camera: "gate",
    zone: "all",
    occupied: true,
    counts: { person: 2 },
    sinceMs: STARTED_MS,
  });
  assertValid("orion.occupancy/1", occupancy);
  assert.deepEqual(occupancy, {
    schema: "orion.occupancy/1",
    camera: "gate",
    zone: "all",
    occupied: true,
    counts: { person: 2 },
    since: "2026-11-22T11:02:41.640Z",
  });
  const crossing = crossingPayload({
    camera: "gate",
    line: "step",
    direction: "left",
    class: "person",
    track: "t-1",
    atMs: STARTED_MS,
  });
  assertValid("orion.crossing/1", crossing);
  assert.deepEqual(crossing, {
    schema: "orion.crossing/1",
    camera: "gate",
    line: "step",
    direction: "left",
    class: "person",
    track: "t-1",
    time: "2026-11-22T11:02:41.640Z",
  });
});

Deno.test("presence payloads: what is listed reads back as it was, with boxes to a tenth of a pixel", () => {
  const rounded = { x: 512.5, y: 200.1, width: 88.1, height: 190.4 };
  const stay = stayOf("a", {
    box: rounded,
    best: { capturedAtMs: STARTED_MS, seq: 3, confidence: 0.5, box: rounded },
  });
  const stays = [
    { stay, started: 4, ended: null },
    { stay: ended({ ...stay, id: "b" }, "paused"), started: 0, ended: 5 },
  ];
  const payload = staysPayload(WRITER, stays);
  assertValid("orion.stays/1", payload);
  const read = parseStays(JSON.stringify(payload));
  assert.ok(read !== null);
  assert.deepEqual(listedStays(read), stays);
  const sent = sentPayload(WRITER);
  assertValid("orion.sent/1", sent);
  assert.deepEqual(parseSent(JSON.stringify(sent)), sent);
});

for (
  const [what, text] of [
    ["nothing", ""],
    ["no JSON", "{"],
    ["another schema", '{"schema":"orion.status/1"}'],
    ["a key twice", '{"schema":"orion.stays/1","schema":"orion.stays/1"}'],
    ["a prototype", '{"schema":"orion.stays/1","__proto__":{}}'],
    ["a deep value", `{"schema":"orion.stays/1","stays":${"[".repeat(50)}${"]".repeat(50)}}`],
    [
      "a wrong time",
      JSON.stringify(staysPayload(WRITER, [{ stay: stayOf("a"), started: 0, ended: null }]))
        .replace("2026-11-22T11:02:41.640Z", "yesterday"),
    ],
    [
      "a camera with a slash",
      JSON.stringify(staysPayload(WRITER, [{ stay: stayOf("a"), started: 0, ended: null }]))
        .replace('"camera":"gate"', '"camera":"gate/x"'),
    ],
  ] as const
) {
  Deno.test(`presence payloads: a list that holds ${what} is none`, () => {
    assert.equal(parseStays(text), null);
    assert.equal(parseSent(text), null);
  });
}

Deno.test("presence payloads: a detection has its track and its zones where presence is on", () => {
  const handOver = { instance: "lobby-1", totalMs: 1 };
  const [without] = inferencePayload(inferenceResult(1), handOver).detections;
  assert.deepEqual(Object.keys(without ?? {}), ["class", "confidence", "box"]);
  const placement = { track: "g7f3-12", zones: [{ id: "door", overlap: 0.826 }] };
  const payload = inferencePayload(inferenceResult(1), handOver, [placement]);
  assertValid("orion.inference/1", payload);
  assert.equal(payload.detections[0]?.track, "g7f3-12");
  assert.deepEqual(payload.detections[0]?.zones, [{ id: "door", overlap: 0.83 }]);
});
