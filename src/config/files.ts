/** The files that a configuration names: secrets are read, the others must be there. */
import { X509Certificate } from "node:crypto";
import { dirname, isAbsolute, resolve } from "node:path";
import { grantRemedy } from "../core/missing_grant.ts";
import { type FoundProblem, lookUp } from "./issues.ts";
import { modelPath } from "./models.ts";
import { type ConfigPath, pathText } from "./problems.ts";
import { parseCameraUrl } from "./urls.ts";

/** The file system, as far as a configuration needs it. */
export interface FileAccess {
  /** The text of a file; throws when it cannot be read. */
  readText(path: string): string;
  /** Whether there is a file; absent: files are not looked for. */
  isFile?(path: string): boolean;
  /** The permission bits of a file, or null when there are none. */
  modeOf?(path: string): number | null;
  /** Whether Deno lets this process read a file or a variable; absent: it does. */
  isGranted?(kind: "read" | "env", value: string): boolean;
}

/** Where a secret may stand as `{ file: … }`. */
const SECRET_PLACES: readonly ConfigPath[] = [["mqtt", "password"], ["health", "token"]];

/** A secret is a line, not a disk. */
const MAX_SECRET_LENGTH = 4096;

/** Bits of a mode that let anybody but the owner read or write. */
const OTHERS_MASK = 0o077;

/** A path of the configuration: absolute, or relative to the configuration's folder. */
export function resolvePath(folder: string, path: string): string {
  return isAbsolute(path) ? resolve(path) : resolve(folder, path);
}

/** The folder that relative paths start from. */
export function folderOf(configPath: string | null, root: string): string {
  return configPath === null ? root : dirname(configPath);
}

/** What the secret files hold, by the place that names them. */
export interface SecretFiles {
  /** Place (`mqtt.password`) to the secret. Empty texts when reading was put off. */
  readonly values: ReadonlyMap<string, string>;
  readonly paths: readonly string[];
  readonly problems: readonly FoundProblem[];
  readonly warnings: readonly string[];
}

/** Reads the secrets that stand in files, one line each; a line break at the end is cut. */
export function readSecretFiles(
  value: unknown,
  folder: string,
  access: FileAccess,
  putOff: boolean,
): SecretFiles {
  const values = new Map<string, string>();
  const paths: string[] = [];
  const problems: FoundProblem[] = [];
  const warnings: string[] = [];
  for (const place of SECRET_PLACES) {
    const at = [...place, "file"];
    const named = lookUp(value, at);
    if (typeof named !== "string" || named === "") continue;
    const path = resolvePath(folder, named);
    const text = putOff ? { ok: true, value: "" } as const : readSecret(path, access);
    paths.push(path);
    if (!text.ok) {
      problems.push({ at, message: text.message, remedy: text.remedy });
      continue;
    }
    values.set(pathText(place), text.value);
    const mode = putOff ? null : access.modeOf?.(path) ?? null;
    if (isOpenToOthers(mode)) {
      warnings.push(`${pathText(at)}: others than its owner may use ${path}; chmod 600 it`);
    }
  }
  return { values, paths, problems, warnings };
}

function readSecret(path: string, access: FileAccess) {
  let text: string;
  try {
    text = access.readText(path);
  } catch (error) {
    const remedy = remedyOf(error, path, "Create it, or let Orion read it.");
    return failure(`cannot read ${path}: ${reasonOf(error)}`, remedy);
  }
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "") return failure(`${path} is empty`, "Write the secret into it.");
  if (secret.length > MAX_SECRET_LENGTH || /[\r\n]/.test(secret)) {
    return failure(`${path} holds more than one line`, "Write the secret alone into it.");
  }
  return { ok: true, value: secret } as const;
}

/** A bundle of every authority a system knows has less than 300 KiB. */
const MAX_PEM_LENGTH = 1024 * 1024;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The authorities that cameras' certificates are checked with. */
export interface CameraAuthorities {
  /** By the place of the camera: its certificates as PEM, and nothing else of its file. */
  readonly pems: ReadonlyMap<number, string>;
  readonly problems: readonly FoundProblem[];
}

/**
 * Reads the `ca` of each camera that has one. The main thread does so since a capture worker may read
 * nothing.
 *
 * @param putOff  leave the files alone; their certificates are empty texts
 */
export function readCameraAuthorities(
  value: unknown,
  folder: string,
  access: FileAccess,
  putOff: boolean,
): CameraAuthorities {
  const pems = new Map<number, string>();
  const problems: FoundProblem[] = [];
  entries(value, "cameras").forEach((camera, index) => {
    const named = lookUp(camera, ["ca"]);
    if (typeof named !== "string" || named === "") return;
    const path = resolvePath(folder, named);
    const read = putOff ? { ok: true, value: "" } as const : readCertificates(path, access);
    if (read.ok) pems.set(index, read.value);
    else {problems.push({
        at: ["cameras", index, "ca"],
        message: read.message,
        remedy: read.remedy,
      });}
  });
  return { pems, problems };
}

