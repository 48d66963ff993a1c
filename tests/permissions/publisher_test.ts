import assert from "node:assert/strict";
import { publisherPermissions } from "../support/workers/publisher_worker.ts";

/** What the publisher's thread may do, tried from inside a thread with exactly its permissions. */
const PROBE = `
const results = {};
const attempt = async (name, action) => {
  try { await action(); results[name] = "allowed"; }
  catch (error) { results[name] = error.name; }
};
onmessage = async ({ data: { allowed, other, file } }) => {
  await attempt("connect", async () => (await Deno.connect(allowed)).close());
  await attempt("connect elsewhere", async () => (await Deno.connect(other)).close());
  await attempt("connect to another host", () => Deno.connect({ ...allowed, hostname: "127.0.0.2" }));
  await attempt("resolve a name", () => Deno.resolveDns("example.invalid", "A"));
  await attempt("load a library", () => Deno.dlopen("libc.so.6", {}));
  await attempt("read a file", () => Deno.readFile(file));
  await attempt("write a file", () => Deno.writeTextFile(file + ".new", ""));
  await attempt("run a program", () => new Deno.Command("true").output());
  await attempt("ask for the host's name", () => Deno.hostname());
  results.environment = Deno.env.get("HOME") ?? "nothing";
  postMessage(results);
};`;

Deno.test("permissions: the publisher's thread reaches the broker and nothing else", async () => {
  using broker = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using elsewhere = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `data:application/javascript,${encodeURIComponent(PROBE)}`;
  const permissions = publisherPermissions(`127.0.0.1:${broker.addr.port}`);
  const worker = new Worker(url, { type: "module", deno: { permissions } });
  try {
    const { promise, resolve } = Promise.withResolvers<Record<string, string>>();
    worker.addEventListener("message", (event: MessageEvent) => resolve(event.data));
    worker.postMessage({
      allowed: { hostname: "127.0.0.1", port: broker.addr.port },
      other: { hostname: "127.0.0.1", port: elsewhere.addr.port },
      file: new URL("../../deno.json", import.meta.url).pathname,
    });
    assert.deepEqual(await promise, {
      "connect": "allowed",
      "connect elsewhere": "NotCapable",
      "connect to another host": "NotCapable",
      "resolve a name": "NotCapable",
      "load a library": "NotCapable",
      "read a file": "NotCapable",
      "write a file": "NotCapable",
      "run a program": "NotCapable",
      "ask for the host's name": "NotCapable",
      "environment": "nothing",
    });
  } finally {
    worker.terminate();
  }
});
