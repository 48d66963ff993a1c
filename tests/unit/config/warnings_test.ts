/** Warnings about what a configuration and the files around it leave open. */
import assert from "node:assert/strict";
import { loadSettings } from "../../../src/config/load.ts";
import { ConfigError } from "../../../src/config/problems.ts";
import type { Settings } from "../../../src/config/settings.ts";

const PATH = "/etc/orion/orion.yaml";
/** The user of the service. */
const OWN_UID = 990;

/** Loads a configuration among other files, all of one owner. */
function load(yaml: string, world: {
  env?: Record<string, string>;
  files?: Record<string, string>;
  modes?: Record<string, number>;
  uid?: number;
  environmentFile?: string;
} = {}): Settings {
  return loadSettings({
    path: PATH,
    root: "/opt/orion",
    env: (name) => world.env?.[name],
    readText(path) {
      const text = path === PATH ? yaml : world.files?.[path];
      if (text === undefined) throw new Deno.errors.NotFound();
      return text;
    },
    modeOf(path) {
      const bits = world.modes?.[path];
      return bits === undefined ? null : { bits, uid: world.uid ?? OWN_UID };
    },
    environmentFile: world.environmentFile ?? null,
  });
}

Deno.test("warnings: an unsafe setting is a warning, without the secret", () => {
  const yaml = "cameras: [{ id: a, url: 'rtsp://u:hunter2@h/s' }]\n" +
    "mqtt: { url: 'mqtt://b', username: u, password: { file: pw } }";
  const { warnings } = load(yaml, {
    files: { "/etc/orion/pw": "secret" },
    modes: { [PATH]: 0o644, "/etc/orion/pw": 0o640 },
  });
  assert.equal(warnings.length, 3);
  assert.match(warnings.join("\n"), /mqtt\.password\.file.*chmod 600/);
  assert.match(warnings.join("\n"), /orion\.yaml holds credentials/);
  assert.match(warnings.join("\n"), /unencrypted/);
  assert.ok(!warnings.join().includes("hunter2"));
});

Deno.test("warnings: a file of root may be read by its group, and one of the service by itself alone", () => {
  const yaml = "cameras: [{ id: a, url: 'rtsp://u:hunter2@h/s' }]\n" +
    "mqtt: { url: 'mqtts://b', username: u, password: { file: pw } }";
  const pw = "/etc/orion/pw";
  const warned = (bits: number, uid: number) =>
    load(yaml, { files: { [pw]: "secret" }, modes: { [PATH]: bits, [pw]: bits }, uid }).warnings
      .join("\n");
  for (const bits of [0o400, 0o600, 0o440, 0o640]) assert.equal(warned(bits, 0), "", `${bits}`);
  for (const bits of [0o644, 0o641, 0o660, 0o650]) {
    assert.match(warned(bits, 0), /mqtt\.password\.file.*chmod 640.*\n.*chmod 640/, `${bits}`);
  }
  for (const bits of [0o400, 0o600]) assert.equal(warned(bits, OWN_UID), "", `${bits}`);
  for (const bits of [0o640, 0o604, 0o620]) assert.match(warned(bits, OWN_UID), /600/, `${bits}`);
});

Deno.test("warnings: a password to a broker on this machine is no warning", () => {
  const warnings = (host: string) =>
    load(`cameras: [{ id: a, url: 'demo:' }]\nmqtt: { url: 'mqtt://u:p@${host}' }`).warnings;
  for (const host of ["127.0.0.1", "127.9.9.9:1884", "localhost", "[::1]"]) {
    assert.deepEqual(warnings(host), [], host);
  }
  for (const host of ["127.0.0.1.example", "192.168.1.5", "broker.lan"]) {
    assert.match(warnings(host).join(), /unencrypted/, host);
  }
});

Deno.test("warnings: a file of variables has precedence, is listed as a secret file, and its mode counts", () => {
  const yaml = "cameras: [{ id: a, url: 'rtsp://u:${P}@${H}/s' }]";
  const file = "/etc/orion/environment";
  const settings = load(yaml, {
    env: { P: "of the process", H: "h" },
    environmentFile: file,
    files: { [file]: `P="hunter-2"\n` },
    modes: { [file]: 0o644 },
    uid: 0,
  });
  assert.equal(settings.cameras[0]?.url.expose(), "rtsp://u:hunter-2@h/s");
  assert.deepEqual(settings.secretFiles, [file]);
  assert.match(
    settings.warnings.join("\n"),
    /^others may use \/etc\/orion\/environment; .*640 it$/,
  );
  assert.ok(settings.secrets().includes("hunter-2"));
  const missing = (path: string) => () => load(yaml, { environmentFile: path });
  assert.throws(
    missing("/none"),
    (error) =>
      error instanceof ConfigError && error.file === "/none" && error.files.includes("/none") &&
      /cannot read \/none/.test(error.problems[0]?.message ?? ""),
  );
});

Deno.test("warnings: a configuration whose credentials come from elsewhere may be read by all", () => {
  const yaml = "cameras: [{ id: a, url: 'rtsp://u:${P}@h/s' }]";
  assert.deepEqual(load(yaml, { env: { P: "x" }, modes: { [PATH]: 0o644 } }).warnings, []);
});
