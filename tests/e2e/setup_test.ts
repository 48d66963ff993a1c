/** scripts/setup.sh without changes to the machine: its plans and its refusals. */
import assert from "node:assert/strict";
import { Child } from "../support/system/children.ts";
import { ROOT, tempFolder } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";

interface Outcome {
  readonly code: number;
  readonly text: string;
}

async function setup(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  await using child = new Child({
    name: "setup.sh",
    command: "sh",
    args: [`${ROOT}/scripts/setup.sh`, ...args],
    env,
  });
  const { code } = await child.exit();
  assert.equal(child.stdout.text(), "", "standard output stays empty");
  return { code, text: child.stderr.text() };
}

/** An os-release file with the keys that the script reads. */
function release(id: string, codename: string, like = ""): string {
  return `ID=${id}\nID_LIKE="${like}"\nVERSION_CODENAME=${codename}\nPRETTY_NAME="${id} ${codename}"\n`;
}

const KNOWN: readonly [string, string][] = [
  ["Debian 12", release("debian", "bookworm")],
  ["Debian 13", release("debian", "trixie")],
  ["Ubuntu 22.04", release("ubuntu", "jammy", "debian")],
  ["Ubuntu 24.04", release("ubuntu", "noble", "debian")],
  ["Raspberry Pi OS", release("debian", "bookworm")],
  ["Linux Mint", release("linuxmint", "wilma", "ubuntu debian")],
];

