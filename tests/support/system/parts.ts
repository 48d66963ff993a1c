/**
 * External parts that some tests need and that a machine may lack.
 *
 * On a developer's machine a test without its part is skipped and named. In CI (`CI=true`) nothing is
 * skipped: the test runs and fails without the part, so that a green run covers everything. Exceptions are
 * the {@link OPTIONAL_PARTS}, which not every system can have.
 */

import { fileURLToPath } from "node:url";

/** A third-party part. */
export type Part =
  | "ffmpeg"
  | "mosquitto"
  | "gst-rtsp-server"
  | "vlc"
  | "chromium"
  | "libav"
  | "faketime"
  | "prometheus"
  | "nginx"
  | "caddy"
  | "home-assistant"
  | "openvino";

/** Every part, and how to install it on Debian. */
export const PARTS: Readonly<Record<Part, string>> = {
  ffmpeg: "apt-get install ffmpeg",
  mosquitto: "apt-get install mosquitto mosquitto-clients",
  "gst-rtsp-server": "apt-get install python3-gi gir1.2-gst-rtsp-server-1.0 " +
    "gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad",
  vlc: "apt-get install python3 libvlc5 vlc-plugin-base",
  chromium: "apt-get install chromium",
  libav: "sh scripts/setup.sh test",
  faketime: "apt-get install libfaketime",
  prometheus: "apt-get install prometheus",
  nginx: "apt-get install nginx",
  caddy: "apt-get install caddy",
  "home-assistant":
    "Python 3.13 with venv, then ORION_TEST_HOME_ASSISTANT=1 sh scripts/setup.sh test",
  openvino: "docs/deploy.md, OpenVINO, or CI=true sh scripts/setup.sh test",
};

/** The names of all parts. */
export const PART_NAMES: readonly Part[] = [
  "ffmpeg",
  "mosquitto",
  "gst-rtsp-server",
  "vlc",
  "chromium",
  "libav",
  "faketime",
  "prometheus",
  "nginx",
  "caddy",
  "home-assistant",
  "openvino",
];

/** Parts whose tests are skipped, and named, in CI too: one that is large, and wants a Python that few systems have. */
export const OPTIONAL_PARTS: readonly Part[] = ["home-assistant"];

/** Starts the Home Assistant that `scripts/setup.sh` has installed; relative to the checkout. */
export const HOME_ASSISTANT = ".tools/home-assistant";

/** OpenVINO's C library where a detector finds it. */
export const OPENVINO = fileURLToPath(
  new URL("../../../openvino/libopenvino_c.so", import.meta.url),
);

/** Where Debian and its children keep libraries that are specific to an architecture. */
const LIBRARY_DIRS: readonly string[] = [
  "/usr/lib/x86_64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu",
  "/usr/lib64",
  "/usr/lib",
  "/usr/local/lib",
];

/** The plugin of VLC's RTSP server that packetizes video. */
const VLC_RTSP_PLUGIN = "vlc/plugins/stream_out/libstream_out_rtp_plugin.so";

/** System folders that may be missing from a login shell's path. */
const SYSTEM_PATH: readonly string[] = [
  "/usr/local/sbin",
  "/usr/local/bin",
  "/usr/sbin",
  "/usr/bin",
];

/** The Python that Debian's packages (and so `gi`) belong to; another one on the path lacks them. */
export const SYSTEM_PYTHON = "/usr/bin/python3";

/** An environment variable, or undefined when it is not set or may not be read. */
export function variable(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}

/** Whether a path exists; one that may not be read counts as missing. */
function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) {
      return false;
    }
    if (error instanceof Deno.errors.PermissionDenied) return false;
    throw error;
  }
}

/** Whether a folder contains a file whose name starts with `prefix`. */
function holds(folder: string, prefix: string): boolean {
  if (!exists(folder)) return false;
  for (const entry of Deno.readDirSync(folder)) {
    if (entry.name.startsWith(prefix)) return true;
  }
  return false;
}

