import fc from "fast-check";
import assert from "node:assert/strict";
import { inferencePayload } from "../../../src/mqtt/payloads.ts";
import { TimedPayload } from "../../../src/mqtt/timed_payload.ts";
import { inferenceResult } from "../../support/workers/publisher_worker.ts";

/** A message that was rendered `renderedMs` after the arrival. */
function rendered(renderedMs: number, untilNow: () => number, className = "person") {
  const result = inferenceResult(1041);
  const detections = result.detections.map((each) => ({ ...each, class: className }));
  const rendering = { instance: "lobby-1", totalMs: renderedMs };
  const json = inferencePayload({ ...result, detections }, rendering);
  return { json, payload: new TimedPayload(json, untilNow) };
}

Deno.test("timed payload: the time of the write is in the encoded message, the rest stays the same", () => {
  fc.assert(fc.property(
    fc.double({ min: -10, max: 1e13, noNaN: true }),
    fc.double({ min: -10, max: 1e13, noNaN: true }),
    fc.constantFrom("person", "Fußgänger", '"totalMs":1', "人"),
    (renderedMs, writtenMs, className) => {
      const { json, payload } = rendered(renderedMs, () => writtenMs, className);
      assert.deepEqual(JSON.parse(payload.text), json);
      const bytes = new TextEncoder().encode(payload.text);
      payload.setTotal(bytes);
      const { totalMs } = payload;
      const written = new TextDecoder().decode(bytes);
      assert.equal(written, payload.text);
      assert.deepEqual(JSON.parse(written), { ...json, timing: { ...json.timing, totalMs } });
      const largest = 9_999_999_999.9;
      const expected = Math.min(Math.max(0, writtenMs), largest);
      assert.ok(Math.abs(totalMs - expected) <= 0.051, `${totalMs} for ${writtenMs}`);
    },
  ));
});

Deno.test("timed payload: sent again, a message is the same", () => {
  let now = 24.9;
  const { payload } = rendered(24.5, () => now);
  const first = new TextEncoder().encode(payload.text);
  payload.setTotal(first);
  now = 4_000;
  const second = new TextEncoder().encode(payload.text);
  payload.setTotal(second);
  assert.deepEqual(second, first);
  assert.equal(payload.totalMs, 24.9);
});
