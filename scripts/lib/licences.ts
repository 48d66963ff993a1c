/** Collects the licence texts of all third-party code that is shipped into one file. */
import { basename, dirname, join } from "node:path";

/** Name of that file in the package, and beside the single program. */
export const THIRD_PARTY = "THIRD_PARTY.txt";

/** Packages without a licence text of their own, and its path below `licenses/`. */
const GIVEN: Readonly<Record<string, string>> = {
  "onnxruntime-common": "onnxruntime/LICENSE",
  "onnxruntime-node": "onnxruntime/LICENSE",
};

/** Native code: title and path below `licenses/`. */
const NATIVE: readonly (readonly [string, string])[] = [
  ["Deno", "deno/LICENSE"],
  ["V8, inside Deno", "v8/LICENSE"],
  ["ONNX Runtime", "onnxruntime/LICENSE"],
  ["What is inside ONNX Runtime", "onnxruntime/ThirdPartyNotices.txt"],
];

/** Models and clip: title and path in the package. */
const OWN: readonly (readonly [string, string])[] = [
  ["The models and the clip", "NOTICE"],
  ["NanoDet-g", "models/LICENSE.Apache-2.0"],
  ["human-models", "models/LICENSE.human-models-MIT"],
];

const RULE = "=".repeat(80);

/** Whether a file of a package is a licence text, by its name. */
export function isLicence(name: string): boolean {
  return /^(licen[cs]e|notice|copying|thirdparty)/i.test(name);
}

/** The package whose root folder holds this file; null for a file elsewhere. */
function packageOf(path: string): string | null {
  return /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/@]+)\/[^/]+$/.exec(path)?.[1] ?? null;
}

/** Folders of packages without a licence text. */
export function unlicensed(paths: readonly string[]): string[] {
  const licensed = new Set(
    paths.filter((path) => isLicence(basename(path))).map((path) => dirname(path)),
  );
  return packageFolders(paths)
    .filter(({ name, folder }) => !licensed.has(folder) && !(name in GIVEN))
    .map(({ folder }) => folder);
}

function packageFolders(paths: readonly string[]): { name: string; folder: string }[] {
  return paths.filter((path) => basename(path) === "package.json").flatMap((path) => {
    const name = packageOf(path);
    return name === null ? [] : [{ name, folder: dirname(path) }];
  });
}

/** A package of npm that is shipped. */
export interface ShippedPackage {
  readonly name: string;
  readonly version: string;
  /** As its manifest says it. */
  readonly license: string;
  /** Relative to the staged files. */
  readonly folder: string;
}

/** Every package of npm below a folder, sorted by path. */
export function packagesIn(folder: string): ShippedPackage[] {
  return packageFolders([...filesIn(folder, "node_modules")].sort()).map((found) => {
    const { version, license } = JSON.parse(
      Deno.readTextFileSync(join(folder, found.folder, "package.json")),
    );
    return { ...found, version: String(version), license: String(license) };
  });
}

/**
 * All texts, each headed by the name and version of its subject.
 * @param folder   the staged files
 * @param licences the checkout's folder `licenses`
 */
export function thirdPartyText(folder: string, licences: string): string {
  const native = NATIVE.map(([title, path]) => section(title, join(licences, path)));
  const own = OWN.map(([title, path]) => section(title, join(folder, path)));
  const packages = packagesIn(folder)
    .flatMap(({ name, folder: inside, version, license }) => {
      const title = `${name} ${version}, ${license}`;
      const given = GIVEN[name];
      const texts = [...Deno.readDirSync(join(folder, inside))]
        .filter((entry) => entry.isFile && isLicence(entry.name))
        .map((entry) => join(folder, inside, entry.name)).sort();
      if (texts.length === 0 && given !== undefined) texts.push(join(licences, given));
      return texts.map((text) => section(title, text));
    });
  return ["Orion contains these works of others.", ...own, ...native, ...packages].join(
    "\n\n",
  );
}

function section(title: string, path: string): string {
  return `${RULE}\n${title}\n${RULE}\n\n${Deno.readTextFileSync(path).trim()}\n`;
}

function* filesIn(folder: string, inside: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(join(folder, inside))) {
    const path = `${inside}/${name}`;
    if (isDirectory) yield* filesIn(folder, path);
    else yield path;
  }
}
