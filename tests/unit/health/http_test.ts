import assert from "node:assert/strict";
import { systemClock } from "../../../src/core/clock.ts";
import { logTo } from "../../../src/core/log.ts";
import { Secret } from "../../../src/core/secret.ts";
import { healthApp } from "../../../src/health/http.ts";
import {
  ANY_COMMAND,
  ANY_SETUP,
  app,
  NO_EVENTS,
  NO_STAYS,
  raw,
  served,
  snapshot,
} from "./http_rig.ts";

Deno.test("http: a snapshot is a JPEG, and without a frame a 503 with the reason", async () => {
  const response = await app(null).request("/cameras/gate/snapshot.jpg");
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "image/jpeg");
  assert.equal((await response.arrayBuffer()).byteLength, 2);
  assert.equal((await app(null).request("/cameras/unknown/snapshot.jpg")).status, 404);
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

Deno.test("http: with a token everything but /healthz requires it", async () => {
  const guarded = app(new Secret("open-sesame"));
  assert.equal((await guarded.request("/healthz")).status, 200);
  for (
    const path of ["/readyz", "/status", "/metrics", "/presence", "/presence/1.jpg", "/nothing"]
  ) {
    for (const authorization of ["", "Bearer", "Bearer open-sesam", "Bearer open-sesame2"]) {
      const response = await guarded.request(path, { headers: { authorization } });
      assert.equal(response.status, 401, `${path} with "${authorization}"`);
    }
  }
  const headers = { authorization: "Bearer open-sesame" };
  assert.equal((await guarded.request("/status", { headers })).status, 200);
});

Deno.test("http: an unknown path is 404, another method 405, and headers are safe", async () => {
  assert.equal((await app(null).request("/nothing")).status, 404);
  for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
    const other = await app(null).request("/status", { method });
    assert.deepEqual([other.status, other.headers.get("allow")], [405, "GET, HEAD, OPTIONS"]);
  }
  const { headers } = await app(null).request("/status");
  assert.equal(headers.get("x-content-type-options"), "nosniff");
});

Deno.test("http: a fault inside is 500 without its text", async () => {
  const broken = healthApp(
    {
      instance: "lobby-1",
      report: () => Promise.reject(new Error("rtsp://viewer:hunter2@host")),
      unreadiness: () => Promise.resolve([]),
      pictures: { snapshot, watch: () => null },
      metrics: () => Promise.reject(new Error("no")),
      ...{ presence: NO_STAYS, events: NO_EVENTS, control: ANY_COMMAND, setup: ANY_SETUP },
    },
    { token: null, clock: systemClock, log: logTo(() => undefined) },
  );
  const response = await broken.request("/status");
  assert.equal(response.status, 500);
  assert.deepEqual(await response.json(), {
    error: "internal error",
    code: "HTTP_FAILED",
    remedy:
      "This is a defect in Orion: please report it with the log, which has it as http.failed.",
  });
});

Deno.test("http: every response of a real server has safe headers and is not cached", async () => {
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

Deno.test("http: the token counts in the Authorization header alone, in the exact form", async () => {
  await served(new Secret("open-sesame"), async (url) => {
    const wrong: readonly string[] = [
      ...["open-sesame", "Basic open-sesame", "Bearer  open-sesame", "Bearer Bearer open-sesame"],
      ...["Bearer open-sesame x", `Bearer ${"x".repeat(4000)}`, "Bearer OPEN-SESAME"],
      ...["open-sesame:", ":", "open-sesame", "u:open-sesame2", "u:Bearer open-sesame", "u:"]
        .map((pair) => `Basic ${btoa(pair)}`),
      `Bearer ${btoa("u:open-sesame")}`,
    ];
    for (const authorization of wrong) {
      const response = await fetch(`${url}/status`, { headers: { authorization } });
      assert.equal(response.status, 401, authorization);
      assert.equal(response.headers.get("www-authenticate"), 'Bearer realm="orion lobby-1"');
      assert.equal((await response.text()).includes("sesame"), false);
    }
    for (const query of ["?token=open-sesame", "?access_token=open-sesame"]) {
      const response = await fetch(`${url}/status${query}`);
      await response.body?.cancel();
      assert.equal(response.status, 401);
    }
    for (const scheme of ["Bearer", "bearer", "BEARER"]) {
      const right = await fetch(`${url}/status`, {
        headers: { authorization: `${scheme} open-sesame` },
      });
      assert.equal(right.status, 200);
      await right.body?.cancel();
    }
  });
});

Deno.test("http: HTTP Basic takes the token as the password of any user, whatever its characters", async () => {
  for (const token of ["open-sesame", "pass phrase: ü!", "a:b"]) {
    const guarded = app(new Secret(token));
    for (const user of ["", "orion", "j\u00f6rg"]) {
      const pair = btoa(String.fromCharCode(...new TextEncoder().encode(`${user}:${token}`)));
      for (const authorization of [`Basic ${pair}`, `basic ${pair}`]) {
        const response = await guarded.request("/status", { headers: { authorization } });
        assert.equal(response.status, 200, `${user}:${token}`);
      }
    }
  }
});

Deno.test("http: no log line holds a token, right or wrong", async () => {
  const lines: string[] = [];
  const logged = healthApp(
    {
      instance: "lobby-1",
      report: () => Promise.reject(new Error("a defect")),
      unreadiness: () => Promise.resolve([]),
      pictures: { snapshot, watch: () => null },
      metrics: () => Promise.reject(new Error("a defect")),
      ...{ presence: NO_STAYS, events: NO_EVENTS, control: ANY_COMMAND, setup: ANY_SETUP },
    },
    {
      token: new Secret("open-sesame"),
      clock: systemClock,
      log: logTo((record) => lines.push(JSON.stringify(record))),
    },
  );
  const statuses: number[] = [];
  for (
    const text of ["Bearer open-sesame", `Basic ${btoa("u:open-sesame")}`, "Bearer shut-sesame"]
  ) {
    const headers = { authorization: text };
    statuses.push((await logged.request("/status", { headers })).status);
  }
  assert.deepEqual(statuses, [500, 500, 401]);
  assert.equal(lines.length, 2);
  for (const line of lines) assert.doesNotMatch(line, /sesame|dTpvcGVu/);
});

Deno.test("http: without a token the host is an address or localhost, no other name", async () => {
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
