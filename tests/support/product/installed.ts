/**
 * A compiled program, installed in a folder of root, as docs/deploy.md does.
 *
 * Without Deno's runtime for programs (`denort`) a script takes its place: it unpacks the embedded files as
 * that does, into the same folders and under the same conditions, and runs them with the Deno of this
 * machine and the flags that were baked in.
 */
import assert from "node:assert/strict";
import { Child } from "../system/children.ts";
import { ROOT, type TempFolder, tempFolder } from "../system/files.ts";
import { readEmbedded } from "./embedded_files.ts";

/** A user without any rights. */
const OTHER_USER = 65534;

/** Makes a folder that other users may enter; those of the checkout and of its tests may be closed to them. */
const MAKE_FOLDER = `
folder=$(mktemp -d /tmp/orion-compiled-XXXXXX)
mkdir "$folder/opt" "$folder/etc" "$folder/home"
chmod 755 "$folder"
chown ${OTHER_USER} "$folder/home" 2>/dev/null || true
printf %s "$folder"
`;

/** Installs a program: root's, and for every user to run. */
const INSTALL = 'install -m 0755 "$0" "$1/opt/orion"; install -m 0644 "$2" "$1/etc/orion.yaml"';

/** As Deno's runtime: beside the program, else in the user's data; again where the marker is missing. */
const UNPACK_AND_RUN = `#!/bin/sh
set -e
here=$(dirname -- "$(readlink -f -- "$0")")
support=$(dirname -- "$here")/support
hash=$(cat "$support/hash")
root=$here/.orion/$hash
if ! mkdir -p "$root" 2>/dev/null; then
  root=\${XDG_DATA_HOME:-$HOME/.local/share}/orion/$hash
  mkdir -p "$root"
fi
if [ ! -e "$root/.done" ]; then
  cp -r "$support/embedded/." "$root"
  : > "$root/.done"
fi
set -f
IFS='
'
exec "$support/deno" run --quiet $(cat "$support/embedded/baked_flags.txt") \\
  --config "$root/deno.json" --preload "$support/standalone.js" "$root/main.ts" "$@"
`;

/** What distinguishes a compiled program. */
const STANDALONE = `
Deno.build = { ...Deno.build, standalone: true };
Deno.execPath = () => new URL("../opt/orion", import.meta.url).pathname;
`;

/** What the script needs: the embedded files, and a Deno that other users may run. */
const SUPPORT = `
. "$2/scripts/lib/deno.sh"
mkdir "$1/support"
cp -r "$0/." "$1/support"
cp -l "$(find_deno)" "$1/support/deno" 2>/dev/null || cp "$(find_deno)" "$1/support/deno"
chmod -R a+rX "$1/support"
`;

/** Runs a script to its end, and returns what it prints. */
export async function shell(script: string, ...args: readonly string[]): Promise<string> {
  await using child = new Child({ name: "sh", command: "sh", args: ["-euc", script, ...args] });
  const { code } = await child.exit();
  assert.equal(code, 0, child.stderr.text());
  return child.stdout.text();
}

/** The folder of an installation: `opt` for the program, `etc`, and a home of the other user. */
export interface InstallFolder extends AsyncDisposable {
  readonly path: string;
}

export async function installFolder(): Promise<InstallFolder> {
  const path = await shell(MAKE_FOLDER);
  return {
    path,
    async [Symbol.asyncDispose]() {
      await shell('rm -rf -- "$0"', path);
    },
  };
}

/** Installs a compiled program and its configuration. */
export async function install(
  program: string,
  config: string,
  folder: InstallFolder,
): Promise<void> {
  using temp = tempFolder();
  const runs = program.endsWith(".trial") ? await standIn(program, folder, temp) : program;
  await shell(INSTALL, runs, folder.path, config);
}

async function standIn(trial: string, folder: InstallFolder, temp: TempFolder): Promise<string> {
  const { hash, files } = readEmbedded(trial);
  for (const [path, bytes] of files) temp.write(`support/embedded/${path}`, bytes);
  temp.write("support/hash", hash);
  temp.write("support/standalone.js", STANDALONE);
  await shell(SUPPORT, `${temp.path}/support`, folder.path, ROOT);
  return temp.write("orion", UNPACK_AND_RUN);
}

/** Starts the installed program as root or as the other user, with its umask. */
export function startInstalled(
  folder: InstallFolder,
  user: "root" | "other",
  args: readonly string[],
): Child {
  const as = user === "root"
    ? "umask 077; exec env"
    : `exec setpriv --reuid=${OTHER_USER} --regid=${OTHER_USER} --clear-groups env`;
  const env = 'HOME="$0/home" PATH=/usr/sbin:/usr/bin:/sbin:/bin NO_COLOR=1 DENO_NO_UPDATE_CHECK=1';
  return new Child({
    name: `the installed program, as ${user}`,
    command: "sh",
    args: ["-c", `cd "$0"; ${as} -i ${env} "$0/opt/orion" "$@"`, folder.path, ...args],
  });
}

/** Runs it to its end. */
export async function runInstalled(
  ...start: Parameters<typeof startInstalled>
): Promise<{ code: number; stdout: string; stderr: string }> {
  await using child = startInstalled(...start);
  const { code } = await child.exit();
  return { code, stdout: child.stdout.text(), stderr: child.stderr.text() };
}
