/**
 * `docs/deploy.md` against the product, without a machine to install it on: that is what
 * `scripts/service/walk_deploy.sh` is for.
 */
import assert from "node:assert/strict";
import { parseCommandLine } from "../../src/cli/args.ts";
import { loadSettings } from "../../src/config/load.ts";
import { type OrionOutcome, startOrion } from "../support/product/process.ts";
import { Child } from "../support/system/children.ts";
import { ROOT, type TempFolder, tempFolder } from "../support/system/files.ts";
import { WAIT_TIMEOUT_MS } from "../support/system/lines.ts";
import { ignoreWithout, programPath } from "../support/system/parts.ts";
import { freePort } from "../support/system/ports.ts";

const PAGE = Deno.readTextFileSync(`${ROOT}/docs/deploy.md`);
const UNIT = Deno.readTextFileSync(`${ROOT}/packaging/orion.service`);

/** Where the page installs the release in use. */
const CURRENT = "/opt/orion/current/";
/** A user that owns nothing, in a group of the same id. */
const STRANGER = 1234;

interface Block {
  readonly language: string;
  /** Its name in the walk, or null. */
  readonly walked: string | null;
  readonly text: string;
}

const BLOCKS: readonly Block[] = [...PAGE.matchAll(/^```(\w+)(?: walked=(\S+))?\n(.*?)^```$/gms)]
  .map(([, language = "", walked = null, text = ""]) => ({ language, walked, text }));

const COMMANDS = BLOCKS.filter(({ language }) => language === "sh");

