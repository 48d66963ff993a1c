/** A configuration that needs every kind of permission there is, and the flags it gets. */
import assert from "node:assert/strict";
import { systemHost } from "../../src/cli/host.ts";
import { readSettings } from "../../src/cli/prepare.ts";
import type { Settings } from "../../src/config/settings.ts";
import { locateLibav } from "../../src/libav/locate.ts";
import { type Manifest, permissionManifest } from "../../src/permissions/manifest.ts";
import { locateOnnxRuntime, type Places } from "../../src/permissions/places.ts";
import { Child } from "../support/system/children.ts";
import { ROOT, tempFolder, TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { freePort, freePortPair } from "../support/system/ports.ts";
import { runOrion } from "../support/product/process.ts";

/** A variable that the configuration names. */
export const VARIABLE = "ORION_TEST_GATE";

export function places(): Places {
  return { root: ROOT, libav: locateLibav(), onnxruntime: locateOnnxRuntime(ROOT) };
}

/** A configuration on disk, and what was computed from it. */
export interface Product extends Disposable {
  readonly folder: string;
  readonly config: string;
  readonly ports: Ports;
  readonly settings: Settings;
  readonly manifest: Manifest;
  readonly env: Readonly<Record<string, string>>;
}

/** Paths and ports that the configuration names. */
export interface Ports {
  readonly broker: number;
  readonly health: number;
  /** Of every camera on the network. */
  readonly camera: number;
  /** Of {@link REDIRECT_HOST}, where the cameras may lead to. */
  readonly redirect: number;
  /** Where RTP is received; RTCP on the port after it. */
  readonly rtp: number;
}

/** Where the cameras of the configuration may lead to: another address of this machine. */
export const REDIRECT_HOST = "127.0.0.2";

export type ProductKind = "full" | "embedded" | "udp";

/**
 * `full`: cameras on the network, by Orion's own RTSP and by libav's, and in a file; a model of one's own and a
 * spare one in the models' folder, TLS files and secrets in files. `embedded`: the embedded broker and no file at
 * all. `udp`: a camera that sends datagrams, and none in a file.
 */
export function product(kind: ProductKind): Product {
  const folder = tempFolder();
  const ports = { ...drawnPorts(), rtp: freePortPair() };
  folder.write("clip.mp4", Deno.readFileSync(TWO_PEOPLE_CLIP));
  folder.write("other.txt", "not named in the configuration\n");
  folder.write("other.js", "export default 1;\n");
  const model = Deno.readFileSync(`${ROOT}/models/nanodet-g-int8.onnx`);
  for (const name of ["own.onnx", "models/spare.onnx"]) folder.write(name, model);
  for (const name of ["password", "token", "ca.pem", "cert.pem", "key.pem"]) {
    Deno.chmodSync(folder.write(name, "a-secret-of-some-length\n"), 0o600);
  }
  const config = folder.write("orion.yaml", yamlOf(kind, ports));
  const host = { ...systemHost(ROOT), env: () => "from-the-environment" };
  const settings = readSettings({ config }, host);
  return {
    folder: folder.path,
    config,
    ports,
    settings,
    manifest: permissionManifest(settings, places()),
    env: { [VARIABLE]: "from-the-environment", NO_COLOR: "1" },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** Ports that are free, and that are not one another. */
function drawnPorts(): Omit<Ports, "rtp"> {
  const [broker, health, camera, redirect] = [0, 1, 2, 3].map(freePort);
  if (broker === undefined || health === undefined) throw new Error("no free port");
  if (camera === undefined || redirect === undefined) throw new Error("no free port");
  return { broker, health, camera, redirect };
}

function yamlOf(kind: ProductKind, { broker, health, camera, redirect, rtp }: Ports): string {
  const url = `url: "rtsp://u:\${${VARIABLE}}@127.0.0.1:${camera}/stream1"`;
  switch (kind) {
    case "full":
      return `
cameras:
  - { id: gate, ${url}, allowRedirect: ["${REDIRECT_HOST}:${redirect}"] }
  - { id: old, ${url}, demuxer: libav }
  - { id: clip, url: "file:clip.mp4" }
detectors: [{ id: person, model: own.onnx }]
mqtt:
  url: mqtts://127.0.0.1:${broker}
  username: u
  password: { file: password }
  ca: ca.pem
  cert: cert.pem
  key: key.pem
health: { listen: "127.0.0.1:${health}", token: { file: token } }
`;
    case "embedded":
      return `
cameras: [{ id: demo, url: "demo:" }]
detectors: [{ id: person, model: builtin:person-int8 }]
mqtt: { listen: "127.0.0.1:${broker}" }
health: { listen: "127.0.0.1:${health}" }
`;
    case "udp":
      return `
cameras: [{ id: gate, ${url}, transport: udp, udpPort: ${rtp} }]
detectors: [{ id: person, model: builtin:person-int8 }]
mqtt: { listen: "127.0.0.1:${broker}" }
health: { listen: "127.0.0.1:${health}" }
`;
  }
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
