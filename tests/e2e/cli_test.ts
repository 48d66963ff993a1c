/** The program started through the launcher, with computed permissions. */
import assert from "node:assert/strict";
import { VERSION } from "../../src/core/version.ts";
import { ROOT, tempFolder, TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { freePort } from "../support/system/ports.ts";
import { runOrion, startOrion } from "../support/product/process.ts";

const ignore = ignoreWithout("libav");

/** Invalid inputs: configuration, arguments, and the text of the one error. */
const WRONG: readonly {
  readonly what: string;
  readonly yaml?: string;
  readonly args?: readonly string[];
  readonly says: RegExp;
}[] = [
  {
    what: "an unknown key",
    yaml: "cameras: [{ id: a, url: 'demo:', zoom: 2 }]",
    says: /^error: \S+orion\.yaml:1: cameras\[0\]\.zoom: "zoom" is not a key here\n {2}→ \S+/,
  },
  {
    what: "a wrong type",
    yaml: "cameras: [{ id: a, url: 'demo:' }]\ndetectors:\n  - id: p\n    rateHz: fast",
    says:
      /^error: \S+orion\.yaml:4: detectors\[0\]\.rateHz: cannot be "fast"\n {2}→ Write a number/,
  },
  {
    what: "a missing model file",
    yaml: "cameras: [{ id: a, url: 'demo:' }]\ndetectors: [{ id: p, model: none.onnx }]",
    says: /^error: \S+: detectors\[0\]\.model: there is no model file \/\S+none\.onnx\n {2}→ \S+/,
  },
  {
    what: "an unset variable",
    yaml: "cameras: [{ id: a, url: 'rtsp://u:${ORION_TEST_UNSET}@127.0.0.1/s' }]",
    says: /^error: \S+: cameras\[0\]\.url: .*ORION_TEST_UNSET is not set\n {2}→ Set \S+/,
  },
  {
    what: "a missing configuration",
    args: ["--config", "none.yaml"],
    says: /^error: \S*none\.yaml: cannot read \S+none\.yaml: it does not exist\n {2}→ \S+/,
  },
  {
    what: "a bad flag",
    args: ["--confg", "x"],
    says: /^error: Unknown option --confg\n {2}→ Did you mean "--config"\?$/,
  },
  {
    what: "broken YAML",
    yaml: "cameras: [",
    says: /^error: \S+orion\.yaml:1: not valid YAML: .+\n {2}→ \S+/,
  },
];

for (const { what, yaml, args = [], says } of WRONG) {
  for (const command of ["run", "check"]) {
    Deno.test(`orion ${command}: ${what} is one clear error, exit code 2, no stack`, async () => {
      using folder = tempFolder();
      if (yaml !== undefined) folder.write("orion.yaml", yaml);
      const outcome = await runOrion([command, ...args], { cwd: folder.path });
      assert.equal(outcome.code, 2, outcome.stderr);
      assert.match(outcome.stderr, says);
      assert.equal(outcome.stderr.match(/^error:/gm)?.length, 1, outcome.stderr);
      assert.doesNotMatch(outcome.stderr, /^\s+at |backtrace|\.ts:\d+/m);
      assert.equal(outcome.stdout.replace(/^ok: .*\n/gm, ""), "");
    });
  }
}

Deno.test("orion check: all problems are reported at once, missing files included", async () => {
  using folder = tempFolder();
  folder.write(
    "orion.yaml",
    "instence: x\ncameras: [{ id: a, url: 'file:no.mp4' }]\n" +
      "detectors: [{ id: p, model: no.onnx, rateHz: 99 }]\nhealth: { token: { file: no } }\n",
  );
  const { code, stderr } = await runOrion(["check"], { cwd: folder.path });
  assert.equal(code, 2);
  assert.equal(stderr.match(/^error:/gm)?.length, 5, stderr);
});

Deno.test("orion: --version and --help exit with 0, from any folder", async () => {
  using folder = tempFolder();
  const version = await runOrion(["--version"], { cwd: folder.path });
  assert.deepEqual(version, { code: 0, stdout: `orion ${VERSION}`, stderr: "" });
  const help = await runOrion(["run", "--help"], { cwd: folder.path });
  assert.equal(help.code, 0);
  assert.match(help.stdout, /^Usage: orion run/);
});

Deno.test("orion: in a folder that was deleted it ends with one error", async () => {
  using folder = tempFolder();
  folder.write("gone/file", "");
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", 'rm -r "$PWD" && exec sh "$0" --version', `${ROOT}/scripts/orion.sh`],
    cwd: `${folder.path}/gone`,
  }).output();
  const text = new TextDecoder().decode(stderr);
  assert.equal(code, 2, text);
  assert.equal(stdout.length, 0);
  assert.match(
    text,
    /^error: The folder that Orion is started in does not exist any more\n {2}→ /m,
  );
  assert.ok(!/stack/i.test(text), text);
});

