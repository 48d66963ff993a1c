import assert from "node:assert/strict";
import { isoTime, wallMs } from "../../../src/core/clock.ts";
import { StreamError } from "../../../src/core/errors.ts";
import type { LivePicture } from "../../../src/core/live_types.ts";
import { Secret } from "../../../src/core/secret.ts";
import { HEADER_TIMEOUT_MS, serveHealth } from "../../../src/health/http_server.ts";
import type { PictureSource, Viewer } from "../../../src/health/live_routes.ts";
import { MAX_UNREAD_MS } from "../../../src/health/pulled_body.ts";
import { HeldClock, settle } from "../../support/clocks/held_clock.ts";
import { Multipart } from "../../support/system/multipart.ts";
import { app, log, snapshot } from "./http_rig.ts";

const TOKEN = new Secret("open-sesame");
const LARGE_BYTES = 256 * 1024;
/** More of them than the kernel buffers. */
const MOST_UNREAD = 256;

/** More than it takes to fill those buffers, and to wait ten times as long as for a client. */
const MOST_TURNS = 100_000;

/** Waits for something that comes with one of the next turns. */
async function until<T>(find: () => T | undefined): Promise<T> {
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    await settle();
  }
}

function picture(seq: number, bytes = Uint8Array.of(0xff, 0xd8, seq).buffer): LivePicture {
  const boxed = false;
  return {
    seq,
    capturedAtMs: wallMs(1000 * seq),
    width: 4,
    height: 2,
    detector: "person",
    boxed,
    bytes,
  };
}

/** A viewer whose pictures the test gives it. */
class PlayedViewer implements Viewer {
  readonly boxed: boolean;
  readonly #closed = Promise.withResolvers<void>();
  #waiting: ((picture: LivePicture | null) => void) | null = null;
  #taken = Promise.withResolvers<void>();
  isClosed = false;

  constructor(boxed: boolean) {
    this.boxed = boxed;
  }

  /** Settles when it is closed. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  next(): Promise<LivePicture | null> {
    if (this.isClosed) return Promise.resolve(null);
    const { promise, resolve } = Promise.withResolvers<LivePicture | null>();
    this.#waiting = resolve;
    this.#taken.resolve();
    return promise;
  }

  /** Whether a picture is asked for. */
  get isAsked(): boolean {
    return this.#waiting !== null;
  }

  /** Gives a picture once one is asked for. */
  async give(picture: LivePicture): Promise<void> {
    await this.#taken.promise;
    this.#taken = Promise.withResolvers<void>();
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.(picture);
  }

  close(): void {
    this.isClosed = true;
    this.#waiting?.(null);
    this.#waiting = null;
    this.#closed.resolve();
  }
}

/** The interface over played viewers; `gate` is the only camera, `full` has too many viewers. */
class Rig implements AsyncDisposable {
  readonly clock = new HeldClock();
  readonly viewers: PlayedViewer[] = [];
  readonly app;
  readonly server;

  constructor(token: Secret | null = null) {
    this.app = app(token, [], { pictures: this.#pictures(), clock: this.clock });
    this.server = serveHealth(this.app, {
      ...{ hostname: "127.0.0.1", port: 0, clock: this.clock, log },
    });
  }

  #pictures(): PictureSource {
    return {
      snapshot: (camera, boxes) => snapshot(boxes ? "dark" : camera),
      watch: (camera, boxes) => {
        if (camera === "full") {
          const remedy = "Close others.";
          throw new StreamError({ code: "STREAM_BUSY", message: "full", retryable: true, remedy });
        }
        if (camera !== "gate") return null;
        const viewer = new PlayedViewer(boxes);
        this.viewers.push(viewer);
        return viewer;
      },
    };
  }

  fetch(path: string, method = "GET", headers: HeadersInit = {}): Promise<Response> {
    return fetch(`${this.server.url}/${path}`, { method, headers });
  }

  /** Opens a stream. */
  async watch(
    path = "gate/live.mjpg",
    headers?: HeadersInit,
  ): Promise<{ parts: Multipart; viewer: PlayedViewer }> {
    const parts = new Multipart(await this.fetch(`cameras/${path}`, "GET", headers));
    return { parts, viewer: this.viewers.at(-1) ?? assert.fail("there is no viewer") };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const viewer of this.viewers) viewer.close();
    await this.server.close(Promise.resolve());
  }
}

Deno.test("live: each picture is a part, with its number and time, as soon as it is there", async () => {
  await using rig = new Rig();
  const { parts, viewer } = await rig.watch();
  assert.equal(viewer.boxed, false);
  for (const seq of [7, 9]) {
    const shown = picture(seq);
    await viewer.give(shown);
    // Nothing follows that would complete the part.
    const part = await parts.next() ?? assert.fail("the stream has ended");
    assert.deepEqual(Object.fromEntries(part.headers), {
      "content-type": "image/jpeg",
      "content-length": "3",
      "x-orion-seq": `${seq}`,
      "x-orion-captured-at": isoTime(shown.capturedAtMs),
      "x-orion-detector": "person",
    });
    assert.deepEqual(part.body, new Uint8Array(shown.bytes));
  }
  await rig.clock.pass(100 * HEADER_TIMEOUT_MS);
  await viewer.give({ ...picture(10), detector: null });
  assert.equal((await parts.next())?.headers.has("x-orion-detector"), false);
  viewer.close();
  assert.equal(await parts.next(), null);
});

