import assert from "node:assert/strict";
import { logTo } from "../../../src/core/log.ts";
import { OrionError } from "../../../src/core/errors.ts";
import { Secret } from "../../../src/core/secret.ts";
import { healthApp, serveHealth } from "../../../src/health/http.ts";
import { healthReport } from "../../../src/health/report.ts";
import { WAIT_TIMEOUT_MS } from "../../support/lines.ts";

const REPORT = healthReport({
  instance: "lobby-1",
  version: "0.1.0",
  startedAtMs: 0,
  nowMs: 0,
  broker: {
    url: "mqtt://127.0.0.1",
    embedded: true,
    connected: true,
    sinceMs: 0,
    error: null,
    protocol: 5,
    reconnects: 0,
  },
  cameras: [],
  workers: [],
  overrides: [],
});

/** Camera "gate" has a picture, "dark" has none, others are not there. */
function picture(camera: string): Promise<ArrayBuffer | null> {
  if (camera === "gate") return Promise.resolve(new Uint8Array([0xff, 0xd8]).buffer);
  if (camera !== "dark") return Promise.resolve(null);
  return Promise.reject(
    new OrionError({ code: "STREAM_NO_PICTURE", message: "none", retryable: true, remedy: "wait" }),
  );
}

function app(token: Secret | null, reasons: string[] = []) {
  return healthApp(
    {
      report: () => Promise.resolve(REPORT),
      unreadiness: () => Promise.resolve(reasons),
      picture,
      metrics: () => Promise.resolve({ text: "orion_mqtt_up 1\n", contentType: "text/plain" }),
    },
    token,
    logTo(() => undefined),
  );
}

Deno.test("http: a camera's picture is a JPEG, and without one it is said why", async () => {
  const response = await app(null).request("/cameras/gate/snapshot.jpg");
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "image/jpeg");
  assert.equal((await response.arrayBuffer()).byteLength, 2);
  assert.equal((await app(null).request("/cameras/nobody/snapshot.jpg")).status, 404);
  const dark = await app(null).request("/cameras/dark/snapshot.jpg");
  assert.equal(dark.status, 503);
  assert.match(await dark.text(), /STREAM_NO_PICTURE/);
});

Deno.test("http: readiness is 503 with the reasons", async () => {
  assert.equal((await app(null).request("/readyz")).status, 200);
  const response = await app(null, ["broker: CONNECTING"]).request("/readyz");
  assert.equal(response.status, 503);
  assert.deepEqual(await response.json(), {
    status: "not ready",
    reasons: ["broker: CONNECTING"],
  });
});

Deno.test("http: with a token everything but /healthz wants it", async () => {
  const guarded = app(new Secret("open-sesame"));
  assert.equal((await guarded.request("/healthz")).status, 200);
  for (const path of ["/readyz", "/status", "/metrics", "/nothing"]) {
    for (const authorization of ["", "Bearer", "Bearer open-sesam", "Bearer open-sesame2"]) {
      const response = await guarded.request(path, { headers: { authorization } });
      assert.equal(response.status, 401, `${path} with "${authorization}"`);
    }
  }
  const headers = { authorization: "Bearer open-sesame" };
  assert.equal((await guarded.request("/status", { headers })).status, 200);
});

Deno.test("http: an unknown path is 404, a wrong method too, and headers are safe", async () => {
  assert.equal((await app(null).request("/nothing")).status, 404);
  assert.equal((await app(null).request("/status", { method: "POST" })).status, 404);
  const { headers } = await app(null).request("/status");
  assert.equal(headers.get("x-content-type-options"), "nosniff");
});

Deno.test("http: a fault inside is 500 without its text", async () => {
  const broken = healthApp(
    {
      report: () => Promise.reject(new Error("rtsp://viewer:hunter2@host")),
      unreadiness: () => Promise.resolve([]),
      picture,
      metrics: () => Promise.reject(new Error("no")),
    },
    null,
    logTo(() => undefined),
  );
  const response = await broken.request("/status");
  assert.equal(response.status, 500);
  assert.deepEqual(await response.json(), { error: "internal error" });
});

Deno.test("http: a taken address is one clear error", async () => {
  const first = serveHealth(app(null), { hostname: "127.0.0.1", port: 0 });
  const port = Number(new URL(first.url).port);
  assert.throws(
    () => serveHealth(app(null), { hostname: "127.0.0.1", port }),
    (error) => error instanceof OrionError && error.code === "HTTP_LISTEN",
  );
  assert.equal(
    (await fetch(`${first.url}/healthz`).then((response) => response.json())).status,
    "ok",
  );
  await first.close(new Promise(() => undefined));
});

/** Serves it for real, and stops at the end. */
async function served(token: Secret | null, use: (url: string) => Promise<void>): Promise<void> {
  const server = serveHealth(app(token), { hostname: "127.0.0.1", port: 0 });
  try {
    await use(server.url);
  } finally {
    await server.close(new Promise(() => undefined));
  }
}

