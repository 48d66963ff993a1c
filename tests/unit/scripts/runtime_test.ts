import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { runtimeProblem, versionProblem, versionsIn } from "../../../scripts/lib/runtime.ts";
import { type Target, targetNamed, TARGETS } from "../../../scripts/lib/targets.ts";

/** The header of a program for the target, and text as it is in the data of one. */
function programFor({ machine }: Target, text: string): Buffer {
  const header = Buffer.alloc(64);
  header.write("\x7fELF", "latin1");
  header.writeUInt16LE(machine, 18);
  return Buffer.concat([header, Buffer.from(text, "latin1")]);
}

/** As in Deno 2.9.6, where the constants follow each other without a separator. */
const DATA =
  "Deno/0.80.0 …node-globalsdenover2.9.62.9.6+e518fbdDeno/2.9.6Deno/2.9.6+e518fbde518fbd66";

const target = targetNamed("x86_64-unknown-linux-gnu") ?? assert.fail();

Deno.test("runtime: its versions are read from its bytes, the newest first", () => {
  assert.deepEqual(versionsIn(Buffer.from(DATA)), ["2.9.6", "0.80.0"]);
  assert.deepEqual(versionsIn(Buffer.from("Deno/ Deno/2 Deno/2.10.0")), ["2.10.0"]);
  assert.deepEqual(versionsIn(Buffer.from("nothing")), []);
});

Deno.test("runtime: one of another version, another machine, or another program is refused", () => {
  const runtime = programFor(target, DATA);
  assert.equal(runtimeProblem(runtime, target, "2.9.6"), null);
  for (const compiler of ["2.9.5", "2.9.60", "2.9"]) {
    assert.equal(
      runtimeProblem(runtime, target, compiler),
      `is the runtime of Deno 2.9.6, and Deno ${compiler} compiles`,
    );
  }
  assert.equal(
    runtimeProblem(programFor(target, "busybox"), target, "2.9.6"),
    "is not a runtime of Deno",
  );
  const other = TARGETS.find(({ name }) => name !== target.name) ?? assert.fail();
  assert.equal(
    runtimeProblem(runtime, other, "2.9.6"),
    `is not a runtime for ${other.name}`,
  );
});

Deno.test("runtime: a program runs if --version prints its version and nothing else", () => {
  const ran = { success: true, stdout: "orion 0.1.0+abc\n", stderr: "" };
  assert.equal(versionProblem(ran, "0.1.0+abc"), null);
  assert.match(versionProblem(ran, "0.1.0") ?? "", /should print "orion 0\.1\.0", and printed/);
  assert.match(versionProblem({ ...ran, success: false }, "0.1.0+abc") ?? "", /does not run/);
  const crashed = { success: false, stdout: "", stderr: "error: no section\n" };
  assert.match(versionProblem(crashed, "0.1.0+abc") ?? "", /and printed\nerror: no section$/);
});