/** Runs a shell script, with arguments, to its end. */
async function shell(script: string, ...args: readonly string[]): Promise<OrionOutcome> {
  await using child = new Child({
    name: "shell",
    command: "sh",
    args: ["-euc", script, "sh", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  });
  const { code } = await child.exit(WAIT_TIMEOUT_MS);
  return { code, stdout: child.stdout.text(), stderr: child.stderr.text() };
}

Deno.test("deploy: every block of commands on the page is valid for sh", async () => {
  assert.ok(COMMANDS.length >= 10, `${COMMANDS.length}`);
  using folder = tempFolder();
  for (const [index, { text }] of COMMANDS.entries()) {
    const { code, stderr } = await shell('sh -n "$1"', folder.write(`${index}.sh`, text));
    assert.equal(code, 0, `${stderr}\n${text}`);
  }
});

Deno.test("deploy: the walk verifies the outcome of each of its blocks, and of no other", () => {
  const checks = Deno.readTextFileSync(`${ROOT}/scripts/service/walk_checks.sh`);
  const named = (when: string) =>
    [...checks.matchAll(new RegExp(`^${when}_(\\w+)\\(\\)`, "gm"))].map(([, name = ""]) => name);
  const walked = COMMANDS.flatMap(({ walked }) => walked ?? []);
  assert.ok(walked.length >= 8, walked.join());
  assert.deepEqual(new Set(named("after")), new Set(walked));
  assert.equal(new Set(walked).size, walked.length, "names are unique");
  for (const name of named("before")) assert.ok(walked.includes(name), name);
});

Deno.test("deploy: the page and the unit start Orion with commands and options that there are", () => {
  const texts = [...COMMANDS.map(({ text }) => text), UNIT].join("\n").replace(/\\\n/g, " ");
  const lines = [...texts.matchAll(/(?<![\w/.-])(?:\S*\/)?orion"? ((?:run|check) .*)$/gm)]
    .map(([, words = ""]) => words.replace(/\s+#.*$/, ""));
  assert.ok(lines.length >= 4, lines.join("\n"));
  for (const line of lines) parseCommandLine(line.split(/\s+/).filter((word) => word !== ""));
});

Deno.test("deploy: what the page and the unit use of a release is packed into it", () => {
  const pack = Deno.readTextFileSync(`${ROOT}/scripts/lib/portable.ts`);
  const used = [...`${PAGE}\n${UNIT}`.matchAll(/\/opt\/orion\/current\/([\w./-]+)/g)]
    .map(([, path = ""]) => path);
  for (const path of ["orion", "orion.service", "docs/deploy.md"]) assert.ok(used.includes(path));
  for (const path of new Set(used)) {
    assert.ok(pack.includes(`: "${path}",`), `${path} is not packed`);
  }
});

Deno.test("deploy: the unit reads the files that the page installs", () => {
  const paths = [/^ExecStart=.* --config (\S+)/m, /^EnvironmentFile=-(.*)$/m]
    .map((pattern) => pattern.exec(UNIT)?.[1] ?? assert.fail(`${pattern}`));
  for (const path of paths) {
    assert.ok(COMMANDS.some(({ text }) => text.includes(` ${path}\n`)), path);
  }
});

Deno.test("deploy: the page's configuration, of root and readable by its group, causes no warning", () => {
  const yaml = BLOCKS.find(({ walked }) => walked === "orion.yaml")?.text ?? "";
  const { warnings, secretFiles, environment } = loadSettings({
    path: "/etc/orion/orion.yaml",
    root: ROOT,
    env: () => undefined,
    environmentFile: "/etc/orion/environment",
    readText: (path) =>
      path.endsWith(".yaml")
        ? yaml
        : path.endsWith("environment")
        ? "GATE_PASSWORD=hunter2\nMQTT_PASSWORD=hunter3\n"
        : "a-token-of-some-length",
    modeOf: () => ({ bits: 0o640, uid: 0 }),
  });
  assert.deepEqual(warnings, []);
  assert.deepEqual(secretFiles, ["/etc/orion/token", "/etc/orion/environment"]);
  assert.deepEqual(environment, ["GATE_PASSWORD", "MQTT_PASSWORD"]);
});

Deno.test({
  name: "deploy: systemd finds nothing wrong with the unit",
  ignore: programPath("systemd-analyze") === null,
  async fn() {
    using folder = tempFolder();
    const verify = (unit: string) => {
      // The program of the unit is not installed here.
      const text = unit.replace(`${CURRENT}orion`, "/bin/sh");
      const script = 'systemd-analyze verify --man=no --recursive-errors=no "$1"';
      return shell(script, folder.write("orion.service", text));
    };
    const { code, stderr } = await verify(UNIT);
    assert.equal(code, 0, stderr);
    const { stderr: wrong } = await verify(UNIT.replace("\nNoExecPaths=", "\nNoExcPaths="));
    assert.match(wrong, /Unknown key.*NoExcPaths/, "it would have found something");
  },
});

/** Writes the files of the page with one mode; returns the words of `check`. */
function installed(folder: TempFolder, port: number, mode: number): string[] {
  const config = folder.write(
    "orion.yaml",
    'cameras: [{ id: gate, url: "demo:" }]\n' +
      "detectors: [{ id: person, model: builtin:person-int8 }]\n" +
      `mqtt: { url: "mqtt://127.0.0.1:${freePort()}", username: orion, ` +
      'password: "${ORION_TEST_PASSWORD}" }\n' +
      `health: { listen: "127.0.0.1:${port}", token: { file: token } }\n`,
  );
  const files = [
    config,
    folder.write("token", "a-token-of-some-length\n"),
    folder.write("environment", 'ORION_TEST_PASSWORD="p\\$a ss"\n'),
  ];
  for (const file of files) Deno.chmodSync(file, mode);
  return ["check", "--config", config, "--env-file", files[2] ?? ""];
}

/**
 * Runs a command as a user that owns none of the files, in their group. Where this process is not root
 * it runs as the owner. It may read every file, since Deno may be in a home of root.
 */
const AS_STRANGER = `
folder=$1 id=$2
shift 2
[ "$(id -u)" = 0 ] || exec sh scripts/orion.sh "$@"
chgrp -R "$id" "$folder"
exec setpriv --reuid="$id" --regid="$id" --clear-groups --inh-caps=+dac_read_search \\
  --ambient-caps=+dac_read_search sh scripts/orion.sh "$@"`;

Deno.test({
  name: "deploy: check as another user accepts the modes of the page, and sees the variables",
  ignore: ignoreWithout("libav") || programPath("setpriv") === null,
  async fn() {
    using folder = tempFolder();
    const isRoot = Deno.statSync(folder.path).uid === 0;
    const port = freePort();
    const check = (mode: number) =>
      shell(AS_STRANGER, folder.path, `${STRANGER}`, ...installed(folder, port, mode));
    const { code, stdout, stderr } = await check(isRoot ? 0o640 : 0o600);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, new RegExp(`^ok: http: http://127\\.0\\.0\\.1:${port}: free$`, "m"));
    const open = await check(0o644);
    assert.equal(open.code, 0, open.stderr);
    const remedy = isRoot ? "give it Orion's group and chmod 640 it" : "chmod 600 it";
    assert.equal(open.stderr.split(`; ${remedy}`).length - 1, 2, open.stderr);
  },
});

Deno.test({
  name: "deploy: check beside the running service says that the service has the address",
  ignore: ignoreWithout("libav"),
  async fn() {
    using folder = tempFolder();
    const port = freePort();
    const [, ...files] = installed(folder, port, 0o600);
    await using orion = startOrion(["run", ...files]);
    await orion.waitFor("service.starting");
    const { code, stdout, stderr } = await shell('sh scripts/orion.sh check "$@"', ...files);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^ok: http: \S+: in use by this service, which is running/m);
    orion.signal("SIGTERM");
    assert.equal((await orion.exit()).code, 0);
  },
});
