import assert from "node:assert/strict";
import { loadSettings } from "../../../src/config/load.ts";
import type { Settings } from "../../../src/config/settings.ts";
import { LifecycleError, UsageError } from "../../../src/core/errors.ts";
import {
  denoFlags,
  grant,
  GRANT_KINDS,
  workerPermissions,
} from "../../../src/permissions/grant.ts";
import { permissionManifest } from "../../../src/permissions/manifest.ts";
import type { Places } from "../../../src/permissions/places.ts";

const LIBRARY = "/usr/lib/x86_64-linux-gnu";
const PLACES: Places = {
  root: "/opt/orion",
  libav: {
    avutil: `${LIBRARY}/libavutil.so.57`,
    avcodec: `${LIBRARY}/libavcodec.so.59`,
    avformat: `${LIBRARY}/libavformat.so.59`,
    swscale: `${LIBRARY}/libswscale.so.6`,
  },
  onnxruntime: { binding: "/opt/ort/onnxruntime_binding.node", folder: "/opt/ort" },
};
const LIBAV = Object.values(PLACES.libav).sort();

function settingsOf(yaml: string | null): Settings {
  return loadSettings({
    path: yaml === null ? null : "/etc/orion/orion.yaml",
    root: PLACES.root,
    env: (name) => `value-of-${name.toLowerCase()}`,
    readText: (path) => path.endsWith(".yaml") ? yaml ?? "" : "from-a-file",
  });
}

const REMOTE = `
cameras:
  - { id: gate, url: "rtsp://u:\${GATE_PASSWORD}@10.0.0.1/s" }
  - { id: clip, url: "file:a.mp4" }
detectors:
  - { id: person, model: own/x.onnx }
mqtt: { url: "mqtts://broker.example", username: u, password: { file: /run/mqtt }, ca: ca.pem }
health: { listen: off }
`;

Deno.test("permissions: a capture worker may load the four libav libraries and nothing else", () => {
  const manifest = permissionManifest(settingsOf(REMOTE), PLACES);
  for (const camera of ["gate", "clip"]) {
    const { why: _why, ...given } = manifest.capture(camera);
    assert.deepEqual(given, {
      read: [],
      write: [],
      net: [],
      env: [],
      ffi: LIBAV,
      run: [],
      sys: [],
    });
  }
});

Deno.test("permissions: an inference worker may load ONNX Runtime and read models, no net", () => {
  const { why: _why, ...given } = permissionManifest(settingsOf(REMOTE), PLACES).inference(
    "person",
  );
  assert.deepEqual(given, {
    read: ["/etc/orion/models", "/etc/orion/own/x.onnx", "/opt/orion/models"],
    write: [],
    net: [],
    env: [],
    ffi: [PLACES.onnxruntime.binding],
    run: [],
    sys: [],
  });
});

Deno.test("permissions: the publisher may reach the broker and read its TLS files, no more", () => {
  const manifest = permissionManifest(settingsOf(REMOTE), PLACES);
  const { why: _why, ...given } = manifest.publisher;
  assert.deepEqual(given, {
    read: ["/etc/orion/ca.pem"],
    write: [],
    net: ["broker.example:8883"],
    env: [],
    ffi: [],
    run: [],
    sys: [],
  });
  assert.equal(manifest.broker, null);
});

Deno.test("permissions: the embedded broker may use its own loopback address alone", () => {
  const { broker, process } = permissionManifest(settingsOf(null), PLACES);
  assert.deepEqual(broker?.net, ["127.0.0.1:1883"]);
  assert.deepEqual(process.net, ["127.0.0.1:1883", "127.0.0.1:8080"]);
});

Deno.test("permissions: the process writes, runs and asks the system for nothing", () => {
  const { process } = permissionManifest(settingsOf(REMOTE), PLACES);
  assert.deepEqual([process.write, process.run, process.sys], [[], [], []]);
  assert.deepEqual(process.net, ["broker.example:8883"]);
  assert.deepEqual(process.env, ["GATE_PASSWORD", "ORION_CONFIG", "ORT_DISABLE_TELEMETRY"]);
  for (const path of ["/etc/orion/orion.yaml", "/run/mqtt", "/etc/orion/a.mp4"]) {
    assert.ok(process.read.includes(path), path);
  }
});

Deno.test("permissions: no worker has what the process has not", () => {
  for (const yaml of [REMOTE, null]) {
    const { parts, process } = permissionManifest(settingsOf(yaml), PLACES);
    for (const [name, part] of parts) {
      for (const kind of GRANT_KINDS) {
        for (const value of part[kind]) {
          const covered = process[kind].some((own) => own === value || value.startsWith(`${own}/`));
          assert.ok(covered, `${name} ${kind} ${value}`);
        }
      }
    }
  }
});

Deno.test("permissions: no part of a manifest holds a credential", () => {
  const { parts, process } = permissionManifest(settingsOf(REMOTE), PLACES);
  const text = JSON.stringify([...parts]) + denoFlags(process).join();
  for (const secret of ["value-of-gate_password", "from-a-file"]) assert.ok(!text.includes(secret));
});

Deno.test("permissions: a camera or detector that is not there is a LifecycleError", () => {
  const manifest = permissionManifest(settingsOf(null), PLACES);
  assert.throws(() => manifest.capture("nobody"), LifecycleError);
  assert.throws(() => manifest.inference("nobody"), LifecycleError);
});

Deno.test("flags: never ask, fetch no code, hide the environment, name what is granted", () => {
  const flags = denoFlags(grant("", { read: ["/a b", "/a"], env: ["X"], net: ["h:1"] }));
  assert.deepEqual(flags, [
    "--no-prompt",
    "--cached-only",
    "--no-remote",
    "--deny-import",
    "--v8-flags=--expose-gc",
    "--ignore-env",
    "--allow-read=/a,/a b",
    "--allow-net=h:1",
    "--allow-env=X",
  ]);
});

Deno.test("flags: what would break out of its flag is refused", () => {
  for (const path of ["/a,/etc", "/a\n--allow-all", ""]) {
    assert.throws(() => denoFlags(grant("", { read: [path] })), UsageError);
  }
});

Deno.test("grant: a path below another one is not named twice, one beside it is", () => {
  const paths = ["/a/b", "/a", "/ab", "/a/", "/c/d"];
  assert.deepEqual(grant("", { read: paths }).read, ["/a", "/ab", "/c/d"]);
});

Deno.test("worker permissions: everything that is not granted is refused outright", () => {
  assert.deepEqual(workerPermissions(grant("", { ffi: ["/lib/x.so"] })), {
    read: false,
    write: false,
    net: false,
    env: false,
    ffi: ["/lib/x.so"],
    run: false,
    sys: false,
    import: false,
  });
});
