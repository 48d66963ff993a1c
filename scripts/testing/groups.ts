/** The groups of tests, and what each of them may do: lists of exactly what, never everything. */
import { locateLibav } from "../../src/libav/locate.ts";
import { locateOnnxRuntime } from "../../src/permissions/places.ts";
import { LIBAV_FOLDER_VARIABLE } from "../../tests/support/streams/libav_choice.ts";
import { PATIENCE_VARIABLE } from "../../tests/support/system/lines.ts";
import { programPath, SYSTEM_PYTHON } from "../../tests/support/system/parts.ts";
import { ROOT, walk } from "./checkout.ts";

/** One `deno test`. */
export interface Group {
  readonly name: string;
  /** The folder of its tests, relative to the root of the checkout. */
  readonly folder: string;
  /** Folders below it that belong to another group. */
  readonly without: readonly string[];
  readonly flags: readonly string[];
  /** How many of its files run at once, in one process: more than one where they do not look at it. */
  readonly jobs: number;
}

/** Programs that the helpers of the tests start. */
const PROGRAMS: readonly string[] = [
  ...["sh", "stdbuf", "ffmpeg", "ffprobe", "openssl"],
  ...["mosquitto", "mosquitto_sub", "mosquitto_pub", "mosquitto_passwd"],
];

/** Where those programs, and the libraries, are looked for. */
const SYSTEM_FOLDERS: readonly string[] = ["/usr", "/bin", "/sbin", "/lib"];

/** A path that is not there: a test may ask for it, and must be told that it is missing. */
const NOWHERE = "/nowhere";

/** Variables that the tests themselves look at; every other one reads as not set. */
const VARIABLES: readonly string[] = ["CI", "ORION_TEST_PARTS", PATIENCE_VARIABLE];

/** How many inputs the fuzz tests try: a long run is asked for by this variable. */
const FUZZ_VARIABLE = "ORION_FUZZ";

/**
 * What tests may connect to, and workers of theirs: this machine, on two addresses; every address of it
 * for the ports that cameras send datagrams to; and a name that nothing has.
 */
const HOSTS: readonly string[] = ["127.0.0.1", "127.0.0.2", "0.0.0.0", "no-such-host.invalid"];

interface Rights {
  readonly read?: readonly string[];
  readonly net?: boolean;
  readonly ffi?: readonly string[];
  readonly programs?: boolean;
  readonly sys?: readonly string[];
  readonly env?: readonly string[];
}

/** Native code that tests may load; what is missing is left out, and its tests say so. */
export interface Natives {
  readonly libav: readonly string[];
  readonly onnxruntime: readonly string[];
  /** The folder of that libav when it is not the machine's own: tests are told so, and may look there. */
  readonly libavFolder?: string | null;
}

/**
 * Looks for libav and for ONNX Runtime's binding.
 * @param libavFolder  where another release of libav is, instead of the machine's own
 */
export function natives(libavFolder: string | null = null): Natives {
  const where = libavFolder === null ? {} : { folders: [libavFolder] };
  return {
    libav: orNothing(() => Object.values(locateLibav(where))),
    onnxruntime: orNothing(() => [locateOnnxRuntime(ROOT).binding]),
    libavFolder,
  };
}

function orNothing(find: () => readonly string[]): readonly string[] {
  try {
    return find();
  } catch {
    // Their tests fail, or are left out, with a better message than could be given here.
    return [];
  }
}

function flagsFor(rights: Rights, temp: string, libavFolder: string | null = null): string[] {
  const programs = PROGRAMS.filter((name) => programPath(name) !== null);
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
      env: [FUZZ_VARIABLE],
      jobs: 2,
      without: ["tests/fuzz/decoding"],
    }),
    // It looks at the memory of the process that it runs in.
    group("decoding", "tests/fuzz/decoding", { ffi: libav, programs: true, env: [FUZZ_VARIABLE] }),
    group("inference", "tests/unit/inference", { ffi: onnxruntime, programs: true, jobs: 2 }),
    group("ffi", "tests/ffi", { ...system, ffi: libav, jobs: 2 }),
    // They wait for cameras and brokers more than for the processor.
    group("workers", "tests/workers", { ...system, ffi: all, jobs: 3 }),
    // They look at the memory and the open files of the process that they run in.
    group("memory", "tests/memory", { ...system, ffi: libav }),
    group("cameras", "tests/cameras", { ...system, ffi: libav, jobs: 4 }),
    group("permissions", "tests/permissions", { ...system, ffi: all, jobs: 2 }),
    group("e2e", "tests/e2e", { ...system, jobs: 2 }),
  ];
}

/** The flags of `deno bench`: what the worker tests may do. */
export function benchFlags(temp: string): string[] {
  const { libav, onnxruntime } = natives();
  return flagsFor({ ffi: [...libav, ...onnxruntime], programs: true, net: true }, temp);
}

/** Files of tests that no group would run. */
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
