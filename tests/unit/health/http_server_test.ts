import assert from "node:assert/strict";
import { Hono } from "hono";
import { OrionError } from "../../../src/core/errors.ts";
import {
  HEADER_TIMEOUT_MS,
  MAX_PER_ADDRESS,
  serveHealth,
} from "../../../src/health/http_server.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";
import { app, log, raw, serve, served } from "./http_rig.ts";

Deno.test("http: a taken address is one clear error", async () => {
  const first = serve(app(null));
  const port = Number(new URL(first.url).port);
  assert.throws(
    () => serve(app(null), port),
    (error) => error instanceof OrionError && error.code === "HTTP_LISTEN",
  );
  assert.equal(
    (await fetch(`${first.url}/healthz`).then((response) => response.json())).status,
    "ok",
  );
  await first.close(new Promise(() => undefined));
});

/** Requests as bytes, and the status of the response. */
const ANSWERS: readonly (readonly [what: string, request: string, status: RegExp])[] = [
  ["a port that is none in Host", "GET /status HTTP/1.1\r\nHost: 127.0.0.1:99999\r\n\r\n", /^400/],
  ["no host", "GET /status HTTP/1.1\r\n\r\n", /^400/],
  ["no host, before HTTP/1.1", "GET /status HTTP/1.0\r\n\r\n", /^200/],
  ["a host with a space", "GET /status HTTP/1.1\r\nHost: a b\r\n\r\n", /^400/],
  ["two hosts", "GET /status HTTP/1.1\r\nHost: localhost\r\nHost: x\r\n\r\n", /^400/],
  ["another host name", "GET /status HTTP/1.1\r\nHost: evil.example\r\n\r\n", /^403/],
  [
    "another host name in the target",
    "GET http://evil.example/status HTTP/1.1\r\nHost: localhost\r\n\r\n",
    /^403/,
  ],
  [
    "a page of another site",
    "GET /status HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n",
    /^403/,
  ],
  ["no origin at all", "GET /status HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n\r\n", /^403/],
  [
    "a page of its own",
    "GET /status HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n\r\n",
    /^200/,
  ],
  [
    "a header of 20 kB",
    `GET /status HTTP/1.1\r\nHost: localhost\r\nA: ${"a".repeat(20_000)}\r\n\r\n`,
    /^431/,
  ],
  [
    "a body in chunks",
    "POST /status HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
    /^411/,
  ],
  ["no HTTP", "GARBAGE\r\n\r\n", /^400/],
  ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", /^400/],
];

for (const [what, request, status] of ANSWERS) {
  Deno.test(`http: ${what} is answered with ${status.source.slice(1)}`, async () => {
    await served(null, async (url) => {
      assert.match((await raw(url, request)).replace(/^HTTP\/1\.1 /, ""), status);
    });
  });
}

/** Serves on a clock that the test controls. */
async function timed(use: (url: string, clock: HeldClock) => Promise<void>): Promise<void> {
  const clock = new HeldClock();
  const server = serveHealth(app(null), { hostname: "127.0.0.1", port: 0, clock, log });
  try {
    await use(server.url, clock);
  } finally {
    await server.close(new Promise(() => undefined));
  }
}

