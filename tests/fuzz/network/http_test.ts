/** The HTTP interface under mutation: whole requests, requests in pieces, and connections left open. */
import assert from "node:assert/strict";
import { type Clock, plusMs, systemClock } from "../../../src/core/clock.ts";
import { logTo } from "../../../src/core/log.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { ControlAck } from "../../../src/health/control_route.ts";
import type { EventReader } from "../../../src/health/events_route.ts";
import { healthApp } from "../../../src/health/http.ts";
import { serveHealth } from "../../../src/health/http_server.ts";
import { serverSentEvent } from "../../../src/health/server_sent.ts";
import { parseCommand } from "../../../src/mqtt/commands.ts";
import { OpenConnections } from "../../support/system/connections.ts";
import { WAIT_TIMEOUT_MS } from "../../support/system/lines.ts";
import { stay } from "../../support/workers/presence_parts.ts";
import { ANY_SETUP } from "../../unit/health/http_rig.ts";
import { EVENT, FAULT, httpRequest, TOKEN, TOKEN_FORMS } from "../corpus/http.ts";
import { pick, type Random } from "../mutate.ts";
import { assertBoundedGrowth, fuzz, fuzzRuns, measurePeak, shownBytes } from "../runs.ts";

const RUNS = fuzzRuns(1500);
const AT_ONCE = 8;
/** Connections that are left open with an incomplete request. */
const MAX_OPEN = 16;
const encoder = new TextEncoder();
const latin1 = new TextDecoder("latin1");

/** The statuses with which requests are answered. */
const STATUSES = [
  ...[200, 204, 303, 400, 401, 403, 404, 405, 408, 409, 411, 413, 415, 417, 422, 429, 431],
  ...[500, 503],
];
/** What is answered with 200 without the token. */
const OPEN_BODIES = ["", '{"status":"ok"}', '{"required":true,"signedIn":false}'];

interface Response {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Parses the responses of a connection, which end where their length says. */
function responsesOf(text: string): Response[] {
  const responses: Response[] = [];
  for (let rest = text; rest !== "";) {
    const end = rest.indexOf("\r\n\r\n");
    const head = rest.slice(0, end);
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1] ?? NaN);
    assert.ok(end > 0 && status > 0, `no response: ${JSON.stringify(rest.slice(0, 200))}`);
    const length = /^content-length: (\d+)$/im.exec(head)?.[1];
    const bodyAt = end + 4;
    const bodyEnd = length === undefined ? rest.length : bodyAt + Number(length);
    responses.push({ status, head, body: rest.slice(bodyAt, bodyEnd) });
    rest = status === 100 ? rest.slice(bodyAt) : rest.slice(bodyEnd);
  }
  return responses.filter(({ status }) => status !== 100);
}

/** A reader of one event. */
class OneEvent implements EventReader {
  #isTaken = false;

  take(): Promise<Uint8Array | null> {
    const event = this.#isTaken ? null : serverSentEvent("health", EVENT, null);
    this.#isTaken = true;
    return Promise.resolve(event);
  }

  close(): void {
    this.#isTaken = true;
  }
}

/** Refuses what the parser does. */
function ackOf(command: Uint8Array): ControlAck {
  const parsed = parseCommand(command);
  return parsed.ok ? { status: "ok", error: null } : { status: "error", error: parsed.error };
}

/** A clock on which so much time passes between two requests that wrong tokens are forgotten. */
function hurriedClock(): Clock {
  let passedMs = 0;
  return { ...systemClock, nowMs: () => plusMs(systemClock.nowMs(), passedMs += 10_000) };
}

/** The interface over a source with a fault, and its log. */
function startServer() {
  const logged: string[] = [];
  const app = healthApp(
    {
      instance: "lobby-1",
      report: () => Promise.reject(new Error(FAULT)),
      unreadiness: () => Promise.resolve(["camera gate: STREAM_STALLED"]),
      metrics: () => Promise.resolve({ text: "orion_mqtt_up 1\n", contentType: "text/plain" }),
      pictures: {
        snapshot: (camera) =>
          camera === "gate"
            ? Promise.resolve(new Uint8Array([0xff, 0xd8]).buffer)
            : camera === "broken"
            ? Promise.reject(new Error(FAULT))
            : Promise.resolve(null),
        watch: () => null,
      },
      presence: {
        stays: (limit) => [stay("01JD8Q")].slice(0, limit),
        picture: (id) => id === "01JD8Q" ? new Uint8Array([0xff, 0xd8]).buffer : null,
      },
      events: { hasCamera: (camera) => camera === "gate", open: () => new OneEvent() },
      control: (command) => Promise.resolve(ackOf(command)),
      setup: ANY_SETUP,
    },
    {
      token: new Secret(TOKEN),
      clock: hurriedClock(),
      log: logTo((record) => logged.push(JSON.stringify(record))),
    },
  );
  const log = logTo((record) => logged.push(JSON.stringify(record)));
  const server = serveHealth(app, { hostname: "127.0.0.1", port: 0, clock: systemClock, log });
  return { server, logged, port: Number(new URL(server.url).port) };
}