/** The absolute path of a program on `PATH` or in the system's own folders, or null. Spawns nothing. */
export function programPath(name: string): string | null {
  const folders = (variable("PATH") ?? "").split(":").filter((folder) => folder.startsWith("/"));
  for (const folder of [...folders, ...SYSTEM_PATH]) {
    if (exists(`${folder}/${name}`)) return `${folder}/${name}`;
  }
  return null;
}

/**
 * The library that, when preloaded, lets a test set the wall clock of a multi-threaded process; or
 * null.
 */
export function faketimePath(): string | null {
  const paths = LIBRARY_DIRS.map((dir) => `${dir}/faketime/libfaketimeMT.so.1`);
  return paths.find(exists) ?? null;
}

function lookUp(part: Part): boolean {
  switch (part) {
    case "ffmpeg":
      return programPath("ffmpeg") !== null && programPath("ffprobe") !== null;
    case "mosquitto":
      return programPath("mosquitto") !== null && programPath("mosquitto_sub") !== null &&
        programPath("mosquitto_pub") !== null;
    case "prometheus":
      return programPath("prometheus") !== null && programPath("promtool") !== null;
    case "nginx":
    case "caddy":
      return programPath(part) !== null;
    case "chromium":
      return programPath("chromium") !== null || programPath("chromium-browser") !== null;
    case "gst-rtsp-server":
      return exists(SYSTEM_PYTHON) && exists("/usr/lib/python3/dist-packages/gi/__init__.py") &&
        LIBRARY_DIRS.some((dir) => exists(`${dir}/girepository-1.0/GstRtspServer-1.0.typelib`));
    case "openvino":
      return exists(OPENVINO);
    case "vlc":
      return exists(SYSTEM_PYTHON) &&
        LIBRARY_DIRS.some((dir) =>
          exists(`${dir}/libvlc.so.5`) && exists(`${dir}/${VLC_RTSP_PLUGIN}`)
        );
    case "home-assistant":
      return exists(fileURLToPath(new URL(`../../../${HOME_ASSISTANT}`, import.meta.url)));
    case "faketime":
      return faketimePath() !== null;
    case "libav":
      return ["libavutil.so.", "libavcodec.so.", "libavformat.so.", "libswscale.so."].every((
        library,
      ) => LIBRARY_DIRS.some((dir) => holds(dir, library)));
  }
}

/**
 * Whether the part is installed, decided by looking for its files.
 *
 * `deno task test` looks once, with the necessary permissions, and passes the result to the tests in
 * `ORION_TEST_PARTS` (names, comma-separated). A test that is run by hand looks for itself, and treats
 * what it may not read as missing.
 */
export function partPresent(part: Part): boolean {
  const present = variable("ORION_TEST_PARTS");
  return present === undefined ? lookUp(part) : present.split(",").includes(part);
}

const named = new Set<Part>();

/** Reports once per file that tests are skipped; `deno task test` reports it in its summary instead. */
function nameMissing(part: Part): void {
  if (named.has(part) || variable("ORION_TEST_PARTS") !== undefined) return;
  named.add(part);
  const line = `missing part: ${part}; tests that need it are skipped (${PARTS[part]})\n`;
  Deno.stderr.writeSync(new TextEncoder().encode(line));
}

/**
 * Whether tests may use the part: `Deno.test({ ignore: !havePart("mosquitto"), … })`.
 *
 * Always true in CI, so that the test runs and fails without the part, unless it is optional.
 */
export function havePart(part: Part): boolean {
  if (partPresent(part)) return true;
  if (variable("CI") === "true" && !OPTIONAL_PARTS.includes(part)) return true;
  nameMissing(part);
  return false;
}

/** The value of a test's `ignore` when it needs all of `parts`. */
export function ignoreWithout(...parts: readonly Part[]): boolean {
  return parts.map(havePart).includes(false);
}
