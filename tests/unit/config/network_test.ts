/** Network settings of cameras, from the configuration to the start message of a capture worker. */
import assert from "node:assert/strict";
import { loadSettings } from "../../../src/config/load.ts";
import { ConfigError } from "../../../src/config/problems.ts";
import type { CameraSettings, Settings } from "../../../src/config/settings.ts";
import { Redactor } from "../../../src/core/redact.ts";
import { captureSource } from "../../../src/service/workers/start_messages.ts";

/** Valid for a hundred years from 2026; its key was thrown away. */
const AUTHORITY = `-----BEGIN CERTIFICATE-----
MIIBiDCCAS+gAwIBAgIUQaemQrcmE8wcfB5wPveUtMAZoiswCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTI1MjMwNzMwWhgPMjEy
NjExMDEyMzA3MzBaMBkxFzAVBgNVBAMMDlRlc3QgYXV0aG9yaXR5MFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEhDV3aqPhKTdIZNRs1jNAkm/Po8HugmfSQQhzwT5X
VlFq28c4rJt3HQ0LwWGEuX0Kimxt6xW8q8Qs8IXdS+29tqNTMFEwHQYDVR0OBBYE
FK25eRJ1FEbducBQrCW9RQ4/I3OnMB8GA1UdIwQYMBaAFK25eRJ1FEbducBQrCW9
RQ4/I3OnMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgP9fqXuGS
DCdmW1nDFsSe6csuSfCJSBFSXdaSWuJHuN0CID5suNhF22SP0hkbdcXV44x/4w86
C1S+RrWN/riAAV5V
-----END CERTIFICATE-----
`;

const DIGITS = "0123456789abcdef".repeat(4);

function load(yaml: string, files: Record<string, string> = {}, putOffSecrets = false): Settings {
  const all: Record<string, string> = { "/etc/orion/orion.yaml": yaml, ...files };
  return loadSettings({
    path: "/etc/orion/orion.yaml",
    root: "/opt/orion",
    env: () => undefined,
    readText(path) {
      const text = all[path];
      if (text === undefined) throw new Deno.errors.PermissionDenied();
      return text;
    },
    isFile: () => true,
    putOffSecrets,
  });
}

function cameraOf(keys: string, files: Record<string, string> = {}): CameraSettings {
  const [camera] = load(`cameras: [{ id: gate, ${keys} }]`, files).cameras;
  return camera ?? assert.fail("no camera");
}

function sourceOf(keys: string, files: Record<string, string> = {}) {
  return captureSource(cameraOf(keys, files), { roi: null, masks: [], firstSeq: 0 });
}

function problemOf(keys: string, files: Record<string, string>): string {
  try {
    cameraOf(keys, files);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    assert.equal(error.problems.length, 1, JSON.stringify(error.problems));
    const [problem] = error.problems;
    return `${problem?.path}: ${problem?.message} ${problem?.remedy}`;
  }
  return "none";
}

Deno.test("camera: without any key it is Orion's own RTSP over TCP, verified by name", () => {
  const source = sourceOf("url: 'rtsps://u:p@cam.lan/s'");
  assert.deepEqual(
    { ...source, url: "" },
    {
      camera: "gate",
      url: "",
      file: null,
      loop: false,
      demuxer: "orion",
      transport: "tcp",
      track: null,
      tls: null,
      allowRedirect: [],
      udpPorts: null,
      maxUnitBytes: 8 * 1024 * 1024,
      maxPixels: 8192 * 4320,
      reconnectMaxMs: 10_000,
      decoder: "auto",
      decode: "auto",
      rotate: 0,
      aspect: null,
      roi: null,
      masks: [],
      stallTimeoutMs: 10_000,
      firstSeq: 0,
    },
  );
});

