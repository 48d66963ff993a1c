import assert from "node:assert/strict";
import { ReconnectPolicy } from "../../../src/stream/reconnect_policy.ts";

const ENDED = { code: "STREAM_ENDED", retryAfterMs: null };
const WRONG_PASSWORD = { code: "STREAM_UNAUTHORISED", retryAfterMs: null };

function delays(policy: ReconnectPolicy, failure: typeof ENDED, count: number): number[] {
  return Array.from({ length: count }, () => policy.delayMs(failure));
}

Deno.test("reconnect: delays double from one second to the maximum, and are reset", () => {
  const policy = new ReconnectPolicy({ maxDelayMs: 10_000, random: () => 0 });
  assert.deepEqual(delays(policy, ENDED, 6), [1000, 2000, 4000, 8000, 10_000, 10_000]);
  assert.equal(policy.attempts, 6);
  policy.reset();
  assert.equal(policy.delayMs(ENDED), 1000);
});

Deno.test("reconnect: delays differ by a quarter, and never exceed the maximum", () => {
  const policy = new ReconnectPolicy({ maxDelayMs: 10_000, random: () => 1 });
  assert.deepEqual(delays(policy, ENDED, 5), [1250, 2500, 5000, 10_000, 10_000]);
});

Deno.test("reconnect: a wrong password is tried three times, then after 1, 5 and 15 minutes", () => {
  const policy = new ReconnectPolicy({ maxDelayMs: 10_000, random: () => 0 });
  const minutes = delays(policy, WRONG_PASSWORD, 6).map((ms) => ms / 60_000);
  assert.deepEqual(minutes, [1 / 60, 2 / 60, 1, 5, 15, 15]);
  assert.equal(policy.delayMs(ENDED), 10_000, "another failure has the usual delay");
  assert.equal(policy.delayMs(WRONG_PASSWORD), 15 * 60_000, "and does not bring more tries");
  policy.reset();
  assert.equal(policy.delayMs(WRONG_PASSWORD), 1000, "the count starts again");
});

Deno.test("reconnect: a camera that forbids the stream after a wrong password has locked the account", () => {
  const policy = new ReconnectPolicy({ maxDelayMs: 10_000, random: () => 0 });
  const forbidden = { code: "STREAM_FORBIDDEN", retryAfterMs: null };
  assert.deepEqual(delays(policy, forbidden, 4), [1000, 2000, 4000, 8000], "the user's rights");
  policy.reset();
  assert.deepEqual(delays(policy, WRONG_PASSWORD, 2), [1000, 2000]);
  assert.deepEqual(delays(policy, forbidden, 3), [60_000, 5 * 60_000, 15 * 60_000]);
});

Deno.test("reconnect: delays after a refused stream grow to a minute", () => {
  const policy = new ReconnectPolicy({ maxDelayMs: 10_000, random: () => 0 });
  const refused = { code: "STREAM_TOO_LARGE", retryAfterMs: null };
  const seconds = delays(policy, refused, 8).map((ms) => ms / 1000);
  assert.deepEqual(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
  assert.equal(policy.delayMs(ENDED), 10_000);
});

Deno.test("reconnect: a delay that the camera requests is kept", () => {
  const policy = new ReconnectPolicy({ maxDelayMs: 10_000, random: () => 0 });
  assert.equal(policy.delayMs({ code: "STREAM_UNAVAILABLE", retryAfterMs: 30_000 }), 30_000);
  assert.equal(policy.delayMs({ code: "STREAM_UNAVAILABLE", retryAfterMs: 500 }), 2000);
});
