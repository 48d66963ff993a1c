/**
 * The list of parts of the portable folder, for scanners: CycloneDX 1.6
 * (https://cyclonedx.org/docs/1.6/json/). One part a line, so that the image adds those of Debian.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { BUNDLED_FILES } from "../../src/config/models.ts";
import { packagesIn } from "./licences.ts";

/** Name of that file in the portable folder. */
export const SBOM = "sbom.cdx.json";

/** Licences of what is no package of npm: `licenses/README.md` and `NOTICE`. */
const DENO_LICENCE = "MIT";
const MODELS_LICENCE = "Apache-2.0";
const OWN_LICENCE = "Apache-2.0";

/** One part, as CycloneDX calls a component. */
interface Part {
  readonly type: "application" | "library" | "machine-learning-model";
  readonly "bom-ref": string;
  readonly name: string;
  readonly version?: string;
  readonly purl?: string;
  readonly licenses: readonly { readonly expression: string }[];
  readonly hashes?: readonly { readonly alg: "SHA-256"; readonly content: string }[];
}

/**
 * @param folder   the staged files
 * @param version  Orion's version
 * @param deno     the version of the Deno that is shipped
 */
export function sbomText(folder: string, version: string, deno: string): string {
  const own = application("orion", version, OWN_LICENCE);
  const parts = [application("deno", deno, DENO_LICENCE), ...packages(folder), ...models(folder)];
  const head = JSON.stringify({
    ...{ bomFormat: "CycloneDX", specVersion: "1.6", version: 1, metadata: { component: own } },
    components: [],
  });
  return `${head.slice(0, -"]}".length)}\n${
    parts.map((part) => JSON.stringify(part)).join("\n,")
  }\n]}\n`;
}

function application(name: string, version: string, licence: string): Part {
  const reference = `${name}@${version}`;
  return {
    ...{ type: "application", "bom-ref": reference, name, version },
    licenses: [{ expression: licence }],
  };
}

function packages(folder: string): Part[] {
  const found = packagesIn(folder).map(({ name, version, license }): Part => {
    const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
    const licenses = [{ expression: license }];
    return { type: "library", "bom-ref": purl, name, version, purl, licenses };
  });
  // One version may be there for several that depend on it.
  return [...new Map(found.map((part) => [part["bom-ref"], part])).values()];
}

function models(folder: string): Part[] {
  return BUNDLED_FILES.map((name) => ({
    ...{ type: "machine-learning-model", "bom-ref": `model:${name}`, name },
    licenses: [{ expression: MODELS_LICENCE }],
    hashes: [{ alg: "SHA-256", content: sha256(join(folder, "models", name)) }],
  }));
}

function sha256(path: string): string {
  return createHash("sha256").update(Deno.readFileSync(path)).digest("hex");
}