Deno.test("camera: every key of the network reaches the capture worker", () => {
  const source = sourceOf(
    "url: 'rtsp://10.0.0.1/s', transport: auto, track: 2, udpPort: 5000, maxUnitBytes: 65536, " +
      "maxPixels: 2073600, reconnectMaxSeconds: 3, allowRedirect: [nvr.lan, '[fe80::1]:8554']",
  );
  const { transport, track, udpPorts, maxUnitBytes, maxPixels, reconnectMaxMs } = source;
  const { allowRedirect } = source;
  const units = { maxUnitBytes, maxPixels };
  assert.deepEqual({ transport, track, udpPorts, ...units, reconnectMaxMs, allowRedirect }, {
    transport: "auto",
    track: 2,
    udpPorts: [5000, 5001],
    maxUnitBytes: 65536,
    maxPixels: 2_073_600,
    reconnectMaxMs: 3000,
    allowRedirect: [{ hostname: "nvr.lan", port: 554 }, { hostname: "fe80::1", port: 8554 }],
  });
});

Deno.test("camera: a redirect without a port means the port of the camera's own scheme", () => {
  assert.deepEqual(cameraOf("url: 'rtsps://10.0.0.1:443/s', allowRedirect: [nvr]").allowRedirect, [
    { hostname: "nvr", port: 322 },
  ]);
});

Deno.test("camera: with demuxer: libav no ports are kept for UDP, since libav opens its own", () => {
  const source = sourceOf("url: 'rtsp://10.0.0.1/s', demuxer: libav, transport: udp");
  assert.deepEqual([source.demuxer, source.transport, source.udpPorts], ["libav", "udp", null]);
});

Deno.test("camera: each camera has UDP ports of its own, by its place", () => {
  const yaml = "cameras:\n" +
    ["a", "b", "c"].map((id) => `  - { id: ${id}, url: 'rtsp://10.0.0.1/', transport: udp }\n`)
      .join("");
  assert.deepEqual(load(yaml).cameras.map(({ udpPorts }) => udpPorts), [
    [61000, 61001],
    [61002, 61003],
    [61004, 61005],
  ]);
});

Deno.test("camera: a fingerprint arrives as 64 digits, however it is written", () => {
  const colons = (DIGITS.toUpperCase().match(/../g) ?? []).join(":");
  const source = sourceOf(`url: 'rtsps://cam.lan/s', fingerprint: 'SHA256:${colons}'`);
  assert.deepEqual(source.tls, { ca: null, fingerprint: DIGITS, insecure: false });
});

Deno.test("camera: only the certificates of the ca file are passed on, not a key", () => {
  const key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
  const files = { "/etc/orion/tls/ca.pem": `# ours\n${AUTHORITY}${key}${AUTHORITY}` };
  const keys = "url: 'rtsps://cam.lan/s', ca: tls/ca.pem";
  assert.equal(cameraOf(keys, files).caPath, "/etc/orion/tls/ca.pem");
  const { tls } = sourceOf(keys, files);
  assert.deepEqual(tls, { ca: `${AUTHORITY}${AUTHORITY}`, fingerprint: null, insecure: false });
});

Deno.test("camera: a ca without rtsps is a warning", () => {
  const files = { "/etc/orion/ca.pem": AUTHORITY };
  const { warnings } = load("cameras: [{ id: a, url: 'rtsp://c/s', ca: ca.pem }]", files);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? "", /^cameras\[0\]\.ca: without effect .*use rtsps:/);
});

Deno.test("camera: a ca that can't be read, or holds no certificate, is a problem with a remedy", () => {
  const keys = "url: 'rtsps://cam.lan/s', ca: ca.pem";
  const at = "/etc/orion/ca.pem";
  const broken = AUTHORITY.replace(/MII[^\n]*/, "MIIAAAA");
  assert.match(problemOf(keys, {}), /^cameras\[0\]\.ca: cannot read .*permit.*let Orion read/);
  assert.match(problemOf(keys, { [at]: "x" }), /holds no certificate as PEM.*BEGIN CERTIFICATE/);
  assert.match(problemOf(keys, { [at]: broken }), /cannot be understood.*Export/);
  assert.match(problemOf(keys, { [at]: AUTHORITY + "x".repeat(1 << 20) }), /too large/);
});

