/** Logging in and out, and who may see and change what. */
import assert from "node:assert/strict";
import { Secret } from "../../../src/core/secret.ts";
import { MAX_WRONG_LOGINS, MAX_WRONG_TOKENS, WRONG_LOGIN_MS } from "../../../src/health/access.ts";
import { Connection } from "../../../src/health/connection.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";
import { app } from "./http_rig.ts";

const HOST = "http://127.0.0.1:8080";
const TOKEN = "open-sesame";
const JSON_TYPE = { "content-type": "application/json", host: "127.0.0.1:8080" };
const from = (address: string) => new Connection(address, () => undefined);

function rig({ token = TOKEN }: { token?: string | null } = {}) {
  const clock = new HeldClock();
  const commands: string[] = [];
  const routes = app(token === null ? null : new Secret(token), [], {
    clock,
    control(command) {
      commands.push(new TextDecoder().decode(command));
      return Promise.resolve({ status: "ok", error: null });
    },
  });
  const login = (
    body: string,
    headers: Record<string, string> = {},
    address = "192.0.2.1",
  ) =>
    routes.request(`${HOST}/login`, {
      method: "POST",
      headers: { ...JSON_TYPE, ...headers },
      body,
    }, from(address));
  const signIn = async () => {
    const response = await login(JSON.stringify({ token: TOKEN }));
    assert.equal(response.status, 200);
    return (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  };
  const get = (path: string, headers: Record<string, string>, address = "192.0.2.1") =>
    routes.request(`${HOST}${path}`, { headers }, from(address));
  const post = (path: string, headers: Record<string, string>, body = "{}") =>
    routes.request(`${HOST}${path}`, {
      method: "POST",
      headers: { ...JSON_TYPE, ...headers },
      body,
    });
  return { clock, commands, routes, login, signIn, get, post };
}

Deno.test("login: the cookie admits as the token does, until the logout", async () => {
  const { signIn, get, post } = rig();
  const cookie = await signIn();
  assert.match(cookie, /^orion_session=[\w-]{43}$/);
  for (const path of ["/status", "/metrics", "/presence", "/cameras/gate/snapshot.jpg"]) {
    assert.equal((await get(path, { cookie })).status, 200, path);
    assert.equal((await get(path, {})).status, 401, path);
  }
  assert.deepEqual(await (await get("/session", { cookie })).json(), {
    required: true,
    signedIn: true,
  });
  const logout = await post("/logout", { cookie, origin: HOST });
  assert.match(logout.headers.get("set-cookie") ?? "", /Max-Age=0/);
  assert.deepEqual(await logout.json(), { required: true, signedIn: false });
  assert.equal((await get("/status", { cookie })).status, 401);
  assert.deepEqual(await (await get("/session", { cookie })).json(), {
    required: true,
    signedIn: false,
  });
});

Deno.test("login: a form gets the page again, and a second login ends the session before", async () => {
  const { login, get, signIn } = rig();
  const before = await signIn();
  const form = await login(`token=${TOKEN}`, {
    "content-type": "application/x-www-form-urlencoded",
    origin: HOST,
    cookie: before,
  });
  assert.equal(form.status, 303);
  assert.equal(form.headers.get("location"), ".");
  assert.equal((await get("/status", { cookie: before })).status, 401);
  const [cookie = ""] = (form.headers.get("set-cookie") ?? "").split(";");
  assert.equal((await get("/status", { cookie })).status, 200);
});

Deno.test("login: without a token none is needed", async () => {
  const { login, routes } = rig({ token: null });
  const session = await routes.request(`${HOST}/session`);
  assert.deepEqual(await session.json(), { required: false, signedIn: true });
  const response = await login('{"token":"any"}');
  assert.deepEqual(await response.json(), { required: false, signedIn: true });
  assert.equal(response.headers.get("set-cookie"), null);
});

Deno.test("login: wrong tokens are bounded by address, and lock no other address out", async () => {
  const { clock, login, get, signIn } = rig();
  for (let tried = 0; tried < MAX_WRONG_LOGINS; tried++) {
    const wrong = await login('{"token":"open-sesam"}');
    assert.equal(wrong.status, 401);
    assert.equal((await wrong.json()).code, "HTTP_WRONG_TOKEN");
  }
  // From now on the answer says nothing about the token.
  for (const token of ["open-sesam", TOKEN]) {
    const refused = await login(JSON.stringify({ token }));
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get("retry-after"), "6");
    assert.equal(refused.headers.get("set-cookie"), null);
  }
  assert.equal((await login(JSON.stringify({ token: TOKEN }), {}, "192.0.2.2")).status, 200);
  const authorization = `Bearer ${TOKEN}`;
  assert.equal((await get("/status", { authorization })).status, 200);
  await clock.pass(WRONG_LOGIN_MS);
  await signIn();
});

