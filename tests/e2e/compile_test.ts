/** The single program: what is embedded, what is refused, and, given a real runtime, that it runs. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { contentProblems, listContents } from "../../scripts/lib/contents.ts";
import { embeddedProblems } from "../../scripts/lib/embedded.ts";
import { stage } from "../../scripts/lib/stage.ts";
import { targetNamed, TARGETS } from "../../scripts/lib/targets.ts";
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

for (const target of TARGETS) {
  Deno.test(`compile: for ${target.name} everything required is embedded, into a trial program`, async () => {
    using out = tempFolder();
    const args = ["--target", target.name, "--out", out.path];
    const { code, stdout, stderr } = await compile("find_deno", args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^\d+ files for \S+: complete, and nothing else$/m);
    const names = [...Deno.readDirSync(out.path)].map(({ name }) => name).sort();
    const program = `orion-${target.name}.trial`;
    assert.deepEqual(names, [program, `${program}.THIRD_PARTY.txt`]);
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
  const missing = await compile("printf /nowhere/denort", args);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /^error: There is no \/nowhere\/denort/);
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
  Deno.test({
    name: "compile: with a real runtime the program does the main job, for its configuration alone",
    ignore: ignoreWithout("libav"),
    async fn() {
      using out = tempFolder();
      const config = out.write(
        "orion.yaml",
        `cameras: [{ id: demo, url: "demo:" }]\n` +
          "detectors: [{ id: person, model: builtin:person-int8 }]\n" +
          `mqtt: { listen: "127.0.0.1:${freePort()}" }\nhealth: { listen: off }\n`,
      );
      const args = ["--out", out.path, "--at", out.path, "--config", config];
      const made = await compile(`printf %s "${denort}"`, args);
      assert.equal(made.code, 0, made.stderr);
      const program = made.stdout.split("\n").at(-1) ?? "";
      await using orion = new Child({
        name: "the program",
        command: "sh",
        args: ["-c", 'exec "$0" "$@"', program, "run", "--config", config],
        env: { NO_COLOR: "1" },
      });
      await orion.stderr.waitFor((line) => line.includes(" detections "));
      orion.signal("SIGTERM");
      assert.equal((await orion.exit()).code, 0);
    },
  });
}
