import assert from "node:assert/strict";
import type { EventFeed, EventReader, EventRequest } from "../../../src/health/events_route.ts";
import { serveHealth } from "../../../src/health/http_server.ts";
import { serverSentEvent } from "../../../src/health/server_sent.ts";
import { Secret } from "../../../src/core/secret.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";
import { app, log, served } from "./http_rig.ts";
import { streamOf } from "../../support/product/event_stream.ts";

/** A reader that the test feeds. */
class FedReader implements EventReader {
  readonly #stream = new TransformStream<Uint8Array, Uint8Array>();
  readonly #reader = this.#stream.readable.getReader();
  readonly #writer = this.#stream.writable.getWriter();
  readonly closed = Promise.withResolvers<void>();
  isClosed = false;

  constructor(readonly request: EventRequest) {}

  put(data: string): void {
    void this.#writer.write(serverSentEvent("health", data, null)).catch(() => undefined);
  }

  async take(): Promise<Uint8Array | null> {
    return (await this.#reader.read()).value ?? null;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    void this.#writer.close().catch(() => undefined);
    this.closed.resolve();
  }
}

function fed() {
  const readers: FedReader[] = [];
  const feed: EventFeed = {
    hasCamera: (camera) => camera === "gate",
    open(request) {
      const reader = new FedReader(request);
      readers.push(reader);
      return reader;
    },
  };
  const newest = () => {
    const reader = readers.at(-1);
    assert.ok(reader !== undefined);
    return reader;
  };
  return { feed, readers, newest };
}

async function serving(
  routes: ReturnType<typeof app>,
  use: (url: string, clock: HeldClock) => Promise<void>,
): Promise<void> {
  const clock = new HeldClock();
  const server = serveHealth(routes, { hostname: "127.0.0.1", port: 0, clock, log });
  try {
    await use(server.url, clock);
  } finally {
    await server.close(new Promise(() => undefined));
  }
}

Deno.test("events: a stream has no time-out, and ends when the reader ends", async () => {
  const { feed, newest } = fed();
  await serving(app(null, [], { events: feed }), async (url, clock) => {
    await using stream = await streamOf(`${url}/events?camera=gate`, {
      headers: { "last-event-id": "7-12" },
    });
    assert.equal(stream.response.headers.get("content-type"), "text/event-stream");
    assert.equal(stream.response.headers.get("cache-control"), "no-store");
    assert.equal(newest().request.camera, "gate");
    assert.equal(newest().request.lastEventId, "7-12");
    newest().put("1");
    await stream.waitFor(({ data }) => data === "1");
    for (let passed = 0; passed < 60; passed++) await clock.pass(10_000);
    newest().put("2");
    await stream.waitFor(({ data }) => data === "2");
    newest().close();
    await stream.waitForEnd();
  });
});

Deno.test("events: a client that is gone closes its reader", async () => {
  const { feed, newest } = fed();
  await serving(app(null, [], { events: feed }), async (url) => {
    const stream = await streamOf(`${url}/events`);
    const reader = newest();
    await stream[Symbol.asyncDispose]();
    await reader.closed.promise;
  });
});

Deno.test("events: the connection of a reader that is too slow is closed although it reads nothing", async () => {
  const { feed, newest } = fed();
  await serving(app(null, [], { events: feed }), async (url) => {
    const { hostname, port } = new URL(url);
    using connection = await Deno.connect({ hostname, port: Number(port) });
    await connection.write(
      new TextEncoder().encode("GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
    );
    await connection.read(new Uint8Array(1));
    const reader = newest();
    for (let sent = 0; sent < 64; sent++) reader.put("x".repeat(1_000_000));
    reader.request.onSlow();
    // Ends, with whatever the system had taken.
    const buffer = new Uint8Array(1_000_000);
    let bytes = 0;
    try {
      for (let count = await connection.read(buffer); count !== null;) {
        bytes += count;
        count = await connection.read(buffer);
      }
    } catch (error) {
      assert.ok(error instanceof Deno.errors.ConnectionReset, String(error));
    }
    assert.ok(bytes < 64_000_000, `${bytes} bytes`);
    await reader.closed.promise;
  });
});

Deno.test("events: HEAD opens no reader, and a wrong camera or method is one clear answer", async () => {
  const { feed, readers } = fed();
  const routes = app(null, [], { events: feed });
  const head = await routes.request("/events", { method: "HEAD" });
  assert.equal(head.status, 200);
  assert.equal(head.headers.get("content-type"), "text/event-stream");
  for (
    const [query, status] of [
      ["?camera=shed", 404],
      ["?camera=", 404],
      ["?camera=gate&camera=gate", 400],
    ] as const
  ) {
    const response = await routes.request(`/events${query}`);
    assert.equal(response.status, status, query);
    const { error, code, remedy } = await response.json();
    assert.ok(error !== "" && code === "HTTP_NO_CAMERA" && remedy !== "");
  }
  const post = await routes.request("/events", { method: "POST" });
  assert.equal(post.status, 405);
  assert.equal(post.headers.get("allow"), "GET, HEAD, OPTIONS");
  const options = await routes.request("/events", { method: "OPTIONS" });
  assert.equal(options.status, 204);
  assert.equal(options.headers.get("access-control-allow-origin"), null);
  assert.equal(readers.length, 0);
});

Deno.test("events: a reader beyond the bound is refused with 503", async () => {
  const response = await app(null, [], {
    events: { hasCamera: () => true, open: () => null },
  }).request("/events");
  assert.equal(response.status, 503);
  assert.equal(response.headers.get("retry-after"), "10");
  assert.equal((await response.json()).code, "HTTP_TOO_MANY_READERS");
});

Deno.test("events: a logout ends the stream of the session", async () => {
  const { feed, newest } = fed();
  const token = new Secret("open-sesame");
  await serving(app(token, [], { events: feed }), async (url) => {
    const login = await fetch(`${url}/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token: "open-sesame" }),
    });
    await login.body?.cancel();
    const [cookie = ""] = (login.headers.get("set-cookie") ?? "").split(";");
    await using stream = await streamOf(`${url}/events`, { headers: { cookie } });
    newest().put("1");
    await stream.waitFor(({ data }) => data === "1");
    const logout = await fetch(`${url}/logout`, {
      method: "POST",
      headers: { cookie, origin: url },
    });
    assert.equal(logout.status, 200);
    await logout.body?.cancel();
    await stream.waitForEnd();
    const again = await fetch(`${url}/events`, { headers: { cookie } });
    assert.equal(again.status, 401);
    await again.body?.cancel();
  });
});

Deno.test("events: a stream requires the token", async () => {
  await served(new Secret("open-sesame"), async (url) => {
    const response = await fetch(`${url}/events`);
    assert.equal(response.status, 401);
    await response.body?.cancel();
  });
});