Deno.test("live: a request with boxes gets those, and any other value is refused", async () => {
  await using rig = new Rig();
  const { parts, viewer } = await rig.watch("gate/live.mjpg?boxes=1");
  assert.equal(viewer.boxed, true);
  await parts[Symbol.asyncDispose]();
  for (const path of ["gate/live.mjpg?boxes=yes", "gate/snapshot.jpg?boxes=2"]) {
    const refused = await rig.fetch(`cameras/${path}`);
    assert.equal(refused.status, 400);
    assert.equal((await refused.json()).code, "HTTP_BOXES");
  }
  const dark = await rig.fetch("cameras/gate/snapshot.jpg?boxes=1");
  assert.deepEqual([dark.status, (await dark.json()).code], [503, "STREAM_NO_PICTURE"]);
  const bright = await rig.fetch("cameras/gate/snapshot.jpg?boxes=0");
  assert.deepEqual([bright.status, (await bright.arrayBuffer()).byteLength], [200, 2]);
  assert.equal(rig.viewers.length, 1);
});

Deno.test("live: an unknown camera is not found, and a viewer beyond the bounds is refused", async () => {
  await using rig = new Rig();
  const unknown = await rig.fetch("cameras/shed/live.mjpg");
  assert.deepEqual([unknown.status, (await unknown.json()).code], [404, "HTTP_NO_CAMERA"]);
  const full = await rig.fetch("cameras/full/live.mjpg");
  assert.equal(full.status, 503);
  assert.deepEqual(await full.json(), {
    error: "full",
    code: "STREAM_BUSY",
    remedy: "Close others.",
  });
});

Deno.test("live: HEAD leaves no viewer behind", async () => {
  await using rig = new Rig();
  const head = await rig.fetch("cameras/gate/live.mjpg", "HEAD");
  assert.deepEqual([head.status, await head.text()], [200, ""]);
  assert.match(head.headers.get("content-type") ?? "", /^multipart\/x-mixed-replace; boundary=/);
  assert.deepEqual(rig.viewers.map(({ isClosed }) => isClosed), [true]);
});

Deno.test("live: a viewer that closes the connection is gone, also while no picture comes", async () => {
  await using rig = new Rig();
  const { parts, viewer } = await rig.watch();
  await viewer.give(picture(1));
  assert.ok(await parts.next());
  await parts[Symbol.asyncDispose]();
  await viewer.closed;
});

Deno.test("live: the end of the service ends the stream, and closing the interface does not wait for it", async () => {
  const rig = new Rig();
  const { parts, viewer } = await rig.watch();
  const closed = rig.server.close(new Promise(() => undefined));
  viewer.close();
  assert.equal(await parts.next(), null);
  await closed;
});

Deno.test("live: a client that reads nothing is given no further picture until it reads", async () => {
  await using rig = new Rig();
  const { hostname, port } = new URL(rig.server.url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  try {
    const request = `GET /cameras/gate/live.mjpg HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`;
    await connection.write(new TextEncoder().encode(request));
    // The kernel's buffers take the first ones.
    let given = 0;
    const giveAll = async () => {
      for (; given < MOST_UNREAD; given++) {
        const [viewer] = rig.viewers;
        if (viewer === undefined || !viewer.isAsked) return;
        await viewer.give(picture(given, new ArrayBuffer(LARGE_BYTES)));
      }
    };
    let quiet = 0;
    while (quiet < 200) {
      const before = given;
      await giveAll();
      await settle();
      quiet = given === before && given > 0 ? quiet + 1 : 0;
    }
    assert.ok(given < MOST_UNREAD, `${given} pictures were taken of a client that reads nothing`);
    const stalled = given;
    const buffer = new Uint8Array(1024 * 1024);
    while (given === stalled) {
      await connection.read(buffer);
      await settle();
      await giveAll();
    }
    assert.ok(given > stalled);
  } finally {
    connection.close();
  }
  await rig.viewers[0]?.closed;
});

Deno.test("live: a client that never reads is dropped, one that waits for a picture is not", async () => {
  await using rig = new Rig();
  const { parts, viewer: waiting } = await rig.watch("gate/live.mjpg?boxes=1");
  await waiting.give(picture(1));
  assert.ok(await parts.next());
  await until(() => waiting.isAsked || undefined);
  const { hostname, port } = new URL(rig.server.url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const request = `GET /cameras/gate/live.mjpg HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  const idle = await until(() => rig.viewers.find(({ boxed }) => !boxed));
  // The kernel's buffers take the first ones.
  for (let turn = 0; !idle.isClosed; turn++) {
    assert.ok(turn < MOST_TURNS, "it is not dropped");
    if (idle.isAsked) await idle.give(picture(2, new ArrayBuffer(LARGE_BYTES)));
    await rig.clock.pass(MAX_UNREAD_MS / 10);
  }
  await rig.clock.pass(10 * MAX_UNREAD_MS);
  assert.equal(waiting.isClosed, false);
  await parts[Symbol.asyncDispose]();
});

Deno.test("live: a logout ends the stream of the session", async () => {
  await using rig = new Rig(TOKEN);
  const login = await fetch(`${rig.server.url}/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token: TOKEN.expose() }),
  });
  await login.body?.cancel();
  const [cookie = ""] = (login.headers.get("set-cookie") ?? "").split(";");
  const { parts, viewer } = await rig.watch("gate/live.mjpg", { cookie });
  await viewer.give(picture(1));
  assert.equal((await parts.next())?.headers.get("x-orion-seq"), "1");
  const logout = await rig.fetch("logout", "POST", { cookie, origin: rig.server.url });
  assert.equal(logout.status, 200);
  await logout.body?.cancel();
  await viewer.closed;
  assert.equal(await parts.next(), null);
});
