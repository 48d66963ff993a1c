/** Responses that last. */
import assert from "node:assert/strict";
import { droppedUnread, MAX_UNREAD_MS } from "../../../src/health/pulled_body.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";

/** A body of single bytes, and what became of it. */
function bodyOf() {
  const clock = new HeldClock();
  const rig = { clock, left: 3, closed: 0, dropped: 0 };
  const source = {
    take: () => Promise.resolve(rig.left-- > 0 ? Uint8Array.of(rig.left) : null),
    close: () => void rig.closed++,
  };
  return { rig, body: droppedUnread(source, { clock, onUnread: () => void rig.dropped++ }) };
}

Deno.test("pulled body: a connection that does not accept what it was given is dropped in time", async () => {
  const { rig, body } = bodyOf();
  await body.take();
  await rig.clock.pass(MAX_UNREAD_MS - 1);
  await body.take();
  await rig.clock.pass(MAX_UNREAD_MS - 1);
  assert.deepEqual([rig.closed, rig.dropped], [0, 0]);
  await rig.clock.pass(1);
  assert.deepEqual([rig.closed, rig.dropped], [1, 1]);
  assert.equal(await body.take(), null);
});

Deno.test("pulled body: one that has ended, or was closed, is not dropped", async () => {
  const { rig: ended, body } = bodyOf();
  while (await body.take() !== null);
  await ended.clock.pass(10 * MAX_UNREAD_MS);
  const { rig: closed, body: other } = bodyOf();
  await other.take();
  other.close();
  await closed.clock.pass(10 * MAX_UNREAD_MS);
  assert.deepEqual([ended.dropped, closed.dropped, closed.closed], [0, 0, 1]);
});
