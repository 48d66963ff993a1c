/** The ingress of the app in front of a server: who may ask, what passes, and what it changes. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import { ASSETS } from "../../../src/dashboard/assets.ts";
import { withPage } from "../../../src/dashboard/routes.ts";
import { ingress } from "../../../packaging/home-assistant-addon/orion/app/ingress.ts";

/** Orion's page in front of what answers with the request's own headers. */
const app = withPage(
  new Hono()
    .all("/headers", (context) => context.json(context.req.header()))
    .post("/control", async (context) => context.text(await context.req.text()))
    .get("/events", (context) => context.body(endless())),
);

/** Sends one event, and never ends. */
function endless(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start: (stream) => stream.enqueue(new TextEncoder().encode("event: one\n\n")),
  });
}

const HOME = "http://home.example:8123";

/** Runs a test against the ingress; `ask` sends a request as the supervisor does. */
async function behind(
  test: (
    ask: (path: string, init?: RequestInit, from?: string) => Promise<Response>,
  ) => Promise<void>,
): Promise<void> {
  const listen = { hostname: "127.0.0.1", port: 0, onListen: () => undefined };
  await using server = Deno.serve(listen, (request) => app.fetch(request));
  const answer = ingress({ upstream: `http://127.0.0.1:${server.addr.port}`, from: "172.30.32.2" });
  await test((path, init = {}, from = "172.30.32.2") =>
    answer(new Request(`${HOME}/${path}`, init), from)
  );
}

Deno.test("ingress: another address than the supervisor's is refused", async () => {
  await behind(async (ask) => {
    const response = await ask("", {}, "172.30.33.5");
    assert.equal(response.status, 403);
    assert.match(await response.text(), /ingress/);
  });
});

Deno.test("ingress: the page may be in a frame of Home Assistant's, and of no other site", async () => {
  await behind(async (ask) => {
    const response = await ask("", { headers: { "accept-encoding": "gzip" } });
    assert.match(await response.text(), /^<!doctype html>/i);
    const policy = response.headers.get("content-security-policy") ?? "";
    assert.match(policy, /frame-ancestors 'self'/);
    assert.match(policy, /default-src 'none'/, "the rest of it is as it was");
    for (const name of ["x-frame-options", "content-encoding"]) {
      assert.equal(response.headers.get(name), null, name);
    }
  });
});

Deno.test("ingress: neither a link of the page nor a request of its modules leaves its prefix", async () => {
  const asked: string[] = [];
  for (const { text } of ASSETS) {
    for (
      const [, url = ""] of text.matchAll(
        /(?:\b(?:href|src|action)=|\b(?:EventSource|fetch|read|request|ask)\()["'`]([^"'`$]*)/g,
      )
    ) {
      asked.push(url);
    }
  }
  assert.ok(asked.length > 20, asked.join());
  for (const url of asked) assert.doesNotMatch(url, /^(\/|https?:)/);
  await behind(async (ask) => {
    for (const link of asked.filter((url) => url.startsWith("assets/"))) {
      const response = await ask(link);
      await response.body?.cancel();
      assert.equal(response.status, 200, link);
    }
  });
});

Deno.test("ingress: Home Assistant's cookies and tokens are kept from Orion", async () => {
  await behind(async (ask) => {
    const headers = {
      ...{ cookie: "ingress_session=1", authorization: "Bearer x", "x-hass-user-id": "2" },
      "accept": "application/json",
    };
    const seen = await (await ask("headers", { headers })).json();
    for (const name of ["cookie", "authorization", "x-hass-user-id"]) {
      assert.equal(seen[name], undefined, name);
    }
    assert.equal(seen["accept"], "application/json");
    assert.match(seen["host"], /^127\.0\.0\.1:/);
  });
});

Deno.test("ingress: a change from Home Assistant's page is one of Orion's own page, another site's is refused", async () => {
  await behind(async (ask) => {
    const send = (origin: string) =>
      ask("control", {
        method: "POST",
        body: "pause",
        headers: { origin, "x-forwarded-host": "home.example:8123" },
      });
    const own = await send(HOME);
    assert.deepEqual([own.status, await own.text()], [200, "pause"]);
    for (const other of ["http://evil.example", "http://home.example", "null"]) {
      const refused = await send(other);
      assert.equal(refused.status, 403, other);
      await refused.body?.cancel();
    }
    const forwarded = await ask("headers", {
      headers: { origin: HOME, "x-forwarded-host": "home.example:8123" },
    });
    assert.match((await forwarded.json())["origin"], /^http:\/\/127\.0\.0\.1:/);
  });
});

Deno.test("ingress: what lasts is passed on as it comes, and ended when it is no longer read", async () => {
  await behind(async (ask) => {
    const response = await ask("events");
    const reader = response.body?.getReader() ?? assert.fail();
    const { value } = await reader.read();
    assert.equal(new TextDecoder().decode(value), "event: one\n\n");
    await reader.cancel();
  });
});

Deno.test("ingress: while Orion does not answer, the browser gets the reason", async () => {
  const answer = ingress({ upstream: "http://127.0.0.1:9", from: "172.30.32.2" });
  const response = await answer(new Request(HOME), "172.30.32.2");
  assert.equal(response.status, 502);
  assert.match(await response.text(), /log/);
});
