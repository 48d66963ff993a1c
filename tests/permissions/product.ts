/** A configuration that needs every kind of permission there is, and the flags it gets. */
import assert from "node:assert/strict";
import { systemHost } from "../../src/cli/host.ts";
import { readSettings } from "../../src/cli/prepare.ts";
import type { Settings } from "../../src/config/settings.ts";
import { locateLibav } from "../../src/libav/locate.ts";
import { type Manifest, permissionManifest } from "../../src/permissions/manifest.ts";
import { locateOnnxRuntime, type Places } from "../../src/permissions/places.ts";
import { Child } from "../support/children.ts";
import { DEMO_CLIP, freePort, ROOT, tempFolder } from "../support/files.ts";
import { runOrion } from "../support/process.ts";

/** A variable that the configuration names. */
export const VARIABLE = "ORION_TEST_GATE";

export function places(): Places {
  return { root: ROOT, libav: locateLibav(), onnxruntime: locateOnnxRuntime(ROOT) };
}

/** A configuration on disk, and what was computed from it. */
export interface Product extends Disposable {
  readonly folder: string;
  readonly config: string;
  readonly brokerPort: number;
  readonly healthPort: number;
  readonly settings: Settings;
  readonly manifest: Manifest;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Cameras on the network and in a file, a model of one's own and a spare one in the models' folder, TLS files and
 * secrets in files; or, `embedded`, the embedded broker and no file at all.
 */
export function product(kind: "full" | "embedded"): Product {
  const folder = tempFolder();
  const [brokerPort, healthPort] = [freePort(), freePort()];
  folder.write("clip.mp4", Deno.readFileSync(DEMO_CLIP));
  folder.write("other.txt", "not named in the configuration\n");
  folder.write("other.js", "export default 1;\n");
  const model = Deno.readFileSync(`${ROOT}/models/nanodet-g-int8.onnx`);
  for (const name of ["own.onnx", "models/spare.onnx"]) folder.write(name, model);
  for (const name of ["password", "token", "ca.pem", "cert.pem", "key.pem"]) {
    Deno.chmodSync(folder.write(name, "a-secret-of-some-length\n"), 0o600);
  }
  const full = `
cameras:
  - { id: gate, url: "rtsp://u:\${${VARIABLE}}@127.0.0.1:${freePort()}/s" }
  - { id: clip, url: "file:clip.mp4" }
detectors: [{ id: person, model: own.onnx }]
mqtt:
  url: mqtts://127.0.0.1:${brokerPort}
  username: u
  password: { file: password }
  ca: ca.pem
  cert: cert.pem
  key: key.pem
health: { listen: "127.0.0.1:${healthPort}", token: { file: token } }
`;
  const embedded = `
cameras: [{ id: demo, url: "demo:" }]
detectors: [{ id: person, model: builtin:person-int8 }]
mqtt: { listen: "127.0.0.1:${brokerPort}" }
health: { listen: "127.0.0.1:${healthPort}" }
`;
  const config = folder.write("orion.yaml", kind === "full" ? full : embedded);
  const host = { ...systemHost(ROOT), env: () => "from-the-environment" };
  const settings = readSettings({ config }, host);
  return {
    folder: folder.path,
    config,
    brokerPort,
    healthPort,
    settings,
    manifest: permissionManifest(settings, places()),
    env: { [VARIABLE]: "from-the-environment", NO_COLOR: "1" },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** The flags that the launcher would start this configuration with. */
export async function shippedFlags({ config, env }: Product): Promise<string[]> {
  const args = ["permissions", "--flags", "--config", config];
  const { code, stdout, stderr } = await runOrion(args, { env });
  assert.equal(code, 0, stderr);
  return stdout.split("\n").filter((line) => line !== "");
}

/** Starts a module of the checkout with the Deno that the launcher would take. */
export function startDeno(
  flags: readonly string[],
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Child {
  const find = '. "$0"; deno=$(find_deno) && exec "$deno" run "$@"';
  return new Child({
    name: `deno ${args[0]}`,
    command: "sh",
    args: ["-c", find, `${ROOT}/scripts/lib/deno.sh`, ...flags, ...args],
    cwd: ROOT,
    env,
  });
}
