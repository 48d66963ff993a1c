/** The groups of tests with their permissions: each grant lists exactly what is allowed. */
import { locateLibav } from "../../src/libav/locate.ts";
import { locateOnnxRuntime } from "../../src/permissions/places.ts";
import { LIBAV_FOLDER_VARIABLE } from "../../tests/support/streams/libav_choice.ts";
import { PATIENCE_VARIABLE } from "../../tests/support/system/lines.ts";
import {
  havePart,
  OPENVINO,
  programPath,
  SYSTEM_PYTHON,
} from "../../tests/support/system/parts.ts";
import { ROOT, walk } from "./checkout.ts";

/** One `deno test`. */
export interface Group {
  readonly name: string;
  /** The folder of its tests, relative to the root of the checkout. */
  readonly folder: string;
  /** Folders below it that belong to another group. */
  readonly without: readonly string[];
  readonly flags: readonly string[];
  /** How many of its files run at once in one process: 1 where they measure the process. */
  readonly jobs: number;
}

/** Programs that the helpers of the tests start. */
const PROGRAMS: readonly string[] = [
  ...["sh", "stdbuf", "ffmpeg", "ffprobe", "openssl"],
  ...["mosquitto", "mosquitto_sub", "mosquitto_pub", "mosquitto_passwd"],
  ...["nginx", "caddy", "prometheus", "promtool"],
];

/** Browsers, for their tests alone. */
const BROWSERS: readonly string[] = ["chromium", "chromium-browser"];

/** Where those programs and the libraries are installed. */
const SYSTEM_FOLDERS: readonly string[] = ["/usr", "/bin", "/sbin", "/lib"];

/** A path that does not exist; readable, so that tests get `NotFound` and not `NotCapable`. */
const NOWHERE = "/nowhere";

/** Variables that the tests themselves read; every other one reads as unset. */
const VARIABLES: readonly string[] = ["CI", "ORION_TEST_PARTS", "ORION_SEED", PATIENCE_VARIABLE];

/** The number of inputs that the fuzz tests try, and their seed, for a long run. */
const FUZZ_VARIABLES: readonly string[] = ["ORION_FUZZ", "ORION_FUZZ_SEED"];

/**
 * What tests and their workers may connect to or listen on: two addresses of this machine; all of its
 * addresses, for the ports that cameras send datagrams to; and a name that does not resolve.
 */
const HOSTS: readonly string[] = ["127.0.0.1", "127.0.0.2", "0.0.0.0", "no-such-host.invalid"];

/** What the library that drives the browser asks the system for. */
const BROWSER_SYS: readonly string[] = ["homedir", "osRelease"];

interface Rights {
  readonly read?: readonly string[];
  readonly net?: boolean;
  readonly ffi?: readonly string[];
  readonly programs?: boolean;
  readonly browser?: boolean;
  readonly sys?: readonly string[];
  readonly env?: readonly string[];
}

/** What the tests of the page need besides. */
const BROWSER: Rights = { browser: true, sys: BROWSER_SYS, env: ["TMPDIR"] };

/** Native code that tests may load; empty where it is not installed. */
export interface Natives {
  readonly libav: readonly string[];
  /** With OpenVINO's, where it is installed. */
  readonly onnxruntime: readonly string[];
  /** The folder of that libav when it is not the machine's own; passed to the tests, which may read it. */
  readonly libavFolder?: string | null;
}

/**
 * Locates libav and ONNX Runtime's binding.
 * @param libavFolder  the folder of another release of libav, instead of the machine's own
 */
export function natives(libavFolder: string | null = null): Natives {
  const where = libavFolder === null ? {} : { folders: [libavFolder] };
  return {
    libav: orNothing(() => Object.values(locateLibav(where))),
    onnxruntime: orNothing(() => [
      locateOnnxRuntime(ROOT).binding,
      ...havePart("openvino") ? [OPENVINO] : [],
    ]),
    libavFolder,
  };
}

function orNothing(find: () => readonly string[]): readonly string[] {
  try {
    return find();
  } catch {
    // Their tests fail or are skipped, with a more precise message.
    return [];
  }
}