/** The certificates alone: a private key that stands beside them stays where it is. */
function readCertificates(path: string, access: FileAccess) {
  let text: string;
  try {
    text = access.readText(path);
  } catch (error) {
    const remedy = remedyOf(error, path, "Correct the path, or let Orion read the file.");
    return failure(`cannot read ${path}: ${reasonOf(error)}`, remedy);
  }
  if (text.length > MAX_PEM_LENGTH) {
    return failure(`${path} is too large to be a PEM file`, "Name the file of the authority.");
  }
  const certificates = text.match(CERTIFICATE) ?? [];
  if (certificates.length === 0) {
    const remedy = "Name a file with -----BEGIN CERTIFICATE----- in it.";
    return failure(`${path} holds no certificate as PEM`, remedy);
  }
  try {
    for (const certificate of certificates) new X509Certificate(certificate);
  } catch (_error) {
    // What the library says of it names neither the file nor what to do.
    const remedy = "Export the certificate of the authority again, as PEM.";
    return failure(`${path} holds a certificate that cannot be understood`, remedy);
  }
  return { ok: true, value: `${certificates.join("\n")}\n` } as const;
}

/** Says which of the files that must exist do not. */
export function missingFiles(
  value: unknown,
  places: { readonly root: string; readonly folder: string },
  access: FileAccess,
): FoundProblem[] {
  return namedFiles(value, places).flatMap(({ at, path, what }): FoundProblem[] => {
    if (access.isFile === undefined || access.isFile(path)) return [];
    if (access.isGranted?.("read", path) === false) {
      const message = `cannot look for the ${what} ${path}: it was not granted`;
      return [{ at, message, remedy: grantRemedy("read", [path]) }];
    }
    return [{ at, message: `there is no ${what} ${path}`, remedy: "Correct the path." }];
  });
}

/** A file that must exist, the place that names it, and what it is. */
export interface NamedFile {
  readonly at: ConfigPath;
  readonly path: string;
  readonly what: string;
}

/** The files a configuration names beside those of its secrets. */
export function namedFiles(
  value: unknown,
  places: { readonly root: string; readonly folder: string },
): NamedFile[] {
  const files: NamedFile[] = [];
  entries(value, "cameras").forEach((camera, index) => {
    const ca = lookUp(camera, ["ca"]);
    if (typeof ca === "string" && ca !== "") {
      const path = resolvePath(places.folder, ca);
      files.push({ at: ["cameras", index, "ca"], path, what: "PEM file" });
    }
    const url = lookUp(camera, ["url"]);
    const parsed = typeof url === "string" ? parseCameraUrl(url) : null;
    if (!parsed?.ok || parsed.value.file === null) return;
    const path = resolvePath(places.folder, parsed.value.file);
    files.push({ at: ["cameras", index, "url"], path, what: "video file" });
  });
  entries(value, "detectors").forEach((detector, index) => {
    const model = lookUp(detector, ["model"]);
    const path = typeof model === "string" ? modelPath(model, places) : null;
    if (!path?.ok) return;
    files.push({ at: ["detectors", index, "model"], path: path.value, what: "model file" });
  });
  for (const key of ["ca", "cert", "key"]) {
    const path = lookUp(value, ["mqtt", key]);
    if (typeof path !== "string" || path === "") continue;
    files.push({ at: ["mqtt", key], path: resolvePath(places.folder, path), what: "PEM file" });
  }
  return files;
}

/** Models that cannot be: an unknown `builtin:` name, or a path that is no `.onnx` file. */
export function modelProblems(
  value: unknown,
  places: { readonly root: string; readonly folder: string },
): FoundProblem[] {
  return entries(value, "detectors").flatMap((detector, index): FoundProblem[] => {
    const model = lookUp(detector, ["model"]);
    if (typeof model !== "string" || model === "") return [];
    const path = modelPath(model, places);
    if (path.ok) return [];
    return [{ at: ["detectors", index, "model"], message: path.message, remedy: path.remedy }];
  });
}

/** Why a file could not be read, without the path, which the caller names. */
export function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "it does not exist";
  if (error instanceof Deno.errors.PermissionDenied) return "the system does not permit it";
  if (error instanceof Deno.errors.NotCapable) return "it was not granted";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  return error instanceof Error ? error.message : String(error);
}

/** What to do about it: `usual`, unless it is a permission of Deno's that is missing. */
export function remedyOf(error: unknown, path: string, usual: string): string {
  return error instanceof Deno.errors.NotCapable ? grantRemedy("read", [path]) : usual;
}

/** Whether others than the owner may use the file that has this mode. */
export function isOpenToOthers(mode: number | null | undefined): boolean {
  return typeof mode === "number" && (mode & OTHERS_MASK) !== 0;
}

function entries(value: unknown, list: string): readonly unknown[] {
  const found = lookUp(value, [list]);
  return Array.isArray(found) ? found : [];
}

function failure(message: string, remedy: string) {
  return { ok: false, message, remedy } as const;
}
