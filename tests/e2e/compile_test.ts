/** The single program: what is embedded, what is refused, and, given a real runtime, that it runs. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { CONTENTS_FILE, parseContents } from "../../src/cli/contents_list.ts";
import { contentProblems, listContents } from "../../scripts/lib/contents.ts";
import { embeddedProblems } from "../../scripts/lib/embedded.ts";
import { stage } from "../../scripts/lib/stage.ts";
import { targetNamed, TARGETS } from "../../scripts/lib/targets.ts";
import { readEmbedded } from "../support/product/embedded_files.ts";
import {
  install,
  type InstallFolder,
  installFolder,
  runInstalled,
  shell,
  startInstalled,
} from "../support/product/installed.ts";
import { Child } from "../support/system/children.ts";
import { ROOT, tempFolder } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { freePort } from "../support/system/ports.ts";

/** Compiles; `runtime` is shell code that prints the value of DENORT_BIN. */
async function compile(
  runtime: string,
  args: readonly string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
  const script = '. "$0/scripts/lib/deno.sh"; DENORT_BIN=$(' + runtime + "); export DENORT_BIN; " +
    'exec sh "$0/scripts/lib/tool.sh" compile "$@"';
  await using child = new Child({
    name: "compile",
    command: "sh",
    args: ["-c", script, ROOT, ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  });
  const { code } = await child.exit(300_000);
  return { code, stdout: child.stdout.text(), stderr: child.stderr.text() };
}

/** The user that the tests run as; the tests themselves may not ask. */
const isRoot = (await shell("id -u")).trim() === "0";

/** A configuration of the main job. */
function demoConfig(): string {
  return `cameras: [{ id: demo, url: "demo:" }]\n` +
    "detectors: [{ id: person, model: builtin:person-int8 }]\n" +
    `mqtt: { listen: "127.0.0.1:${freePort()}" }\nhealth: { listen: off }\n`;
}

/** The arguments that compile for a folder of root and a configuration in it. */
function argsFor(folder: InstallFolder, config: string): string[] {
  return ["--at", `${folder.path}/opt`, "--config", config]
    .concat("--config-at", `${folder.path}/etc/orion.yaml`);
}

/** Tries the program as installed by root and run by another user. */
async function tryInstalled(
  t: Deno.TestContext,
  folder: InstallFolder,
  made: { program: string; config: string },
): Promise<void> {
  await install(made.program, made.config, folder);
  const configured = ["--config", `${folder.path}/etc/orion.yaml`];
  const step = (name: string, fn: () => Promise<void>) =>
    t.step({ name, ignore: !isRoot || ignoreWithout("libav"), fn });

  await step("not unpacked by root: one error with the remedy", async () => {
    const { code, stderr } = await runInstalled(folder, "other", ["check", ...configured]);
    assert.equal(code, 2, stderr);
    assert.match(
      stderr,
      /^error: \S+\/opt\/orion may not read .*: it could not write beside itself$/m,
    );
    assert.match(stderr, /^ {2}→ Unpack it once .*: sudo \S+\/opt\/orion --unpack$/m);
    assert.equal(stderr.split("\n").length, 2, stderr);
  });

  await step("--unpack by root: verified, readable, and earlier versions removed", async () => {
    const earlier = 'for name in old older; do mkdir -p "$0/opt/.orion/$name"; done; ' +
      'touch -d @2000000 "$0/opt/.orion/old/.done"; touch -d @1000000 "$0/opt/.orion/older/.done"';
    await shell(earlier, folder.path);
    const { code, stdout, stderr } = await runInstalled(folder, "root", ["--unpack"]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /\/opt\/\.orion\/\w+: \d{4} files: complete$/m);
    assert.match(stdout, /\/opt\/\.orion\/old: kept, the version before$/m);
    assert.match(stdout, /\/opt\/\.orion\/older: removed$/m);
    await shell('test -d "$0/opt/.orion/old" && test ! -e "$0/opt/.orion/older"', folder.path);
  });

  await step("another user runs the main job", async () => {
    await using orion = startInstalled(folder, "other", ["run", ...configured]);
    await orion.stderr.waitFor((line) => line.includes(" detections "));
    orion.signal("SIGTERM");
    assert.equal((await orion.exit()).code, 0, orion.stderr.text());
  });

  await step("permissions: what is baked in is shown beside what is needed", async () => {
    const { code, stdout, stderr } = await runInstalled(folder, "other", [
      "permissions",
      ...configured,
    ]);
    assert.equal(code, 0, stderr);
    const [needed = "", baked = ""] = stdout.split("Baked into this program:");
    for (const part of [needed, baked]) {
      assert.match(part, new RegExp(`^ {2}--allow-read=.*${folder.path}/etc/orion\\.yaml`, "m"));
    }
    assert.match(baked, new RegExp(`^ {2}--allow-write=${folder.path}/opt/\\.orion$`, "m"));
    assert.match(baked, /^Nothing that is needed is missing\.$/m);
  });

  await step(
    "damaged files: named to a user who may not write, repaired for one who may",
    () => tryDamaged(folder, configured),
  );
}

/** Damages the unpacked files of an installed program. */
async function tryDamaged(folder: InstallFolder, configured: readonly string[]): Promise<void> {
  const damage = 'set -- "$0"/opt/.orion/*/workers; printf x >> "$1/broker.ts"; rm "$1/capture.ts"';
  await shell(damage, folder.path);
  const check = ["check", ...configured];
  const other = await runInstalled(folder, "other", check);
  assert.equal(other.code, 2, other.stderr);
  assert.match(
    other.stderr,
    /^error: 2 of the .*\(workers\/broker\.ts, workers\/capture\.ts\): .*denied/m,
  );
  assert.match(other.stderr, /^ {2}→ Repair them .*: sudo \S+\/opt\/orion --unpack$/m);
  const root = await runInstalled(folder, "root", ["--unpack"]);
  assert.equal(root.code, 1, root.stderr);
  assert.match(root.stderr, /^ {2}→ Start it again/m);
  const again = await runInstalled(folder, "root", ["--unpack"]);
  assert.equal(again.code, 0, again.stderr);
  const checked = await runInstalled(folder, "other", check);
  assert.equal(checked.code, 0, checked.stderr);
}

/** Every file that the program verifies is embedded as it was listed, and no other but Deno's own. */
function checkEmbedded(program: string): void {
  const { files } = readEmbedded(program);
  const list = parseContents(new TextDecoder().decode(files.get(CONTENTS_FILE)));
  const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  const embedded = [...files].filter(([path]) => path !== CONTENTS_FILE && path !== "deno.json")
    .map(([path, bytes]) => ({ path, bytes: bytes.length, digest: digest(bytes) }));
  const byPath = (a: { path: string }, b: { path: string }) => a.path < b.path ? -1 : 1;
  assert.deepEqual(embedded.sort(byPath), list?.sort(byPath));
}

for (const target of TARGETS) {
  Deno.test(`compile: for ${target.name} everything required is embedded, into a trial program`, async (t) => {
    using out = tempFolder();
    await using folder = await installFolder();
    const config = out.write("mine.yaml", demoConfig());
    const args = ["--target", target.name, "--out", `${out.path}/dist`, ...argsFor(folder, config)];
    const { code, stdout, stderr } = await compile("find_deno", args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^\d+ files for \S+: complete, and nothing else$/m);
    assert.match(stdout, /^not run: a trial does not run$/m);
    const names = [...Deno.readDirSync(`${out.path}/dist`)].map(({ name }) => name).sort();
    const name = `orion-${target.name}.trial`;
    assert.deepEqual(names, [name, `${name}.THIRD_PARTY.txt`]);
    const program = `${out.path}/dist/${name}`;
    checkEmbedded(program);
    if (target.arch === Deno.build.arch) await tryInstalled(t, folder, { program, config });
  });
}

Deno.test("compile: a runtime for another machine, or a missing one, is one clear error", async () => {
  using out = tempFolder();
  const args = ["--out", out.path, "--target", "aarch64-unknown-linux-gnu"];
  const wrong = await compile("printf /bin/sh", args);
  if (Deno.build.arch === "x86_64") {
    assert.equal(wrong.code, 2);
    assert.match(
      wrong.stderr,
      /^error: DENORT_BIN=\S+ is not a runtime for aarch64-unknown-linux-gnu$/m,
    );
  }
  const native = ["--out", out.path];
  const other = await compile("printf /bin/sh", native);
  assert.equal(other.code, 2);
  assert.match(other.stderr, /^error: DENORT_BIN=\S+ is not a runtime of Deno$/m);
  const missing = await compile("printf /nowhere/denort", args);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /^error: There is no \/nowhere\/denort/);
  const relative = await compile("find_deno", ["--at", "opt/orion", ...native]);
  assert.equal(relative.code, 2);
  assert.match(relative.stderr, /^error: --at opt\/orion .* must begin with \/$/m);
  assert.deepEqual([...Deno.readDirSync(out.path)], []);
});