Deno.test("http: wrong tokens in Authorization are bounded too, a session is not affected", async () => {
  const { get, signIn } = rig();
  const cookie = await signIn();
  for (let tried = 0; tried < MAX_WRONG_TOKENS; tried++) {
    assert.equal((await get("/status", { authorization: "Bearer no" })).status, 401);
  }
  const authorization = `Bearer ${TOKEN}`;
  assert.equal((await get("/status", { authorization })).status, 429);
  assert.equal((await get("/status", { authorization }, "192.0.2.2")).status, 200);
  assert.equal((await get("/status", { cookie })).status, 200);
  assert.equal((await get("/status", {})).status, 401);
});

/** Where a request comes from, and whether it may read and change: by token, by cookie. */
const SITES: readonly (readonly [
  what: string,
  headers: Record<string, string>,
  reads: boolean,
  changesByToken: boolean,
  changesByCookie: boolean,
])[] = [
  ["no browser", {}, true, true, false],
  ["its own page", { origin: HOST, "sec-fetch-site": "same-origin" }, true, true, true],
  ["its own page in an old browser", { origin: HOST }, true, true, true],
  ["the address bar", { "sec-fetch-site": "none" }, true, true, false],
  ["its own page without an origin", { "sec-fetch-site": "same-origin" }, true, false, false],
  ["another port", { origin: "http://127.0.0.1:8081" }, false, false, false],
  ["another port without an origin", { "sec-fetch-site": "same-site" }, false, false, false],
  ["another site", { origin: "http://evil.example" }, false, false, false],
  ["another site without an origin", { "sec-fetch-site": "cross-site" }, false, false, false],
  ["a sandboxed frame", { origin: "null", "sec-fetch-site": "cross-site" }, false, false, false],
  ["a link", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" }, true, false, false],
  ["a file", { origin: "file://" }, false, false, false],
  ["a name within the host", { origin: "http://127.0.0.1:8080.evil.example" }, false, false, false],
  ["a user in the origin", { origin: "http://127.0.0.1:8080@evil.example" }, false, false, false],
  ["no origin at all", { origin: "" }, false, false, false],
];

for (const [what, headers, reads, changesByToken, changesByCookie] of SITES) {
  Deno.test(`http: what comes from ${what} may read: ${reads}, change by cookie: ${changesByCookie}`, async () => {
    const { commands, signIn, get, post, login } = rig();
    const host = { host: "127.0.0.1:8080" };
    const token = { authorization: `Bearer ${TOKEN}` };
    const cookie = { cookie: await signIn() };
    for (const credentials of [token, cookie]) {
      const { status } = await get("/status", { ...host, ...headers, ...credentials });
      assert.equal(status, reads ? 200 : 403);
    }
    const byToken = await post("/control", { ...headers, ...token });
    assert.equal(byToken.status, changesByToken ? 200 : 403);
    const byCookie = await post("/control", { ...headers, ...cookie });
    assert.equal(byCookie.status, changesByCookie ? 200 : 403);
    assert.equal(commands.length, Number(changesByToken) + Number(changesByCookie));
    const opened = await login(JSON.stringify({ token: TOKEN }), headers);
    assert.equal(opened.status, changesByToken ? 200 : 403);
    await post("/logout", { ...headers, ...cookie });
    assert.equal((await get("/status", cookie)).status, changesByCookie ? 401 : 200);
  });
}