Deno.test({
  name: "orion check: a good configuration in a folder with a space, its secrets in files, is ok",
  ignore,
  async fn() {
    using folder = tempFolder();
    folder.write("my box/clip one.mp4", Deno.readFileSync(TWO_PEOPLE_CLIP));
    folder.write("my box/secrets/token", "a-token-of-some-length\n");
    folder.write(
      "my box/orion.yaml",
      "instance: ${ORION_TEST_NAME}\ncameras: [{ id: a, url: 'file:clip one.mp4' }]\n" +
        `health: { listen: '127.0.0.1:${freePort()}', token: { file: secrets/token } }\n`,
    );
    const outcome = await runOrion(["check"], {
      cwd: `${folder.path}/my box`,
      env: { ORION_TEST_NAME: "lobby" },
    });
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.match(outcome.stdout, /^ok: configuration: .*my box\/orion\.yaml$/m);
  },
});

Deno.test("orion permissions: the flags grant only what the configuration needs", async () => {
  using folder = tempFolder();
  const config = folder.write(
    "other.yaml",
    "cameras: [{ id: a, url: 'rtsp://u:${ORION_TEST_P}@127.0.0.1/s' }]\n" +
      "mqtt: { url: 'mqtts://broker.example:8884' }\nhealth: { listen: off }\n",
  );
  const { code, stdout } = await runOrion(["permissions", "--flags"], {
    env: { ORION_CONFIG: config, ORION_TEST_P: "hunter2" },
  });
  assert.equal(code, 0);
  const flags = stdout.trim().split("\n");
  assert.ok(flags.includes("--no-prompt") && flags.includes("--ignore-env"));
  assert.ok(flags.includes("--allow-net=127.0.0.1:554,broker.example:8884"), stdout);
  assert.doesNotMatch(flags.find((flag) => flag.startsWith("--allow-ffi")) ?? "", /avformat/);
  assert.ok(flags.includes("--allow-env=ORION_CONFIG,ORION_TEST_P,ORT_DISABLE_TELEMETRY"), stdout);
  assert.ok(!/--allow-(write|run|sys|all)|-A\b|hunter2/.test(stdout), stdout);
});

Deno.test({
  name: "orion run: the command line shows no secret, SIGHUP ends no start, and SIGTERM all with 0",
  ignore,
  async fn() {
    using folder = tempFolder();
    folder.write(
      "orion.yaml",
      "cameras:\n  - { id: gate, url: 'rtsp://u:${ORION_TEST_P}@127.0.0.1:1/s' }\n" +
        "  - { id: clip, url: 'demo:' }\n" +
        `mqtt: { listen: '127.0.0.1:${freePort()}' }\nhealth: { listen: '127.0.0.1:0' }\n`,
    );
    await using orion = startOrion(["run", "--log-level", "debug"], {
      cwd: folder.path,
      env: { ORION_TEST_P: "hunter2-in-the-lobby" },
    });
    const hangUps = hangUpsOf(orion.pid);
    await orion.waitFor("camera.state_changed", (event) => event["state"] === "online");
    await orion.waitFor(
      "camera.state_changed",
      (event) => event["camera"] === "gate" && event["reason"] !== null,
    );
    const words = await wordsOf(orion.pid);
    assert.ok(words.some((word) => word.endsWith("main.ts")), "the launcher was replaced by Deno");
    assert.ok(!words.join(" ").includes("hunter2"), words.join(" "));
    assert.equal(await hangUps, HANG_UPS);
    orion.signal("SIGHUP");
    await orion.waitFor("config.reloaded");
    orion.signal("SIGTERM");
    const { code } = await orion.exit();
    assert.equal(code, 0, orion.stderr.text());
    assert.ok(!(orion.stderr.text() + orion.stdout.text()).includes("hunter2"));
  },
});

const HANG_UPS = 50;

/** Sends SIGHUP again and again, from when the launcher has read its arguments. @returns how often */
async function hangUpsOf(pid: number): Promise<number> {
  const script = `until grep -Eq '^Sig(Ign|Cgt):.*[13579bdf]$' /proc/${pid}/status; do :; done; ` +
    `sent=0; while [ $sent -lt ${HANG_UPS} ] && kill -HUP ${pid}; ` +
    "do sent=$((sent + 1)); sleep 0.02; done; echo $sent";
  const { stdout } = await new Deno.Command("sh", { args: ["-c", script] }).output();
  return Number(new TextDecoder().decode(stdout));
}

/** The command line of a process, which every user of the machine can read. */
async function wordsOf(pid: number): Promise<string[]> {
  const script = `tr '\\0' '\\n' < /proc/${pid}/cmdline`;
  const { stdout } = await new Deno.Command("sh", { args: ["-c", script] }).output();
  return new TextDecoder().decode(stdout).split("\n");
}

Deno.test("orion: with deno task, paths are relative to the folder it was called in", async () => {
  using folder = tempFolder();
  folder.write("mine.yaml", "cameras: [{ id: a, url: 'demo:', zoom: 2 }]");
  // `deno task` runs its command in the checkout, and sets INIT_CWD to the folder it was called in.
  const { code, stderr } = await runOrion(["check", "--config", "mine.yaml"], {
    cwd: ROOT,
    env: { INIT_CWD: folder.path },
  });
  assert.equal(code, 2);
  assert.ok(stderr.includes(`${folder.path}/mine.yaml:1: cameras[0].zoom`), stderr);
});