/** Ignores that the server has closed the connection already. */
async function attempt(action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    const isGone = error instanceof Deno.errors.BrokenPipe ||
      error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.NotConnected;
    if (!isGone) throw error;
    return false;
  }
}

/** Writes all bytes, in one piece or in many. */
async function send(to: Deno.TcpConn, bytes: Uint8Array, random: Random): Promise<void> {
  const size = pick(random, [bytes.length + 1, bytes.length + 1, 1, 7, 100]);
  // A long request would take long byte by byte, and shows nothing new.
  const step = Math.max(size, Math.ceil(bytes.length / 200));
  for (let at = 0; at < bytes.length;) {
    const piece = bytes.subarray(at, at + step);
    let count = 0;
    if (!await attempt(async () => count = await to.write(piece))) return;
    at += count;
  }
}

async function readAll(from: Deno.TcpConn): Promise<string> {
  const buffer = new Uint8Array(65_536);
  let text = "";
  const isInTime = Promise.withResolvers<null>();
  const timer = setTimeout(
    () => isInTime.reject(new Error(`no end; so far ${JSON.stringify(text.slice(0, 500))}`)),
    WAIT_TIMEOUT_MS,
  );
  const read = async () => {
    for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
      text += latin1.decode(buffer.subarray(0, count));
    }
  };
  try {
    await Promise.race([attempt(read), isInTime.promise]);
    return text;
  } finally {
    clearTimeout(timer);
  }
}

/** Asserts what holds for the answer to any bytes. */
function checkAnswer(sent: Uint8Array, received: string): readonly number[] {
  const request = latin1.decode(sent);
  const hasToken = TOKEN_FORMS.some((form) => request.includes(form));
  const lower = received.toLowerCase();
  for (const secret of [...TOKEN_FORMS, "kestrel", "rtsp:"]) {
    assert.ok(!lower.includes(secret.toLowerCase()), received);
  }
  const responses = responsesOf(received);
  // One request per connection: nothing that follows it is answered.
  assert.ok(responses.length <= 1, received);
  for (const { status, head, body } of responses) {
    assert.ok(STATUSES.includes(status), received);
    if (status === 200 && !hasToken) assert.ok(OPEN_BODIES.includes(body), received);
    if (status === 303 || /^set-cookie:.*orion_session=[^;]/im.test(head)) {
      assert.ok(hasToken, received);
    }
    if (status === 500) assert.ok(hasToken, received);
  }
  return responses.map(({ status }) => status);
}

/** Asserts that an honest client gets its response. */
async function assertHealthy(port: number): Promise<void> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(encoder.encode("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"));
  const received = await readAll(connection);
  const [response] = responsesOf(received);
  assert.deepEqual([response?.status, response?.body], [200, '{"status":"ok"}'], received);
}

Deno.test("http fuzz: without the token nothing but /healthz is answered, no secret is, and /healthz always", async () => {
  const { server, logged, port } = startServer();
  const open = new OpenConnections();
  const counts = new Map<number, number>();
  const before = measurePeak();
  try {
    await fuzz({
      name: "http",
      seed: 13_201,
      runs: RUNS,
      atOnce: AT_ONCE,
      input: httpRequest,
      shown: shownBytes,
      async check(bytes, random) {
        const connection = await Deno.connect({ hostname: "127.0.0.1", port });
        await send(connection, bytes, random);
        if (random(20) === 0) {
          open.add(connection);
          return open.keep(MAX_OPEN);
        }
        await attempt(() => connection.closeWrite());
        const received = await readAll(connection);
        connection.close();
        for (const status of checkAnswer(bytes, received)) {
          counts.set(status, (counts.get(status) ?? 0) + 1);
        }
        if (random(4) !== 0) return;
        await assertHealthy(port);
      },
    });
  } finally {
    open[Symbol.dispose]();
    await server.close(Promise.resolve());
  }
  for (const line of logged) {
    for (const form of TOKEN_FORMS) assert.ok(!line.includes(form), line);
  }
  assertBoundedGrowth(before);
  for (const status of [200, 400, 401, 403, 404, 405, 411, 500, 503]) {
    assert.ok((counts.get(status) ?? 0) > 0, `no ${status}: ${JSON.stringify([...counts])}`);
  }
});