Deno.test("compile: a worker, model or library that is missing is named, and so is a foreign one", () => {
  using folder = tempFolder();
  const target = targetNamed(undefined) ?? assert.fail();
  stage({ root: ROOT, into: folder.path, target, commit: null });
  const contents = listContents(folder.path);
  assert.deepEqual(contentProblems(contents, target), []);
  const made = { contents, work: folder.path, target, root: ROOT };
  const missing = embeddedProblems(Buffer.from("nothing at all"), made);
  for (const path of ["workers/broker.ts", "models/nanodet-g-int8.onnx", "libonnxruntime.so.1"]) {
    assert.ok(missing.some((line) => line.includes(`${path} was not embedded`)), path);
  }
  const other = TARGETS.find(({ name }) => name !== target.name) ?? assert.fail();
  const library = `bin/napi-v6/linux/${other.onnxruntime}/libonnxruntime.so.1`;
  const bytes = Deno.readFileSync(`${ROOT}/node_modules/onnxruntime-node/${library}`);
  assert.match(
    embeddedProblems(Buffer.from(bytes), made).join(),
    /was embedded and belongs elsewhere/,
  );
});

/** The runtime that the person has set, as the shell sees it; the tests themselves see no variables. */
async function givenRuntime(): Promise<string> {
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", 'printf %s "${DENORT_BIN:-}"'],
  }).output();
  return new TextDecoder().decode(stdout);
}

const denort = await givenRuntime();

/** Registered where there is one: it can be had from no package of the system. */
if (denort !== "") {
  Deno.test("compile: with a real runtime the program runs, for its configuration alone", async (t) => {
    using out = tempFolder();
    await using folder = await installFolder();
    const config = out.write("mine.yaml", demoConfig());
    const args = ["--out", `${out.path}/dist`, ...argsFor(folder, config)];
    const made = await compile(`printf %s "${denort}"`, args);
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stdout, /^ran here: orion \d/m);
    const program = made.stdout.split("\n").at(-1) ?? "";
    await tryInstalled(t, folder, { program, config });
  });
}
