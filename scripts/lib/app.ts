/** The app of Home Assistant, in the layout of a repository of apps: the templates, and an archive for each target. */
import { join } from "node:path";
import { copyTree } from "./stage.ts";
import { type Target, TARGETS } from "./targets.ts";

/** Name of its folder, below the one that the tool writes to and below `packaging`. */
const REPOSITORY = "home-assistant-addon";
const APP = "orion";

/** Home Assistant's names of the machines. */
export const APP_ARCH: Readonly<Record<Target["arch"], string>> = {
  x86_64: "amd64",
  aarch64: "aarch64",
};

export interface AppOptions {
  /** The checkout. */
  readonly root: string;
  readonly out: string;
  readonly target: Target;
  readonly version: string;
}

/**
 * Makes or completes the repository: one target after the other.
 * @returns the folder of the app, for the archive of the target
 */
export function buildApp({ root, out, target, version }: AppOptions): string {
  const repository = join(out, REPOSITORY);
  const app = join(repository, APP);
  copyTree(join(root, "packaging", REPOSITORY), repository);
  Deno.copyFileSync(join(root, "CHANGELOG.md"), join(app, "CHANGELOG.md"));
  const others = TARGETS.filter(({ name }) => name !== target.name)
    .filter(({ name }) => archives(app).includes(`orion-${version}-${name}.tar.gz`));
  for (const name of archives(app)) {
    if (!others.some((other) => name === `orion-${version}-${other.name}.tar.gz`)) {
      Deno.removeSync(join(app, name));
    }
  }
  const config = join(app, "config.yaml");
  const arches = [target, ...others].map(({ arch }) => APP_ARCH[arch]).sort();
  Deno.writeTextFileSync(config, appConfig(Deno.readTextFileSync(config), version, arches));
  return app;
}

function archives(app: string): string[] {
  return [...Deno.readDirSync(app)].map(({ name }) => name).filter((name) =>
    name.endsWith(".tar.gz")
  );
}

/**
 * The configuration of the app for one version and the machines that there are archives for. The supervisor makes
 * the version the tag of the image that it builds, and a tag has no plus sign.
 */
export function appConfig(template: string, version: string, arches: readonly string[]): string {
  const tag = JSON.stringify(version.replaceAll("+", "-"));
  return template.replace(/^version: .*$/m, `version: ${tag}`)
    .replace(/^arch: .*$/m, `arch: [${arches.join(", ")}]`);
}