for (const [name, text] of KNOWN) {
  Deno.test(`setup: on ${name} it prints what it is about to install`, async () => {
    using folder = tempFolder();
    const { code, text: said } = await setup(["test", "--dry-run"], {
      ORION_OS_RELEASE: folder.write("os-release", text),
      ORION_SETUP_LACKS:
        "deno libav ffmpeg mosquitto rtsp faketime prometheus chromium nginx caddy openvino modules",
      CI: "true",
    });
    assert.equal(code, 0);
    assert.match(said, /libavutil\d+ libavcodec\d+ libavformat\d+ libswscale\d+/);
    assert.match(said, / ffmpeg mosquitto mosquitto-clients /);
    assert.match(said, / python3-gi gir1.2-gst-rtsp-server-1.0 /);
    assert.match(said, / libfaketime\b/);
    assert.match(
      said,
      / prometheus\b.*\(prometheus's own service will be neither started nor enabled\)/s,
    );
    assert.match(said, / chromium nginx caddy\b.*\(caddy's own service will be neither started/s);
    assert.match(said, /OpenVINO for its tests/);
    assert.match(said, /Deno 2\.\d+\.\d+, (?:from npm|by its official installer)/);
    assert.match(said, /neither started nor enabled/);
  });
}

Deno.test("setup: run installs no parts of the tests", async () => {
  const { text } = await setup(["run", "--dry-run"], {
    ORION_SETUP_LACKS: "libav ffmpeg mosquitto rtsp",
  });
  assert.match(text, /libavcodec/);
  assert.doesNotMatch(text, /mosquitto|ffmpeg|gst/);
});

for (const [isWanted, has] of [[true, true], [true, false], [false, true]] as const) {
  const what = isWanted ? `wanted, and its Python is ${has ? "found" : "missing"}` : "not wanted";
  Deno.test(`setup: Home Assistant is installed or skipped where it is ${what}`, async () => {
    const wanted = { ORION_TEST_HOME_ASSISTANT: isWanted ? "1" : "" };
    using folder = tempFolder();
    for (const name of ["python3.13", "python3"]) {
      const file = folder.write(`bin/${name}`, `#!/bin/sh\nexit ${has ? 0 : 1}\n`);
      Deno.chmodSync(file, 0o755);
    }
    const script = 'HOME=$0 PATH=$0/bin:$PATH; export HOME PATH; exec sh "$@"';
    await using child = new Child({
      name: "setup.sh",
      command: "sh",
      args: ["-c", script, folder.path, `${ROOT}/scripts/setup.sh`, "test", "--dry-run"],
      env: { ORION_SETUP_LACKS: "home-assistant vlc nginx caddy openvino", CI: "", ...wanted },
    });
    assert.equal((await child.exit()).code, 0);
    assert.doesNotMatch(child.stderr.text(), /nginx|caddy|OpenVINO/, "for CI alone");
    assert.equal(/Home Assistant for its tests/.test(child.stderr.text()), has && isWanted);
  });
}

const UNKNOWN: readonly [string, string][] = [
  ["Fedora", release("fedora", "", "")],
  ["Alpine", release("alpine", "")],
  ["an empty file", ""],
];

for (const [name, text] of UNKNOWN) {
  Deno.test(`setup: on ${name} it names what to install and stops with 2`, async () => {
    using folder = tempFolder();
    const file = folder.write("os-release", text);
    for (const command of ["run", "test"]) {
      const { code, text: said } = await setup([command], { ORION_OS_RELEASE: file });
      assert.equal(code, 2);
      for (const word of ["Deno 2", "libavformat", "libswscale", "mosquitto", "deno task run"]) {
        assert.ok(said.includes(word), `${word} is not named in: ${said}`);
      }
    }
  });
}

Deno.test("setup: wrong arguments print the usage and exit with 2", async () => {
  for (const args of [[], ["install"], ["--dry-run"]]) {
    const { code, text } = await setup(args);
    assert.equal(code, 2);
    assert.match(text, /usage: sh scripts\/setup\.sh run\|test/);
  }
});

/** The programs that setup.sh may find; all others are hidden. */
const TOOLS =
  "sh env dirname basename uname cat awk sed grep head tail readlink mktemp rm cp cmp tr";

/** A stub of a program: records its arguments, then runs `does`. */
function stub(name: string, does: string): string {
  return `#!/bin/sh\necho "${name} $*" >>"$HOME/calls"\n${does}\n`;
}

/** Runs setup.sh on a Debian without sudo and npm, whose other programs only record their calls. */
async function onBareDebian(
  args: readonly string[],
  { user, lacks }: { readonly user: "root" | "person"; readonly lacks: string },
): Promise<{ code: number; text: string; calls: string[] }> {
  using folder = tempFolder();
  const stubs = {
    id: user === "root" ? "#!/bin/sh\necho 0\n" : "#!/bin/sh\necho 1000\n",
    curl: stub("curl", "exit 6"),
    unzip: stub("unzip", "exit 0"),
    "apt-get": stub(
      "apt-get",
      'case "$*" in *" npm") cp "$HOME/npm" "$HOME/bin/npm" ;; esac',
    ),
  };
  for (const [name, text] of Object.entries(stubs)) {
    Deno.chmodSync(folder.write(`bin/${name}`, text), 0o755);
  }
  Deno.chmodSync(folder.write("npm", stub("npm", "exit 1")), 0o755);
  folder.write("calls", "");
  const file = folder.write("os-release", release("debian", "bookworm"));
  const script = `for tool in ${TOOLS}; do ln -s "$(command -v $tool)" "$0/bin/$tool"; done; ` +
    'HOME=$0 PATH=$0/bin; export HOME PATH; setup=$1; shift; exec sh "$setup" "$@"';
  await using child = new Child({
    name: "setup.sh",
    command: "sh",
    args: ["-c", script, folder.path, `${ROOT}/scripts/setup.sh`, ...args],
    env: { ORION_OS_RELEASE: file, ORION_SETUP_LACKS: lacks },
  });
  const { code } = await child.exit();
  const calls = Deno.readTextFileSync(`${folder.path}/calls`).split("\n").slice(0, -1);
  return { code, text: child.stderr.text(), calls };
}

const ADMINISTRATOR = /there is no sudo\. Ask an administrator to run:$/m;

Deno.test({
  name: "setup: without access to Deno's installer it uses the distribution's npm",
  ignore: ignoreWithout("libav"),
  async fn() {
    const { code, text, calls } = await onBareDebian(["run"], { user: "root", lacks: "deno" });
    assert.match(text, /by its official installer .*;\n.* with the distribution's npm/);
    const [fetched, updated, installed, last, ...more] = calls;
    assert.match(fetched ?? "", /^curl .*https:\/\/deno\.land\/install\.sh$/);
    assert.equal(updated, "apt-get -q -y update");
    assert.equal(installed, "apt-get -q -y install --no-install-recommends npm");
    assert.match(last ?? "", /^npm install --global .*--prefix \S+\/\.deno deno@2\.\d+\.\d+$/);
    assert.deepEqual(more, []);
    assert.match(text, /Deno could be installed neither by its installer \(\S+\) nor from npm/);
    assert.equal(code, 1);
  },
});

Deno.test("setup: without root and sudo it prints every command at once, and runs none", async () => {
  const lacks = "deno libav ffmpeg mosquitto";
  const { code, text, calls } = await onBareDebian(["test"], { user: "person", lacks });
  assert.equal(code, 2);
  assert.match(text, ADMINISTRATOR);
  assert.match(text, /^setup\.sh: {3}apt-get update$/m);
  assert.match(
    text,
    /^setup\.sh: .*apt-get install --no-install-recommends .*ffmpeg mosquitto .*libavcodec/m,
  );
  assert.match(
    text,
    /^setup\.sh: .*(systemctl disable --now mosquitto\.service|update-rc\.d mosquitto disable)$/m,
  );
  assert.deepEqual(calls, []);
});

Deno.test({
  name:
    "setup: without root and sudo it requests npm once the installer has failed, and not before",
  ignore: ignoreWithout("libav"),
  async fn() {
    const { code, text, calls } = await onBareDebian(["run"], { user: "person", lacks: "deno" });
    assert.equal(code, 2);
    assert.match(text, ADMINISTRATOR);
    assert.match(text, /^setup\.sh: {3}apt-get update$/m);
    assert.match(text, /^setup\.sh: {3}apt-get install --no-install-recommends npm$/m);
    assert.match(calls.join(), /^curl [^,]*$/);
  },
});

Deno.test("setup: with nothing missing it takes a fraction of a second of a processor", async () => {
  await using child = new Child({
    name: "setup.sh",
    command: "sh",
    args: ["-c", 'sh "$0" test --dry-run && times', `${ROOT}/scripts/setup.sh`],
  });
  assert.equal((await child.exit()).code, 0);
  // The last line of `times`: user and system time of the children, "0m0.030000s 0m0.010000s".
  const times = [...child.stdout.text().matchAll(/(\d+)m([\d.]+)s/g)].slice(-2);
  assert.equal(times.length, 2, child.stdout.text());
  const seconds = times.reduce(
    (sum, [, minutes, rest]) => sum + 60 * Number(minutes) + Number(rest),
    0,
  );
  assert.ok(seconds < 1, `it took ${seconds} s of a processor`);
});

Deno.test("setup: behind npm's wrapper the native Deno is found", async () => {
  using folder = tempFolder();
  const fake = "#!/bin/sh\necho 'deno 2.9.6 (stable)'\n";
  folder.write("package/bin.cjs", fake);
  await using child = new Child({
    name: "deno.sh",
    command: "sh",
    args: ["-c", `. ${ROOT}/scripts/lib/deno.sh; find_deno`],
    env: { ORION_DENO: `${folder.path}/package/bin.cjs` },
  });
  await child.exit();
  // The wrapper is a script and has no native program beside it: another one is found instead.
  assert.match(child.stdout.text(), /^\/.*\/deno$/);
  assert.doesNotMatch(child.stdout.text(), /package/);
});
