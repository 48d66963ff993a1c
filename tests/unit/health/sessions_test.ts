import assert from "node:assert/strict";
import { endedCookie, sessionCookie, sessionIds } from "../../../src/health/cookie.ts";
import { MAX_SESSIONS, SESSION_IDLE_MS, Sessions } from "../../../src/health/sessions.ts";
import { MAX_ADDRESSES, WrongTokens } from "../../../src/health/wrong_tokens.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";

function rig() {
  const clock = new HeldClock();
  const sessions = new Sessions({
    clock,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  });
  return { clock, sessions };
}

Deno.test("sessions: an id has 256 random bits, and is no other's", () => {
  const { sessions } = rig();
  const ids = Array.from({ length: MAX_SESSIONS }, () => sessions.open());
  assert.equal(new Set(ids).size, MAX_SESSIONS);
  for (const id of ids) assert.match(id, /^[\w-]{43}$/);
  assert.equal(sessions.use("a".repeat(43)), null);
});

Deno.test("sessions: their number is bounded, and the one that is unused for longest ends", () => {
  const { sessions } = rig();
  const first = sessions.open();
  const second = sessions.open();
  const used = sessions.use(first);
  assert.ok(used !== null);
  const ended = sessions.use(second)?.ended;
  sessions.use(first);
  for (let opened = 0; opened < MAX_SESSIONS - 1; opened++) sessions.open();
  assert.equal(sessions.size, MAX_SESSIONS);
  assert.equal(sessions.use(second), null);
  assert.equal(ended?.aborted, true);
  assert.notEqual(sessions.use(first), null);
});

Deno.test("sessions: without a request one ends after twelve hours, with one it goes on", async () => {
  const { clock, sessions } = rig();
  const [idle, used] = [sessions.open(), sessions.open()];
  await clock.pass(SESSION_IDLE_MS - 1);
  assert.notEqual(sessions.use(used), null);
  await clock.pass(1);
  assert.equal(sessions.use(idle), null);
  assert.notEqual(sessions.use(used), null);
  assert.equal(sessions.size, 1);
});

Deno.test("sessions: a response that lasts keeps one in use", async () => {
  const { clock, sessions } = rig();
  const id = sessions.open();
  const release = sessions.use(id)?.hold();
  await clock.pass(3 * SESSION_IDLE_MS);
  sessions.open();
  release?.();
  release?.();
  await clock.pass(SESSION_IDLE_MS - 1);
  assert.equal(sessions.size, 2);
  assert.notEqual(sessions.use(id), null);
  await clock.pass(SESSION_IDLE_MS);
  assert.equal(sessions.use(id), null);
});

Deno.test("sessions: a logout ends one alone", () => {
  const { sessions } = rig();
  const [one, other] = [sessions.open(), sessions.open()];
  const ended = sessions.use(one)?.ended;
  sessions.end(one);
  sessions.end(one);
  assert.equal(ended?.aborted, true);
  assert.equal(sessions.use(one), null);
  assert.equal(sessions.use(other)?.ended.aborted, false);
});

Deno.test("cookie: a page's script cannot read it, and other sites' requests do not carry it", () => {
  const id = "a".repeat(43);
  assert.equal(sessionCookie(id), `orion_session=${id}; Path=/; HttpOnly; SameSite=Strict`);
  assert.match(endedCookie(), /^orion_session=; .*Max-Age=0$/);
  assert.deepEqual(sessionIds(`a=b; orion_session=${id};orion_session=x; c`), [id]);
  for (const header of [undefined, "", ";;", "orion_session", `xorion_session=${id}`]) {
    assert.deepEqual(sessionIds(header), []);
  }
  for (const bad of ["", "é", "a".repeat(42), "a".repeat(44), `"${id}"`, `${id} x`]) {
    assert.deepEqual(sessionIds(`orion_session=${bad}`), [], bad);
  }
  assert.equal(sessionIds(`orion_session=${id};`.repeat(100)).length, 8);
});

Deno.test("wrong tokens: beyond the burst an address waits, and no other does", async () => {
  const clock = new HeldClock();
  const wrong = new WrongTokens(clock, { burst: 3, everyMs: 1_000 });
  for (const wait of [0, 0, 0]) {
    assert.equal(wrong.waitMs("192.0.2.1"), wait);
    wrong.add("192.0.2.1");
  }
  assert.equal(wrong.waitMs("192.0.2.1"), 1_000);
  assert.equal(wrong.waitMs("192.0.2.2"), 0);
  await clock.pass(1_000);
  assert.equal(wrong.waitMs("192.0.2.1"), 0);
  wrong.add("192.0.2.1");
  assert.equal(wrong.waitMs("192.0.2.1"), 1_000);
  await clock.pass(10_000);
  assert.equal(wrong.waitMs("192.0.2.1"), 0);
});

Deno.test("wrong tokens: the addresses of one IPv6 network count as one", () => {
  const wrong = new WrongTokens(new HeldClock(), { burst: 1, everyMs: 1_000 });
  wrong.add("2001:db8:1:2:3:4:5:6");
  assert.equal(wrong.waitMs("2001:db8:1:2::1"), 1_000);
  assert.equal(wrong.waitMs("2001:db8:1:3::1"), 0);
  wrong.add("::1");
  assert.equal(wrong.waitMs("::1"), 1_000);
  assert.equal(wrong.waitMs("::ffff:192.0.2.1"), 0);
});

Deno.test("wrong tokens: the number of addresses is bounded", () => {
  const wrong = new WrongTokens(new HeldClock(), { burst: 1, everyMs: 1_000 });
  for (let at = 0; at < MAX_ADDRESSES + 10; at++) wrong.add(`10.0.${at >> 8}.${at & 255}`);
  assert.equal(wrong.size, MAX_ADDRESSES);
  assert.equal(wrong.waitMs("10.0.0.0"), 0);
  assert.equal(wrong.waitMs(`10.0.4.9`), 1_000);
});
