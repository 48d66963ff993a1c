/** The command runner of the checks ends commands that do not end by themselves. */
import assert from "node:assert/strict";
import { runCommand, Running } from "../../scripts/testing/command.ts";
import { ROOT } from "../support/system/files.ts";

/** Whether a process still exists after three seconds: a killed one does until it is reaped. */
async function survives(pid: string): Promise<boolean> {
  const wait = `for i in $(seq 60); do kill -0 ${pid} || exit 1; sleep 0.05; done`;
  const { success } = await new Deno.Command("sh", { args: ["-c", wait], stderr: "null" }).output();
  return success;
}

function sh(script: string, limits: { silenceMs?: number; limitMs?: number } = {}) {
  return runCommand({ command: "sh", args: ["-c", script], cwd: ROOT, ...limits }, new Running());
}

Deno.test("command: lines come in order, from both streams, the unterminated last one included", async () => {
  const { code, lines, stopped } = await sh("echo one; echo two; printf three; exit 3");
  assert.deepEqual({ code, lines, stopped }, {
    code: 3,
    lines: ["one", "two", "three"],
    stopped: null,
  });
  assert.deepEqual((await sh("echo oops >&2")).lines, ["oops"]);
});

Deno.test("command: a silent command is ended, with everything it started", async () => {
  const { stopped, lines } = await sh("sleep 60 & echo $!; wait", { silenceMs: 300 });
  assert.match(stopped ?? "", /^printed nothing for 0\.3 s$/);
  assert.equal(await survives(lines[0] ?? ""), false);
});

Deno.test("command: an endless command is ended at its limit", async () => {
  const { stopped } = await sh("while :; do echo again; sleep 0.05; done", {
    silenceMs: 2_000,
    limitMs: 400,
  });
  assert.match(stopped ?? "", /^took longer than 0\.4 s$/);
});

Deno.test("command: processes that a command leaves behind are ended with it", async () => {
  const { stopped, lines } = await sh("sleep 60 >/dev/null 2>&1 & echo $!");
  assert.equal(stopped, null);
  assert.equal(await survives(lines[0] ?? ""), false);
});
