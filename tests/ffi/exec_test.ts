/** Replacing the process by another program. */
import assert from "node:assert/strict";
import { locateLibav } from "../../src/libav/locate.ts";
import { Child } from "../support/system/children.ts";
import { ROOT, tempFolder } from "../support/system/files.ts";
import { ignoreWithout, programPath } from "../support/system/parts.ts";

/** Every library is linked against the C library, and finds its functions. */
const libc = () => locateLibav().avutil;

async function run(program: string, args: readonly string[]) {
  using folder = tempFolder();
  const script = folder.write(
    "exec.ts",
    `import { replaceProcess } from ${JSON.stringify(`${ROOT}/src/libav/exec.ts`)};
const [program = "", ...args] = Deno.args;
Deno.stdout.writeSync(new TextEncoder().encode(Deno.pid + "\\n"));
replaceProcess(${JSON.stringify(libc())}, program, args);
`,
  );
  const flags = ["run", "--quiet", "--no-prompt", "--no-lock", `--allow-ffi=${libc()}`];
  await using child = new Child({
    name: "exec",
    command: "sh",
    args: ["-c", 'exec deno "$@"', "sh", ...flags, script, program, ...args],
    cwd: ROOT,
    env: { ORION_TEST_WORD: "kept", NO_COLOR: "1" },
  });
  const { code } = await child.exit();
  return { code, lines: child.stdout.text().split("\n"), stderr: child.stderr.text() };
}

Deno.test({
  name:
    "exec: the program takes the place of the process, with its id, environment and every argument",
  ignore: ignoreWithout("libav"),
  async fn() {
    const sh = programPath("sh") ?? assert.fail();
    const args = ["two words", "", 'quoted "ü"', "x".repeat(10_000)];
    const script = 'echo "$$"; echo "$ORION_TEST_WORD"; for one; do echo "$one"; done; exit 7';
    const { code, lines, stderr } = await run(sh, ["-c", script, "sh", ...args]);
    assert.equal(code, 7, stderr);
    const [first, second, ...others] = lines;
    assert.equal(second, first, "the same process");
    assert.deepEqual(others, ["kept", ...args]);
  },
});

Deno.test({
  name: "exec: a program that is not there is an error that names it",
  ignore: ignoreWithout("libav"),
  async fn() {
    const { code, stderr } = await run("/nowhere/orion", []);
    assert.equal(code, 1);
    assert.match(stderr, /Cannot start \/nowhere\/orion/);
  },
});