/** Sends bytes as they are, and reads the first bytes of the answer: empty when there is none. */
async function raw(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  // A server that never answers is cut off, and the read then throws.
  let open = true;
  const close = () => {
    if (open) connection.close();
    open = false;
  };
  const limit = setTimeout(close, WAIT_TIMEOUT_MS);
  try {
    await connection.write(new TextEncoder().encode(request));
    const buffer = new Uint8Array(4096);
    const count = await connection.read(buffer) ?? 0;
    return new TextDecoder().decode(buffer.subarray(0, count));
  } finally {
    clearTimeout(limit);
    close();
  }
}

Deno.test("http: every answer of a real server has safe headers and is not to be kept", async () => {
  await served(new Secret("open-sesame"), async (url) => {
    const authorization = "Bearer open-sesame";
    for (const path of ["/healthz", "/readyz", "/status", "/metrics", "/nothing"]) {
      for (const headers of [{ authorization }, { authorization: "Bearer no" }]) {
        const response = await fetch(`${url}${path}`, { headers });
        await response.body?.cancel();
        const policy = response.headers.get("content-security-policy");
        assert.equal(policy, "default-src 'none'; frame-ancestors 'none'", path);
        assert.equal(response.headers.get("x-content-type-options"), "nosniff");
        assert.equal(response.headers.get("x-frame-options"), "DENY");
        assert.equal(response.headers.get("cache-control"), "no-store");
        assert.equal(response.headers.get("access-control-allow-origin"), null);
        assert.equal(response.headers.get("strict-transport-security"), null);
      }
    }
  });
});

Deno.test("http: the token is wanted in one form alone, from the header alone", async () => {
  await served(new Secret("open-sesame"), async (url) => {
    const wrong: readonly string[] = [
      ...["open-sesame", "bearer open-sesame", "Basic open-sesame", "Bearer  open-sesame"],
      ...["Bearer open-sesame x", `Bearer ${"x".repeat(4000)}`, "Bearer OPEN-SESAME"],
    ];
    for (const authorization of wrong) {
      const response = await fetch(`${url}/status`, { headers: { authorization } });
      assert.equal(response.status, 401, authorization);
      assert.equal(response.headers.get("www-authenticate"), "Bearer");
      assert.equal((await response.text()).includes("sesame"), false);
    }
    for (const query of ["?token=open-sesame", "?access_token=open-sesame"]) {
      const response = await fetch(`${url}/status${query}`);
      await response.body?.cancel();
      assert.equal(response.status, 401);
    }
    const right = await fetch(`${url}/status`, {
      headers: { authorization: "Bearer open-sesame" },
    });
    assert.equal(right.status, 200);
    await right.body?.cancel();
  });
});

Deno.test("http: a body that is too large is refused before it is read", async () => {
  await served(null, async (url) => {
    const { host } = new URL(url);
    const head = `POST /status HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n`;
    assert.match(await raw(url, `${head}Content-Length: 1000000000\r\n\r\n`), /^HTTP\/1\.1 413 /);
    const fits = `${head}Content-Length: 2\r\n\r\n{}`;
    assert.match(await raw(url, fits), /^HTTP\/1\.1 404 /);
    assert.equal((await fetch(`${url}/healthz`).then((response) => response.json())).status, "ok");
  });
});

Deno.test("http: what is no HTTP, and a head without end, does not disturb the others", async () => {
  await served(null, async (url) => {
    assert.match(await raw(url, "hello\r\n\r\n"), /^(HTTP\/1\.1 400 |$)/);
    const { host } = new URL(url);
    const flood = `GET /status HTTP/1.1\r\nHost: ${host}\r\nX: ${"x".repeat(1_000_000)}`;
    assert.match(await raw(url, flood).catch(() => ""), /^(HTTP\/1\.1 4\d\d |$)/);
    assert.equal((await fetch(`${url}/healthz`).then((response) => response.json())).status, "ok");
  });
});

Deno.test("http: without a token it is asked by address or as localhost, not by a name of others", async () => {
  await served(null, async (url) => {
    const ask = (host: string) =>
      raw(url, `GET /status HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    for (const host of ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:8080", "10.0.0.1"]) {
      assert.match(await ask(host), /^HTTP\/1\.1 200 /, host);
    }
    for (const host of ["evil.example", "127.0.0.1.evil.example:80", "localhost.evil.example"]) {
      assert.match(await ask(host), /^HTTP\/1\.1 403 /, host);
    }
  });
  const guarded = app(new Secret("open-sesame"));
  const headers = { host: "orion.example", authorization: "Bearer open-sesame" };
  assert.equal((await guarded.request("/status", { headers })).status, 200);
});
