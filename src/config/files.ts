/** Reads the secrets and certificates that a configuration names, and checks that its other files exist. */
import { dirname, isAbsolute, resolve } from "node:path";
import { grantRemedy } from "../core/missing_grant.ts";
import { certificatesIn } from "../core/pem.ts";
import { type FileMode, isOpenToOthers, restrictRemedy } from "./file_mode.ts";
import { type FoundProblem, items, lookUp } from "./issues.ts";
import { modelPath } from "./models.ts";
import { type ConfigPath, pathText } from "./problems.ts";
import { isAddress, parseCameraUrl } from "./urls.ts";

/** Access to the file system. */
export interface FileAccess {
  /** The text of a file; throws when it cannot be read. */
  readText(path: string): string;
  /** Whether a file exists; when absent, existence is not checked. */
  isFile?(path: string): boolean;
  /** A path with its links resolved, null when it cannot be; when absent, none is resolved. */
  realPath?(path: string): string | null;
  /** The mode and the owner of a file, or null when it has none. */
  modeOf?(path: string): FileMode | null;
  /** Whether this process has the permission to read a file or a variable; when absent, it has. */
  isGranted?(kind: "read" | "env", value: string): boolean;
}

/** Paths of secrets that may be given as `{ file: … }`. */
const SECRET_PLACES: readonly ConfigPath[] = [["mqtt", "password"], ["health", "token"]];

/** Bounds what is taken for a secret. */
const MAX_SECRET_LENGTH = 4096;

/** Resolves a path of the configuration, relative to the configuration's folder. */
export function resolvePath(folder: string, path: string): string {
  return isAbsolute(path) ? resolve(path) : resolve(folder, path);
}

/** The base folder of relative paths. */
export function folderOf(configPath: string | null, root: string): string {
  return configPath === null ? root : dirname(configPath);
}

/** The content of the secret files. */
export interface SecretFiles {
  /** Secrets by path (`mqtt.password`); empty when reading was deferred. */
  readonly values: ReadonlyMap<string, string>;
  readonly paths: readonly string[];
  readonly problems: readonly FoundProblem[];
  readonly warnings: readonly string[];
}

/** Reads the secret files, one line each, without the line break at the end. */
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
    const named = pathIn(value, at);
    if (named === null) continue;
    const path = resolvePath(folder, named);
    const text = putOff ? { ok: true, value: "" } as const : readSecret(path, access);
    paths.push(path);
    if (!text.ok) {
      problems.push({ at, message: text.message, remedy: text.remedy });
      continue;
    }
    values.set(pathText(place), text.value);
    const mode = putOff ? null : access.modeOf?.(path) ?? null;
    if (mode !== null && isOpenToOthers(mode)) {
      warnings.push(`${pathText(at)}: others may use ${path}; ${restrictRemedy(mode)}`);
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

/** The CA bundle of a distribution is below 300 KiB. */
const MAX_PEM_LENGTH = 1024 * 1024;

/** The CA certificates that cameras' certificates are verified with. */
export interface CameraAuthorities {
  /** The certificates as PEM, by the index of the camera; other content of the file is dropped. */
  readonly pems: ReadonlyMap<number, string>;
  readonly problems: readonly FoundProblem[];
}

/**
 * Reads the `ca` of each camera that has one, on the main thread: a capture worker has no read
 * permission.
 *
 * @param putOff  do not read the files; their certificates are empty texts
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
    const named = pathIn(camera, ["ca"]);
    if (named === null) return;
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

/** Reads the certificates of a PEM file, and nothing else: it may hold a private key as well. */
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
  const certificates = certificatesIn(text);
  if (certificates?.length === 0) {
    const remedy = "Name a file with -----BEGIN CERTIFICATE----- in it.";
    return failure(`${path} holds no certificate as PEM`, remedy);
  }
  if (certificates === null) {
    const remedy = "Export the certificate of the authority again, as PEM.";
    return failure(`${path} holds a certificate that cannot be understood`, remedy);
  }
  return { ok: true, value: `${certificates.join("\n")}\n` } as const;
}

/** Finds files that must exist and do not. */
export function missingFiles(
  value: unknown,
  places: { readonly root: string; readonly folder: string },
  access: FileAccess,
): FoundProblem[] {
  return namedFiles(value, places).flatMap(({ at, path, what }): FoundProblem[] => {
    if (access.isFile === undefined || access.isFile(path)) return [];
    if (access.isGranted?.("read", path) === false) {
      const message = `cannot access the ${what} ${path}: it was not granted`;
      return [{ at, message, remedy: grantRemedy("read", [path]) }];
    }
    return [{ at, message: `there is no ${what} ${path}`, remedy: "Correct the path." }];
  });
}

/** A file that must exist, the path of the key that names it, and its kind. */
export interface NamedFile {
  readonly at: ConfigPath;
  readonly path: string;
  readonly what: string;
}

/** Lists the files that a configuration names, except those of secrets. */
export function namedFiles(
  value: unknown,
  places: { readonly root: string; readonly folder: string },
): NamedFile[] {
  const files: NamedFile[] = [];
  entries(value, "cameras").forEach((camera, index) => {
    const ca = pathIn(camera, ["ca"]);
    if (ca !== null) {
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
    const path = pathIn(value, ["mqtt", key]);
    if (path === null) continue;
    files.push({ at: ["mqtt", key], path: resolvePath(places.folder, path), what: "PEM file" });
  }
  return files;
}

/** Finds invalid models: an unknown `builtin:` name, or a path that is no `.onnx` file. */
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

/** Explains why a file could not be read, without its path. */
export function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "it does not exist";
  if (error instanceof Deno.errors.PermissionDenied) return "the system does not permit it";
  if (error instanceof Deno.errors.NotCapable) return "it was not granted";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  return error instanceof Error ? error.message : String(error);
}

/** Returns the remedy: `usual`, unless a permission of Deno is missing. */
export function remedyOf(error: unknown, path: string, usual: string): string {
  return error instanceof Deno.errors.NotCapable ? grantRemedy("read", [path]) : usual;
}

/** A path as written; null where there is none. */
function pathIn(value: unknown, at: ConfigPath): string | null {
  const written = lookUp(value, at);
  return typeof written === "string" && written !== "" && !isAddress(written) ? written : null;
}

function entries(value: unknown, list: string): readonly unknown[] {
  return items(lookUp(value, [list]));
}

function failure(message: string, remedy: string) {
  return { ok: false, message, remedy } as const;
}
