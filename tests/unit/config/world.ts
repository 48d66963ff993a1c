/** Loads configurations in a world of their own. */
import { loadSettings } from "../../../src/config/load.ts";
import { ConfigError, type ConfigProblem } from "../../../src/config/problems.ts";
import type { Settings } from "../../../src/config/settings.ts";

export const ROOT = "/opt/orion";
export const CAMERA = "cameras: [{ id: gate, url: 'rtsp://10.0.0.1/s' }]\n";

interface World {
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly modes?: Readonly<Record<string, number>>;
  readonly putOffSecrets?: boolean;
}

/** Loads a configuration from `/etc/orion/orion.yaml` in a world of its own. */
export function load(yaml: string, world: World = {}): Settings {
  const files: Record<string, string> = { "/etc/orion/orion.yaml": yaml, ...world.files };
  return loadSettings({
    path: "/etc/orion/orion.yaml",
    root: ROOT,
    env: (name) => world.env?.[name],
    readText(path) {
      const text = files[path];
      if (text === undefined) throw new Deno.errors.NotFound("no such file");
      return text;
    },
    isFile: (path) => path in files || path.startsWith(`${ROOT}/`),
    modeOf: (path) => ({ bits: world.modes?.[path] ?? 0o600, uid: 1000 }),
    putOffSecrets: world.putOffSecrets ?? false,
  });
}

export function problemsOf(yaml: string, world: World = {}): readonly ConfigProblem[] {
  try {
    load(yaml, world);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

export function cameraWith(line: string): string {
  return `cameras:\n  - id: gate\n    url: rtsp://10.0.0.1/s\n    ${line}\n`;
}

export function detectorWith(line: string): string {
  return `${CAMERA}detectors:\n  - id: person\n    ${line}\n`;
}
