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
const { avformat: AVFORMAT, ...DECODING } = PLACES.libav;
/** What decodes, without what opens streams. */
const DECODERS = Object.values(DECODING).sort();
const LIBAV = [...DECODERS, AVFORMAT].sort();
const NOTHING = { read: [], write: [], net: [], env: [], ffi: [], run: [], sys: [] };

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

/** What the capture worker of one camera is granted, of which these keys are written. */
function captureOf(keys: string) {
  const settings = settingsOf(`cameras: [{ id: gate, ${keys} }]\nhealth: { listen: off }\n`);
  const { capture, process } = permissionManifest(settings, PLACES);
  const { why, ...given } = capture("gate");
  return { why, given, process };
}

Deno.test("permissions: a capture worker may reach its own camera and load what decodes", () => {
  for (
    const [keys, net] of [
      ["url: 'rtsp://u:p@10.0.0.1/s'", "10.0.0.1:554"],
      ["url: 'rtsp://10.0.0.1:8554/s'", "10.0.0.1:8554"],
      ["url: 'rtsps://cam.lan/s'", "cam.lan:322"],
      ["url: 'rtsps://cam.lan/s', insecure: true", "cam.lan:322"],
      ["url: 'rtsp://[2001:db8::1]/s'", "[2001:db8::1]:554"],
    ] as const
  ) {
    assert.deepEqual(captureOf(keys).given, { ...NOTHING, net: [net], ffi: DECODERS }, keys);
  }
});

Deno.test("permissions: where a camera may send us to is granted beside it, to the port", () => {
  const { given } = captureOf("url: 'rtsp://10.0.0.1/s', allowRedirect: [nvr.lan, '[::2]:8554']");
  const net = ["10.0.0.1:554", "[::2]:8554", "nvr.lan:554"];
  assert.deepEqual(given, { ...NOTHING, net, ffi: DECODERS });
});

Deno.test("permissions: over UDP two local ports are granted, and all ports of the camera's address", () => {
  for (const transport of ["udp", "auto"]) {
    const { given } = captureOf(`url: 'rtsp://10.0.0.1/s', transport: ${transport}`);
    const net = ["0.0.0.0:61000", "0.0.0.0:61001", "10.0.0.1"];
    assert.deepEqual(given, { ...NOTHING, net, ffi: DECODERS });
  }
  const { given } = captureOf("url: 'rtsp://[::2]/s', transport: udp, udpPort: 5000");
  assert.deepEqual(given.net, ["[::2]", "[::]:5000", "[::]:5001"]);
});

Deno.test("permissions: over UDP from a host name only the local ports are granted beside RTSP", () => {
  const { given } = captureOf("url: 'rtsp://cam.lan/s', transport: udp");
  const local = ["0.0.0.0:61000", "0.0.0.0:61001", "[::]:61000", "[::]:61001"];
  assert.deepEqual(given.net, [...local, "cam.lan:554"]);
});

Deno.test("permissions: with demuxer: libav it is all four libraries, and the reason explains the rest", () => {
  const { given, why, process } = captureOf(
    "url: 'rtsp://10.0.0.1/s', demuxer: libav, transport: udp",
  );
  assert.deepEqual(given, { ...NOTHING, ffi: LIBAV });
  assert.match(why, /sockets Deno neither sees nor limits.*no certificate/);
  assert.ok(process.ffi.includes(AVFORMAT));
});

Deno.test("permissions: a file takes all four libraries and no network", () => {
  for (const url of ["demo:", "file:a.mp4"]) {
    const { given, why } = captureOf(`url: '${url}'`);
    assert.deepEqual(given, { ...NOTHING, ffi: LIBAV });
    assert.doesNotMatch(why, /sockets/);
  }
});

Deno.test("permissions: without a file and demuxer: libav the process has no libavformat either", () => {
  const { process } = captureOf("url: 'rtsp://10.0.0.1/s'");
  assert.ok(!process.ffi.includes(AVFORMAT));
  assert.ok(process.read.includes(AVFORMAT), "it is located, not loaded");
});

Deno.test("permissions: a camera's authorities are read by the process and by no worker", () => {
  const settings = loadSettings({
    path: "/etc/orion/orion.yaml",
    root: PLACES.root,
    env: () => undefined,
    readText: () => "cameras: [{ id: gate, url: 'rtsps://c/s', ca: tls/ca.pem }]",
    putOffSecrets: true,
  });
  const { process, parts } = permissionManifest(settings, PLACES);
  const readers = [...parts].filter(([, { read }]) => read.includes("/etc/orion/tls/ca.pem"));
  assert.deepEqual(readers.map(([name]) => name), ["process"]);
  assert.ok(process.read.includes("/etc/orion/tls/ca.pem"));
});

Deno.test("permissions: only a detector that names OpenVINO may load its library", () => {
  const { inference, process } = permissionManifest(
    settingsOf(`
cameras: [{ id: gate, url: "rtsp://10.0.0.1/s" }]
detectors: [{ id: one, providers: [openvino, cpu] }, { id: other }]
`),
    PLACES,
  );
  const library = "/opt/orion/openvino/libopenvino_c.so";
  assert.deepEqual(inference("one").ffi, [library, "/opt/ort/onnxruntime_binding.node"]);
  assert.deepEqual(inference("other").ffi, ["/opt/ort/onnxruntime_binding.node"]);
  assert.ok(process.ffi.includes(library));
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
  assert.deepEqual(process.net, ["10.0.0.1:554", "broker.example:8883"]);
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
  assert.throws(() => manifest.capture("absent"), LifecycleError);
  assert.throws(() => manifest.inference("absent"), LifecycleError);
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