Deno.test("camera: while reads are deferred, ca is listed and not read", () => {
  const settings = load("cameras: [{ id: a, url: 'rtsps://c/s', ca: ca.pem }]", {}, true);
  assert.deepEqual([settings.cameras[0]?.caPath, settings.cameras[0]?.ca], [
    "/etc/orion/ca.pem",
    "",
  ]);
});

Deno.test("camera: an unverified camera is a warning that names it", () => {
  const warnings = (keys: string) => load(`cameras: [{ id: gate, ${keys} }]`).warnings;
  const [insecure, ...others] = warnings("url: 'rtsps://u:hunter2@10.0.0.1/s', insecure: true");
  assert.match(insecure ?? "", /^cameras\[0\]\.insecure: .*"gate".*10\.0\.0\.1:322/);
  assert.deepEqual(others, []);
  assert.match(
    warnings("url: 'rtsps://10.0.0.1/s', demuxer: libav").join(),
    /^cameras\[0\]\.demuxer: libav checks no certificate/,
  );
  assert.match(warnings("url: 'rtsp://cam.lan/s', transport: udp").join(), /write the address/);
  for (
    const keys of [
      "url: 'rtsps://10.0.0.1/s'",
      `url: 'rtsps://10.0.0.1/s', fingerprint: 'sha256:${DIGITS}'`,
      "url: 'rtsps://10.0.0.1/s', insecure: false",
      "url: 'rtsp://10.0.0.1/s', transport: udp",
      "url: 'rtsp://cam.lan/s'",
      "url: 'demo:', demuxer: libav",
    ]
  ) assert.deepEqual(warnings(keys), [], keys);
});

Deno.test("camera: a password in the path is redacted everywhere, and its file causes a warning", () => {
  const url = "rtsp://10.0.0.1/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp?real_stream";
  const yaml = `cameras: [{ id: gate, url: '${url}' }]`;
  const settings = loadSettings({
    path: "/etc/orion/orion.yaml",
    root: "/opt/orion",
    env: () => undefined,
    readText: () => yaml,
    modeOf: () => ({ bits: 0o644, uid: 0 }),
  });
  const shown = settings.cameras[0]?.displayUrl ?? "";
  assert.equal(shown, "rtsp://10.0.0.1:554");
  const redactor = new Redactor(settings.secrets());
  for (const text of [shown, redactor.text(url), redactor.text("the camera says tlJwpbo6")]) {
    assert.ok(!text.includes("tlJwpbo6"), text);
  }
  assert.match(settings.warnings.join(), /holds credentials/);
});

Deno.test("camera: how its picture is shown reaches the capture worker, quoted or not", () => {
  const shown = (keys: string) => {
    const { rotate, aspect } = sourceOf(`url: 'rtsp://10.0.0.1/s', ${keys}`);
    return { rotate, aspect };
  };
  assert.deepEqual(shown("rotate: 270, aspect: '4:3'"), { rotate: 270, aspect: 4 / 3 });
  assert.deepEqual(shown("aspect: 16:9"), { rotate: 0, aspect: 16 / 9 });
  assert.deepEqual(shown("aspect: auto"), { rotate: 0, aspect: null });
  const problem = (keys: string) => problemOf(`url: 'rtsp://10.0.0.1/s', ${keys}`, {});
  assert.match(problem("rotate: 45"), /^cameras\[0\].rotate: .*0, 90, 180 or 270/);
  assert.match(problem("aspect: wide"), /^cameras\[0\].aspect: .*16:9/);
  assert.match(problem("aspect: 1.78"), /^cameras\[0\].aspect: .*16:9/);
});