function flagsFor(rights: Rights, temp: string, libavFolder: string | null = null): string[] {
  const programs = [...PROGRAMS, ...rights.browser === true ? BROWSERS : []]
    .filter((name) => programPath(name) !== null);
  const read = [
    ROOT,
    temp,
    NOWHERE,
    ...rights.read ?? [],
    ...rights.programs === true ? SYSTEM_FOLDERS : [],
    ...libavFolder === null ? [] : [libavFolder],
  ];
  const env = [...VARIABLES, ...rights.env ?? [], ...rights.programs === true ? ["PATH"] : []];
  if (libavFolder !== null) env.push(LIBAV_FOLDER_VARIABLE);
  const flags = ["--no-prompt", "--ignore-env", `--allow-env=${env.join(",")}`];
  flags.push(`--allow-read=${read.join(",")}`, `--allow-write=${temp}`);
  if (rights.net === true) flags.push(`--allow-net=${HOSTS.join(",")}`);
  if (rights.programs === true) flags.push(`--allow-run=${[...programs, SYSTEM_PYTHON].join(",")}`);
  const ffi = rights.ffi ?? [];
  if (ffi.length > 0) flags.push(`--allow-ffi=${ffi.join(",")}`);
  if (rights.sys !== undefined) flags.push(`--allow-sys=${rights.sys.join(",")}`);
  return flags;
}

/** All groups, from the quickest to the slowest. `temp` is the folder for what tests write. */
export function testGroups(temp: string, found: Natives = natives()): Group[] {
  const { libav, onnxruntime, libavFolder = null } = found;
  const all = [...libav, ...onnxruntime];
  const group = (
    name: string,
    folder: string,
    rights: Rights & { readonly jobs?: number; readonly without?: readonly string[] },
  ): Group => ({
    name,
    folder,
    without: rights.without ?? [],
    flags: flagsFor(rights, temp, libavFolder),
    jobs: rights.jobs ?? 1,
  });
  const system = { programs: true, net: true };
  return [
    group("unit", "tests/unit", { net: true, jobs: 2, without: ["tests/unit/inference"] }),
    group("fuzz", "tests/fuzz", {
      env: FUZZ_VARIABLES,
      jobs: 2,
      without: ["tests/fuzz/decoding", "tests/fuzz/network"],
    }),
    // They measure the memory of their process.
    group("decoding", "tests/fuzz/decoding", { ffi: libav, programs: true, env: FUZZ_VARIABLES }),
    group("network", "tests/fuzz/network", { ...system, env: FUZZ_VARIABLES }),
    group("inference", "tests/unit/inference", { ffi: onnxruntime, programs: true, jobs: 2 }),
    group("ffi", "tests/ffi", { ...system, ffi: libav, jobs: 2 }),
    // They wait for cameras and brokers more than for the processor.
    group("workers", "tests/workers", { ...system, ffi: all, jobs: 3 }),
    // They measure the memory and the open files of their process.
    group("memory", "tests/memory", { ...system, ffi: libav }),
    group("cameras", "tests/cameras", { ...system, ffi: libav, jobs: 6 }),
    group("permissions", "tests/permissions", { ...system, ffi: all, jobs: 2 }),
    group("e2e", "tests/e2e", { ...system, jobs: 3, without: ["tests/e2e/browser"] }),
    group("browser", "tests/e2e/browser", { ...system, ...BROWSER }),
  ];
}

/**
 * The flags of `deno bench`: the permissions of the worker tests, and a browser.
 * @param read  absolute paths to read besides
 */
export function benchFlags(temp: string, read: readonly string[] = []): string[] {
  const { libav, onnxruntime } = natives();
  const ffi = [...libav, ...onnxruntime];
  return flagsFor({ ...BROWSER, ffi, programs: true, net: true, read }, temp);
}

/** Test files that belong to no group. */
export function strays(groups: readonly Group[], root: string = ROOT): string[] {
  return [...walk(root, "tests")].filter((path) => path.endsWith("_test.ts"))
    .filter((path) => !groups.some(({ folder }) => path.startsWith(`${folder}/`)));
}

/** The group that runs a file or folder, or null. */
export function groupOf(groups: readonly Group[], path: string): Group | null {
  const holds = groups.filter(({ folder, without }) =>
    (path === folder || path.startsWith(`${folder}/`)) &&
    !without.some((other) => path === other || path.startsWith(`${other}/`))
  );
  return holds[0] ?? null;
}
