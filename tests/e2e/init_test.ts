/**
 * `orion init` through the launcher, with real cameras. `first_hour_test.ts` shows that what it prints
 * opens them.
 */
import assert from "node:assert/strict";
import { RtspServer } from "../support/cameras/rtsp_server.ts";
import { runOrion } from "../support/product/process.ts";
import { Child } from "../support/system/children.ts";
import { ROOT, tempFolder, TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { ignoreWithout, SYSTEM_PYTHON } from "../support/system/parts.ts";
import { freePort } from "../support/system/ports.ts";

const ignore = ignoreWithout("libav", "gst-rtsp-server");

const PASSWORD = "hunter2@the/lobby";
const auth = { user: "viewer", password: PASSWORD };

Deno.test({
  name:
    "orion init: what two cameras send is printed, why a third cannot be opened, and no password",
  ignore,
  async fn() {
    const clip = TWO_PEOPLE_CLIP;
    await using one = await RtspServer.start({ clip, auth });
    await using other = await RtspServer.start({ clip, auth, mount: "/stream2" });
    const encoded = encodeURIComponent(PASSWORD);
    // One password from a variable, one in the address.
    const urls = [
      `rtsp://viewer:\${GATE_PASSWORD}@127.0.0.1:${one.port}/stream1`,
      other.urlWithCredentials,
      `rtsp://127.0.0.1:${freePort()}/nothing`,
    ];
    const env = { GATE_PASSWORD: encoded };
    const { code, stdout, stderr } = await runOrion(["init", ...urls], { env });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^warning: camera-127-0-0-1-nothing: .*\n?$/);
    const seen = stdout.match(
      /^ {4}# h264, 1280x720, \d+(?:\.\d+)? frames a second, .*over tcp$/gm,
    );
    assert.equal(seen?.length, 2, stdout);
    assert.match(stdout, /^ {4}# Could not be opened: /m);
    assert.ok(!stdout.includes("hunter2") && !stderr.includes("hunter2"), stdout);
  },
});

Deno.test("orion init: addresses on standard input are in no command line, and none is printed", async () => {
  const script = `printf '%s\\n' "$1" "$2" | sh ${ROOT}/scripts/orion.sh init --offline -`;
  const urls = ["rtsp://a:hunter2@gate.lan/x", "rtsp://b:hunter3@door.lan/x"];
  await using child = new Child({
    name: "init",
    command: "sh",
    args: ["-euc", script, "sh", ...urls],
    env: { NO_COLOR: "1" },
  });
  assert.equal((await child.exit()).code, 0, child.stderr.text());
  const text = child.stdout.text();
  assert.match(text, /^ {2}- id: gate$[^]*^ {2}- id: door$/m);
  assert.doesNotMatch(text, /hunter/);
});

/** Runs a command on a terminal of its own; writes an answer each time it asks. */
const ON_TERMINAL = `
import os, pty, sys
question, command, *answers = sys.argv[1:]
child, terminal = pty.fork()
if child == 0:
    os.execvp("sh", ["sh", "-euc", command])
for answer in answers:
    seen = b""
    while question.encode() not in seen:
        seen += os.read(terminal, 4096)
    os.write(terminal, answer.encode() + b"\\n")
try:
    while os.read(terminal, 4096):
        pass
except OSError:
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
`;

Deno.test({
  name: "orion init: without an address it asks for some on a terminal",
  ignore,
  async fn() {
    using folder = tempFolder();
    for (const [index, answers] of [["gate=rtsp://u:hunter2@h.lan/x", ""], [""]].entries()) {
      const out = `${folder.path}/${index}`;
      const command = `sh ${ROOT}/scripts/orion.sh init --offline >${out}`;
      await using child = new Child({
        name: "terminal",
        command: SYSTEM_PYTHON,
        args: ["-c", ON_TERMINAL, "no more): ", command, ...answers],
      });
      assert.equal((await child.exit()).code, 0, child.stderr.text());
      const text = Deno.readTextFileSync(out);
      assert.match(text, index === 0 ? /^ {2}- id: gate$/m : /^ {2}- id: demo$/m);
      assert.ok(!text.includes("hunter2"));
    }
  },
});

Deno.test("orion init: Frigate's file is converted with the permission to read it alone", async () => {
  const words = ["init", "--from-frigate", "tests/support/frigate/config.yml"];
  const flags = await runOrion(["permissions", "--flags", "--", ...words]);
  assert.match(flags.stdout, /^--allow-read=\/\S+\/tests\/support\/frigate\/config\.yml$/m);
  assert.doesNotMatch(flags.stdout, /--allow-(?:net|ffi|env|write|run)/);
  const { code, stdout } = await runOrion(words);
  assert.equal(code, 0);
  assert.match(stdout, /^ {2}- id: front-door$/m);
});
