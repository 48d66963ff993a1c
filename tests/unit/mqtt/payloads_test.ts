import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { payloadJsonSchemas } from "../../../scripts/lib/payload_schemas.ts";
import { wallMs } from "../../../src/core/clock.ts";
import { roundedBox } from "../../../src/core/geometry.ts";
import {
  ackPayload,
  cameraPayload,
  inferencePayload,
  statusPayload,
} from "../../../src/mqtt/payloads.ts";
import { inferenceResult } from "../../support/workers/publisher_worker.ts";

const AT_MS = wallMs(1_795_345_361_640);

/** Fails, with what is wrong, unless the JSON Schema of that name accepts the value. */
function assertValid(name: string, value: unknown): void {
  const schema = payloadJsonSchemas().get(name);
  assert.ok(schema !== undefined, `${name} has a schema`);
  const ajv = new Ajv2020({ allErrors: true, validateFormats: false });
  const validate = ajv.compile(schema);
  // As it travels: text, and back.
  assert.ok(validate(JSON.parse(JSON.stringify(value))), ajv.errorsText(validate.errors));
}

Deno.test("payloads: an inference is as the contract shows it", () => {
  const payload = inferencePayload(inferenceResult(1041), {
    instance: "lobby-1",
    totalMs: 24.88,
  });
  assertValid("orion.inference/1", payload);
  assert.deepEqual(payload, {
    schema: "orion.inference/1",
    instance: "lobby-1",
    camera: "gate",
    detector: "person",
    model: { name: "builtin:person", sha256: "0123456789ab" },
    frame: {
      seq: 1041,
      width: 1280,
      height: 720,
      keyframe: false,
      ptsSeconds: 41.64,
      capturedAt: "2026-11-22T11:02:41.640Z",
      clock: "arrival",
    },
    roi: { x: 128, y: 144, width: 1024, height: 504 },
    detections: [{
      class: "person",
      confidence: 0.87,
      box: { x: 512.5, y: 200.1, width: 88.1, height: 190.4 },
    }],
    timing: { queueMs: 0.4, convertMs: 0.5, inferenceMs: 21.3, postprocessMs: 0.2, totalMs: 24.9 },
    drops: { sinceLast: 4 },
  });
});

Deno.test("payloads: a latency is never negative", () => {
  const handOver = { instance: "lobby-1", totalMs: -1_000 };
  const { timing } = inferencePayload(inferenceResult(1), handOver);
  assert.equal(timing.totalMs, 0);
});

Deno.test("payloads: status, camera and acknowledgements satisfy their schemas", () => {
  assertValid(
    "orion.status/1",
    statusPayload({ state: "online", sinceMs: AT_MS, version: "0.1.0", session: 7 }),
  );
  const camera = { camera: "gate", state: "stalled", sinceMs: AT_MS, reconnects: 2 } as const;
  assertValid("orion.camera/1", cameraPayload({ ...camera, reason: "STREAM_STALLED" }));
  assertValid("orion.camera/1", cameraPayload({ ...camera, reason: null }));
  const ack = { id: "7", command: "pause", atMs: AT_MS, replayed: false };
  assertValid("orion.ack/1", ackPayload({ ...ack, outcome: { data: null } }));
  const error = { code: "BAD_COMMAND", message: "no", retryable: false, remedy: "Write another." };
  const replayed = ackPayload({ ...ack, outcome: { data: null }, replayed: true });
  assertValid("orion.ack/1", replayed);
  assert.equal(replayed.replayed, true);
  const refused = ackPayload({ ...ack, id: null, outcome: { error } });
  assertValid("orion.ack/1", refused);
  assert.deepEqual(refused.error, { code: "BAD_COMMAND", message: "no" });
});

Deno.test("payloads: every inference whose boxes lie in the frame satisfies the schema", () => {
  fc.assert(
    fc.property(boxInFrame(), fc.double({ min: 0, max: 1, noNaN: true }), (at, confidence) => {
      const result = inferenceResult(1);
      const meta = { ...result.meta, size: at.frame, roi: null };
      const detections = [{ class: "person", confidence, box: at.box }];
      const payload = inferencePayload({ ...result, meta, detections }, {
        instance: "lobby-1",
        totalMs: 0,
      });
      assertValid("orion.inference/1", payload);
    }),
    { numRuns: 30 },
  );
});

Deno.test("payloads: a rounded box has one decimal, is close, and stays inside the frame", () => {
  fc.assert(
    fc.property(boxInFrame(), ({ frame, box }) => {
      const out = roundedBox(box, frame);
      for (const value of Object.values(out)) {
        assert.ok(value >= 0);
        assert.equal(value, Number(value.toFixed(1)));
      }
      assert.ok(out.x + out.width <= frame.width && out.y + out.height <= frame.height);
      assert.ok(Math.abs(out.x - box.x) <= 0.0501 && Math.abs(out.y - box.y) <= 0.0501);
      const right = Math.abs(out.x + out.width - (box.x + box.width));
      assert.ok(right <= 0.1501, `the right edge moved by ${right}`);
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("payloads: a box that leaves the frame is cut at its edges", () => {
  const frame = { width: 100, height: 50 };
  const cases = [
    [{ x: 90, y: 40, width: 10.3, height: 10.06 }, { x: 90, y: 40, width: 10, height: 10 }],
    [{ x: -0.4, y: -1e-9, width: 10.4, height: 5 }, { x: 0, y: 0, width: 10, height: 5 }],
    [{ x: 120, y: 60, width: 5, height: 5 }, { x: 100, y: 50, width: 0, height: 0 }],
  ] as const;
  for (const [box, expected] of cases) assert.deepEqual(roundedBox(box, frame), expected);
});

Deno.test("payloads: a box that ends at the frame's edge never ends beyond it, wherever it begins", () => {
  for (const width of [3_840, 1_921, 1_920, 1_283, 640, 99]) {
    for (let tenth = 0; tenth <= width * 10; tenth++) {
      const x = tenth / 10;
      const box = { x, y: 0, width: width - x, height: 10 };
      const out = roundedBox(box, { width, height: 10 });
      if (out.x + out.width > width) assert.fail(`${out.x} + ${out.width} > ${width}`);
    }
  }
});

Deno.test("payloads: what the tracker alone is given is not published", () => {
  const result = inferenceResult(1);
  const weak = [{ class: "ghost", confidence: 0.11, box: { x: 1, y: 2, width: 3, height: 4 } }];
  const detections = result.detections.map((each) => ({ ...each, sharpness: 0.123 }));
  const as = { instance: "lobby-1", totalMs: 0 };
  const payload = inferencePayload({ ...result, weak, detections }, as);
  assert.deepEqual(payload, inferencePayload(result, as));
});

function boxInFrame() {
  const side = fc.integer({ min: 2, max: 4_096 });
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  return fc.record({ width: side, height: side, x: share, y: share, w: share, h: share }).map(
    ({ width, height, x, y, w, h }) => ({
      frame: { width, height },
      box: {
        x: x * width,
        y: y * height,
        width: w * (width - x * width),
        height: h * (height - y * height),
      },
    }),
  );
}
