import assert from "node:assert/strict";
import { logTo } from "../../../src/core/log.ts";
import { OrionError } from "../../../src/core/errors.ts";
import { Secret } from "../../../src/core/secret.ts";
import { healthApp, serveHealth } from "../../../src/health/http.ts";
import { healthReport } from "../../../src/health/report.ts";

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

function app(token: Secret | null, reasons: string[] = []) {
  return healthApp(
    {
      report: () => Promise.resolve(REPORT),
      unreadiness: () => Promise.resolve(reasons),
      metrics: () => Promise.resolve({ text: "orion_mqtt_up 1\n", contentType: "text/plain" }),
    },
    token,
    logTo(() => undefined),
  );
}

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
