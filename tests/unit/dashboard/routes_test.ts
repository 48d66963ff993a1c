/** The files of the page as they are served. */
import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { Hono } from "hono";
import { ROOT, walk } from "../../../scripts/testing/checkout.ts";
import { ASSETS } from "../../../src/dashboard/assets.ts";
import { withPage } from "../../../src/dashboard/routes.ts";

const PAGE = "src/dashboard/page";
const MAX_COMPRESSED_BYTES = 150_000;
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; " +
  "img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'self'; " +
  "frame-ancestors 'none'";

const app = withPage(new Hono().get("/status", (context) => context.json({ asked: true })));

const GZIP = { "Accept-Encoding": "gzip, deflate, br" };

Deno.test("page: every file of its folder is served, but for types", () => {
  const served = new Set(ASSETS.map(({ path }) => path.replace("/assets/", "")));
  const files = [...walk(ROOT, PAGE)].map((path) => path.slice(PAGE.length + 1))
    .filter((name) => !name.endsWith(".d.ts"));
  for (const name of files) assert.ok(served.has(name === "index.html" ? "/" : name), name);
});

Deno.test("page: what a module imports is served, by paths that a browser resolves", () => {
  const paths = new Set(ASSETS.map(({ path }) => path));
  for (const { path, text, contentType } of ASSETS) {
    if (!contentType.startsWith("text/javascript")) continue;
    for (
      const [, name = ""] of text.matchAll(/(?:\bfrom\s*|\bimport\s*|await import\()"([^"]*)"/g)
    ) {
      assert.ok(paths.has(new URL(name, `http://x${path}`).pathname), `${path} imports ${name}`);
    }
  }
});

Deno.test("page: it names what it begins with, and neither twice nor what a view needs when it is opened", () => {
  const page = ASSETS.find(({ path }) => path === "/")?.text ?? "";
  const named = [...page.matchAll(/modulepreload" href="assets\/([^"]*)"/g)].map(([, name]) =>
    name
  );
  assert.equal(new Set(named).size, named.length);
  for (
    const name of ["preact.js", "preact_hooks.js", "htm.js", "live.js", "mjpeg.js", "store.js"]
  ) {
    assert.ok(named.includes(name), name);
  }
  for (const name of ["main.js", "uplot.js", "figures.js", "aim.js", "stays.js"]) {
    assert.ok(!named.includes(name), name);
  }
});

Deno.test("page: no file names an address from the root, so that it works below a path of a proxy", () => {
  const routes = "assets|cameras|control|events|login|logout|presence|probe|session|status";
  const fromRoot = new RegExp(`["'\`(]/(?:${routes})\\b`);
  for (const { path, text } of ASSETS) assert.doesNotMatch(text, fromRoot, path);
});

Deno.test("page: no file names another host, but for namespaces and the addresses of projects", () => {
  const known = /^https?:\/\/(?:www\.w3\.org|github\.com)\//;
  for (const { path, text } of ASSETS) {
    for (const [url] of text.matchAll(/https?:\/\/[^\s"'`)]+/g)) {
      assert.match(url, known, path);
    }
  }
});

Deno.test("page: its HTML has neither scripts nor styles inside", () => {
  const page = ASSETS.find(({ path }) => path === "/")?.text ?? "";
  assert.doesNotMatch(page, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=/i);
});

Deno.test("page: all files together are small when compressed", async () => {
  let bytes = 0;
  for (const { path } of ASSETS) {
    bytes += (await (await app.request(path, { headers: GZIP })).arrayBuffer()).byteLength;
  }
  assert.ok(bytes < MAX_COMPRESSED_BYTES, `${bytes} bytes`);
});

Deno.test("page: each file comes with its type and the policy, compressed where that is accepted", async () => {
  for (const { path, text, contentType } of ASSETS) {
    const plain = await app.request(path);
    assert.equal(plain.status, 200, path);
    assert.equal(plain.headers.get("content-type"), contentType);
    assert.equal(plain.headers.get("content-security-policy"), POLICY);
    assert.equal(plain.headers.get("x-content-type-options"), "nosniff");
    assert.equal(plain.headers.get("x-frame-options"), "DENY");
    assert.equal(plain.headers.get("content-encoding"), null);
    assert.equal(await plain.text(), text);
    const packed = await app.request(path, { headers: GZIP });
    assert.equal(packed.headers.get("content-encoding"), "gzip");
    assert.equal(packed.headers.get("vary"), "Accept-Encoding");
    assert.equal(gunzipSync(await packed.arrayBuffer()).toString(), text);
  }
});

Deno.test("page: gzip is not sent to those who refuse it", async () => {
  for (const accepted of ["", "br", "gzip;q=0", "gzip; q=0.0, br"]) {
    const response = await app.request("/", { headers: { "Accept-Encoding": accepted } });
    assert.equal(response.headers.get("content-encoding"), null, accepted);
  }
});

Deno.test("page: a browser that has a file is answered without it", async () => {
  const etag = (await app.request("/assets/main.js")).headers.get("etag") ?? assert.fail();
  const cases: readonly (readonly [known: string, status: number])[] = [
    [etag, 304],
    [`"other", ${etag}`, 304],
    ['W/"other"', 200],
  ];
  for (const [known, status] of cases) {
    const response = await app.request("/assets/main.js", { headers: { "If-None-Match": known } });
    assert.equal(response.status, status, known);
    assert.equal(response.headers.get("etag"), etag);
    assert.equal(await response.text() === "", status === 304);
  }
});

Deno.test("page: everything else is the application's", async () => {
  assert.deepEqual(await (await app.request("/status")).json(), { asked: true });
  assert.equal((await app.request("/assets/none.js")).status, 404);
  const changed = await app.request("/", { method: "POST" });
  assert.deepEqual([changed.status, changed.headers.get("allow")], [405, "GET, HEAD, OPTIONS"]);
});

Deno.test("page: where the application wants a token it is a login, and says so; its files are not asked for", async () => {
  const guarded = withPage(
    new Hono().all("*", (context) => context.text("no", 401, { "WWW-Authenticate": "Bearer" })),
  );
  const login = await guarded.request("/", { headers: GZIP });
  assert.deepEqual(
    ["www-authenticate", "content-type", "cache-control", "content-security-policy"]
      .map((name) => login.headers.get(name)),
    ["Bearer", "text/html; charset=utf-8", "no-store", POLICY],
  );
  assert.deepEqual([login.status, await login.text()], [
    401,
    ASSETS.find(({ path }) => path === "/")?.text,
  ]);
  assert.equal((await guarded.request("/assets/main.js")).status, 200);
});
