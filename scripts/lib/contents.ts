/** Checks that a package is complete and holds nothing else. */
import { join } from "node:path";
import { BUNDLED_FILES } from "../../src/config/models.ts";
import { THIRD_PARTY, unlicensed } from "./licences.ts";
import { machineOf, type Target } from "./targets.ts";

/** One file: its path, its size, and the ELF machine of native code, else null. */
export interface Content {
  readonly path: string;
  readonly bytes: number;
  readonly machine: number | null;
}

/** Bound of the contents, without Deno itself. */
const MAX_BYTES: Readonly<Record<Target["arch"], number>> = {
  x86_64: 80 * 1024 * 1024,
  aarch64: 60 * 1024 * 1024,
};

/** Packages and files that Orion does not need at run time. */
const FOREIGN =
  /(^|\/)node_modules\/(ajv|fast-check|@types|adm-zip|global-agent)\/|\.(dll|dylib)$|^tests\//;

/** Licences of the models. */
const MODEL_LICENCES = ["models/LICENSE.Apache-2.0", "models/LICENSE.human-models-MIT"];

const WORKERS = ["capture", "inference", "publisher", "broker", "probe"];

/** Where ONNX Runtime's addon and library are. */
export function runtimeFolder({ onnxruntime }: Target): string {
  return `node_modules/onnxruntime-node/bin/napi-v6/linux/${onnxruntime}`;
}

/** Every file of a folder, sorted by path. */
export function listContents(folder: string): Content[] {
  return [...filesIn(folder, "")].sort((a, b) => a.path < b.path ? -1 : 1);
}

function* filesIn(folder: string, inside: string): Generator<Content> {
  for (const { name, isDirectory } of Deno.readDirSync(join(folder, inside))) {
    const path = inside === "" ? name : `${inside}/${name}`;
    if (isDirectory) {
      yield* filesIn(folder, path);
      continue;
    }
    const { size } = Deno.statSync(join(folder, path));
    yield { path, bytes: size, machine: machineOf(head(join(folder, path))) };
  }
}

function head(path: string): Uint8Array {
  using file = Deno.openSync(path);
  const bytes = new Uint8Array(20);
  return bytes.subarray(0, file.readSync(bytes) ?? 0);
}

/** The paths that a package for a target must have. */
export function requiredPaths(target: Target): string[] {
  return [
    "main.ts",
    "deno.json",
    "LICENSE",
    "NOTICE",
    THIRD_PARTY,
    ...MODEL_LICENCES,
    "assets/demo.mp4",
    ...WORKERS.map((name) => `workers/${name}.ts`),
    ...BUNDLED_FILES.map((file) => `models/${file}`),
    `${runtimeFolder(target)}/onnxruntime_binding.node`,
    `${runtimeFolder(target)}/libonnxruntime.so.1`,
  ];
}

/** Lists what is wrong with the contents, Deno's own program aside; empty when nothing is. */
export function contentProblems(contents: readonly Content[], target: Target): string[] {
  const paths = new Set(contents.map(({ path }) => path));
  const missing = requiredPaths(target).filter((path) => !paths.has(path));
  const foreign = contents.filter(({ path, machine }) =>
    FOREIGN.test(path) || (machine !== null && machine !== target.machine)
  );
  const total = contents.reduce((sum, { bytes }) => sum + bytes, 0);
  const max = MAX_BYTES[target.arch];
  return [
    ...missing.map((path) => `${path} is missing`),
    ...unlicensed([...paths]).map((name) => `${name} comes without the text of its licence`),
    ...foreign.map(({ path }) => `${path} does not belong into a package for ${target.name}`),
    ...(total > max ? [`${total} bytes are more than the ${max} that are allowed`] : []),
  ];
}
