/** The portable folder runs with nothing but libav installed: no network, no caches. */
import assert from "node:assert/strict";
import { EXTRAS, SHARED } from "../../scripts/lib/portable.ts";
import { SBOM } from "../../scripts/lib/sbom.ts";
import { Child } from "../support/system/children.ts";
import { ROOT, type TempFolder, tempFolder } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { freePort } from "../support/system/ports.ts";

/** Limits for a slow machine. */
const BUILD_TIMEOUT_MS = 300_000;
const RUN_TIMEOUT_MS = 180_000;

/** In a checkout the version names the commit. */
const isCheckout = [...Deno.readDirSync(ROOT)].some(({ name }) => name === ".git");

/** Runs a shell command to its end. */
async function run(
  name: string,
  args: readonly string[],
  timeoutMs: number,
): Promise<{ code: number; stdout: string; stderr: string }> {
  await using child = new Child({ name, command: "sh", args, cwd: ROOT, env: { NO_COLOR: "1" } });
  const { code } = await child.exit(timeoutMs);
  return { code, stdout: child.stdout.text(), stderr: child.stderr.text() };
}

async function unpackedPackage(folder: TempFolder): Promise<string> {
  const out = `${folder.path}/dist`;
  const tool = `${ROOT}/scripts/lib/tool.sh`;
  const built = await run("package", [tool, "package", "--out", out], BUILD_TIMEOUT_MS);
  assert.equal(built.code, 0, built.stderr);
  const archive = [...Deno.readDirSync(out)].map(({ name }) => name);
  assert.equal(archive.length, 1, `one archive and no other file: ${archive}`);
  assert.match(archive[0] ?? "", /^orion-\d+\.\d+\.\d+(\+\S+)?-x86_64-unknown-linux-gnu\.tar\.gz$/);
  const unpacked = await run(
    "tar",
    ["-c", 'tar -xzf "$0"/*.gz -C "$1"', out, folder.path],
    BUILD_TIMEOUT_MS,
  );
  assert.equal(unpacked.code, 0, unpacked.stderr);
  return `${folder.path}/${archive[0]?.replace(/\.tar\.gz$/, "")}`;
}

/**
 * Runs it with an empty environment and an empty home, and, where namespaces are permitted, in a network
 * with loopback alone.
 */
const ALONE = `
set -eu
orion=$1 home=$2 config=$3 port=$4
inside='
  ip link set lo up 2>/dev/null || true
  "$1"/orion run --config "$3" --log-format json & orion=$!
  count=0
  until stdbuf -oL mosquitto_sub -h 127.0.0.1 -p "$4" -t "orion/+/inferences/#" -W 60 2>/dev/null |
    grep -m 5 "\\"class\\":\\"person\\""
  do
    count=$((count + 1)); [ "$count" -lt 600 ] || break; sleep 0.1
  done
  kill -TERM "$orion"; wait "$orion"
'
alone=
if command -v ip >/dev/null && unshare -rn true 2>/dev/null; then alone='unshare -rn'; fi
echo "alone=$alone" >&2
cd "$home"
exec env -i HOME="$home" PATH=/usr/sbin:/usr/bin:/sbin:/bin $alone sh -c "$inside" sh "$orion" "$home" "$config" "$port"
`;

Deno.test({
  name: "package: unpacked elsewhere, without network and caches, it publishes inference messages",
  ignore: ignoreWithout("libav", "mosquitto") || Deno.build.arch !== "x86_64",
  async fn() {
    using folder = tempFolder();
    const orion = await unpackedPackage(folder);
    const licences = Deno.readTextFileSync(`${orion}/THIRD_PARTY.txt`);
    for (const holder of ["the Deno authors", "V8 project authors", "Microsoft", "RangiLyu"]) {
      assert.ok(licences.includes(holder), holder);
    }
    for (const path of [...Object.values(EXTRAS), ...Object.values(SHARED)]) {
      assert.ok(Deno.statSync(`${orion}/${path}`).isFile, path);
    }
    const parts: { name: string }[] =
      JSON.parse(Deno.readTextFileSync(`${orion}/${SBOM}`)).components;
    for (const name of ["deno", "onnxruntime-node", "mqtt", "zod", "nanodet-g.onnx"]) {
      assert.ok(parts.some((part) => part.name === name), name);
    }
    const home = `${folder.path}/home`;
    Deno.mkdirSync(home);
    const port = freePort();
    const config = folder.write(
      "orion.yaml",
      `instance: box\ncameras: [{ id: demo, url: "demo:" }]\n` +
        "detectors: [{ id: person, model: builtin:person, rateHz: 10 }]\n" +
        `mqtt: { listen: "127.0.0.1:${port}" }\nhealth: { listen: "127.0.0.1:${freePort()}" }\n`,
    );
    const args = ["-c", ALONE, "sh", orion, home, config, `${port}`];
    const { code, stdout, stderr } = await run("orion alone", args, RUN_TIMEOUT_MS);
    assert.equal(code, 0, stderr);
    const messages = stdout.split("\n").filter((line) => line !== "").map((line) =>
      JSON.parse(line)
    );
    assert.equal(messages.length, 5, stderr);
    for (const { schema, instance, detections } of messages) {
      assert.deepEqual([schema, instance], ["orion.inference/1", "box"]);
      assert.ok(detections.length > 0);
    }
    // Only Deno's own compile cache was written.
    assert.deepEqual([...filesIn(home)].filter((path) => !path.startsWith(".cache/deno/")), []);

    const version = await run("version", [`${orion}/orion`, "--version"], RUN_TIMEOUT_MS);
    const named = /\/orion-([^/]+)-x86_64-unknown-linux-gnu$/.exec(orion)?.[1];
    assert.equal(version.stdout.trim(), `orion ${named}`);
    if (isCheckout) assert.match(named ?? "", /^\d+\.\d+\.\d+\+[0-9a-f]{10}(\.dirty)?$/);
    const help = await run("help", [`${orion}/orion`, "--help"], RUN_TIMEOUT_MS);
    assert.equal(help.code, 0, help.stderr);
  },
});

Deno.test("package: a Deno of another architecture is refused", async () => {
  using folder = tempFolder();
  const args = [`${ROOT}/scripts/lib/tool.sh`, "package", "--out", folder.path, "--target"];
  const target = Deno.build.arch === "x86_64" ? "aarch64" : "x86_64";
  const { code, stderr } = await run(
    "package",
    [...args, `${target}-unknown-linux-gnu`],
    RUN_TIMEOUT_MS,
  );
  assert.equal(code, 2);
  assert.match(stderr, /^error: \S+ is not a Deno for \S+; name one with --deno/);
  assert.deepEqual([...Deno.readDirSync(folder.path)], []);
  const unknown = await run("package", [...args, "riscv"], RUN_TIMEOUT_MS);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /^error: --target riscv is none of x86_64-unknown-linux-gnu, /);
});

function* filesIn(folder: string, inside = ""): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(`${folder}/${inside}`)) {
    if (isDirectory) yield* filesIn(folder, `${inside}${name}/`);
    else yield `${inside}${name}`;
  }
}