for (
  const [what, request] of [
    ["nothing", ""],
    ["half a header", "GET /status HTTP/1.1\r\nHost: lo"],
  ] as const
) {
  Deno.test(`http: a client that sends ${what} is answered 408 after the time-out`, async () => {
    await timed(async (url, clock) => {
      const answer = raw(url, request);
      // The timer exists once the server has accepted the connection.
      while (clock.waitsMs.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      const passes = setInterval(() => void clock.pass(HEADER_TIMEOUT_MS), 20);
      try {
        assert.match(await answer, /^HTTP\/1\.1 408/);
      } finally {
        clearInterval(passes);
      }
    });
  });
}

Deno.test("http: a response does not wait for the rest of the request's body", async () => {
  const head = "POST /status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n";
  await served(null, async (url) => {
    assert.match(await raw(url, `${head}abc`), /^HTTP\/1\.1 405/);
  });
});

Deno.test("http: the connections of one address are bounded, and closed ones free their places", async () => {
  await served(null, async (url) => {
    const { hostname, port } = new URL(url);
    const idle: Deno.TcpConn[] = [];
    try {
      for (let each = 0; each < MAX_PER_ADDRESS; each++) {
        idle.push(await Deno.connect({ hostname, port: Number(port) }));
      }
      assert.match(await raw(url, ""), /^HTTP\/1\.1 429 /);
    } finally {
      for (const connection of idle) connection.close();
    }
    let answer: string;
    do answer = await raw(url, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); while (
      / 429 /.test(answer)
    );
    assert.match(answer, /^HTTP\/1\.1 200 /);
  });
});

Deno.test("http: a body that is too large is refused before it is read", async () => {
  await served(null, async (url) => {
    const { host } = new URL(url);
    const head = `POST /status HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n`;
    assert.match(await raw(url, `${head}Content-Length: 1000000000\r\n\r\n`), /^HTTP\/1\.1 413 /);
    const fits = `${head}Content-Length: 2\r\n\r\n{}`;
    assert.match(await raw(url, fits), /^HTTP\/1\.1 405 /);
    assert.equal((await fetch(`${url}/healthz`).then((response) => response.json())).status, "ok");
  });
});

Deno.test("http: a client that sends a large body to its end gets the response", async () => {
  // On a clock that stands still: how long the body takes does not matter.
  await timed(async (url) => {
    const { hostname, port } = new URL(url);
    using connection = await Deno.connect({ hostname, port: Number(port) });
    const chunk = new TextEncoder().encode("x".repeat(64 * 1024));
    const send = async (bytes: Uint8Array) => {
      for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
    };
    const head = "POST /status HTTP/1.1\r\nHost: localhost\r\nContent-Length: ";
    await send(new TextEncoder().encode(`${head}${128 * chunk.length}\r\n\r\n`));
    for (let sent = 0; sent < 128; sent++) await send(chunk);
    const answer = await new Response(connection.readable).text();
    assert.match(answer, /^HTTP\/1\.1 413 .*HTTP_TOO_LARGE/s);
  });
});

Deno.test("http: invalid HTTP and an endless header do not affect other requests", async () => {
  await served(null, async (url) => {
    assert.match(await raw(url, "hello\r\n\r\n"), /^(HTTP\/1\.1 400 |$)/);
    const { host } = new URL(url);
    const flood = `GET /status HTTP/1.1\r\nHost: ${host}\r\nX: ${"x".repeat(1_000_000)}`;
    assert.match(await raw(url, flood).catch(() => ""), /^(HTTP\/1\.1 4\d\d |$)/);
    assert.equal((await fetch(`${url}/healthz`).then((response) => response.json())).status, "ok");
  });
});

Deno.test("http: what follows invalid HTTP is not parsed as bytes of another connection", async () => {
  await served(null, async (url) => {
    const { hostname, port } = new URL(url);
    const connect = () => Deno.connect({ hostname, port: Number(port) });
    const send = async (to: Deno.TcpConn, text: string) => {
      await to.write(new TextEncoder().encode(text));
    };
    const receive = async (from: Deno.TcpConn) => {
      const buffer = new Uint8Array(4096);
      let text = "";
      for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
        text += new TextDecoder().decode(buffer.subarray(0, count));
      }
      return text;
    };
    using hostile = await connect();
    await send(hostile, "hello\r\n\r\n");
    assert.match(await receive(hostile), /^HTTP\/1\.1 400 /);
    using honest = await connect();
    await send(honest, "GET /healthz HTTP/1.1\r\n");
    for (let round = 0; round < 20; round++) {
      await send(hostile, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
      // The server has read the bytes before these.
      const answer = await raw(url, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
      assert.match(answer, /^HTTP\/1\.1 200 /);
    }
    await send(honest, "Host: localhost\r\n\r\n");
    const answer = await receive(honest);
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.ok(answer.endsWith('{"status":"ok"}'), answer);
  });
});

Deno.test("http: of requests sent behind one another the first alone is handled", async () => {
  let handled = 0;
  const routes = new Hono().get("/", (context) => {
    handled++;
    return context.text("done");
  });
  const server = serve(routes);
  try {
    const request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert.match(await raw(server.url, request.repeat(20)), /^HTTP\/1\.1 200 /);
  } finally {
    await server.close(new Promise(() => undefined));
  }
  assert.equal(handled, 1);
});
