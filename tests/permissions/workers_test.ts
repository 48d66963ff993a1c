/** What a worker of each kind can really do, tried out in a worker with its permissions. */
import assert from "node:assert/strict";
import { loadSettings } from "../../src/config/load.ts";
import { locateLibav } from "../../src/libav/locate.ts";
import { type Grant, workerPermissions } from "../../src/permissions/grant.ts";
import { permissionManifest } from "../../src/permissions/manifest.ts";
import { locateOnnxRuntime } from "../../src/permissions/places.ts";
import { ROOT } from "../support/files.ts";
import { ignoreWithout } from "../support/parts.ts";
import type { Attempt, Outcome } from "./attempts.ts";

const ignore = ignoreWithout("libav");

/** Lets a worker with exactly this grant try everything, and tells what it could do. */
async function tryAll(grant: Grant, attempts: readonly Attempt[]): Promise<Outcome[]> {
  const worker = new Worker(new URL("./attempts.ts", import.meta.url), {
    type: "module",
    deno: { permissions: workerPermissions(grant) },
  });
  try {
    const { promise, resolve, reject } = Promise.withResolvers<Outcome[]>();
    worker.onmessage = (event: MessageEvent<{ outcomes: Outcome[] }>) =>
      resolve(event.data.outcomes);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.postMessage(attempts);
    return await promise;
  } finally {
    worker.terminate();
  }
}

function demoManifest() {
  const settings = loadSettings({
    path: null,
    root: ROOT,
    env: () => undefined,
    readText: () => assert.fail("the demo reads no file"),
  });
  const places = { root: ROOT, libav: locateLibav(), onnxruntime: locateOnnxRuntime(ROOT) };
  return { manifest: permissionManifest(settings, places), places };
}

/** What no worker may do. */
const FORBIDDEN: readonly Attempt[] = [
  { kind: "read", path: "/etc/passwd" },
  { kind: "read", path: `${ROOT}/deno.json` },
  { kind: "write", path: "/tmp/orion-must-not-exist" },
  { kind: "env", name: "HOME" },
  { kind: "connect", hostname: "127.0.0.1", port: 9 },
  { kind: "run", program: "/bin/true" },
  { kind: "ffi", path: "/lib/x86_64-linux-gnu/libc.so.6" },
];

function refused(outcomes: readonly Outcome[]): void {
  for (const { attempt, result } of outcomes) {
    assert.equal(result, "refused", `${JSON.stringify(attempt)}: ${result}`);
  }
}

Deno.test({
  name: "permissions: a capture worker loads libav and can do nothing else",
  ignore,
  async fn() {
    const { manifest, places } = demoManifest();
    const [libav, ...rest] = await tryAll(manifest.capture("demo"), [
      { kind: "ffi", path: places.libav.avutil },
      { kind: "ffi", path: places.onnxruntime.binding },
      { kind: "read", path: `${ROOT}/models/nanodet-g.onnx` },
      ...FORBIDDEN,
    ]);
    assert.equal(libav?.result, "done");
    refused(rest);
  },
});

Deno.test({
  name: "permissions: an inference worker reads its model and can do nothing else",
  ignore,
  async fn() {
    const { manifest, places } = demoManifest();
    const [model, ...rest] = await tryAll(manifest.inference("person"), [
      { kind: "read", path: `${ROOT}/models/nanodet-g.onnx` },
      { kind: "ffi", path: places.libav.avutil },
      ...FORBIDDEN,
    ]);
    assert.equal(model?.result, "done");
    refused(rest);
  },
});

Deno.test({
  name: "permissions: the publisher and the broker reach the broker's address alone",
  ignore,
  async fn() {
    const { manifest, places } = demoManifest();
    const forbidden: Attempt[] = [
      ...FORBIDDEN,
      { kind: "connect", hostname: "127.0.0.1", port: 1884 },
      { kind: "ffi", path: places.libav.avutil },
    ];
    for (const grant of [manifest.publisher, manifest.broker]) {
      assert.ok(grant !== null);
      const [broker, ...rest] = await tryAll(grant, [
        { kind: "connect", hostname: "127.0.0.1", port: 1883 },
        ...forbidden,
      ]);
      // Whether somebody listens there is another matter.
      assert.notEqual(broker?.result, "refused");
      refused(rest);
    }
  },
});
