/** The systemd unit: systemd accepts it, and rates its exposure. */
import assert from "node:assert/strict";
import { ROOT, tempFolder } from "../support/system/files.ts";

/** From 0 to 10, less is better; systemd calls up to 5.0 OK. */
const MAX_EXPOSURE = 2.0;

const UNIT = `${ROOT}/packaging/orion.service`;

/** Runs a shell command; returns its exit code and output. */
async function shell(script: string, ...args: readonly string[]) {
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", script, ...args],
    env: { NO_COLOR: "1", SYSTEMD_COLORS: "0" },
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

const present = (await shell("command -v systemd-analyze")).code === 0;

/** Registered only where systemd's tools are: test containers lack them. */
if (present) {
  Deno.test("service: systemd rates the exposure of the unit as OK", async () => {
    const rated = await shell('systemd-analyze security --offline=true --no-pager "$0"', UNIT);
    const [, exposure = "", word] = /exposure level for \S+: ([\d.]+) (\w+)/.exec(rated.stdout) ??
      [];
    assert.equal(word, "OK", rated.stderr);
    assert.ok(Number(exposure) <= MAX_EXPOSURE, `exposure ${exposure}`);
  });

  Deno.test("service: systemd accepts every line of the unit", async () => {
    using folder = tempFolder();
    const unit = Deno.readTextFileSync(UNIT).replace(/^ExecStart=.*$/m, "ExecStart=/bin/true");
    const path = folder.write("orion.service", unit);
    const { stderr } = await shell('systemd-analyze verify --man=no "$0"', path);
    const about = stderr.split("\n").filter((line) => line.includes("orion.service"));
    assert.deepEqual(about, []);
  });
}

Deno.test("service: it is restarted when the watchdog gave up, and not after a wrong configuration", () => {
  const unit = Deno.readTextFileSync(UNIT);
  for (
    const line of [
      "Restart=on-failure",
      "RestartForceExitStatus=70 SIGHUP",
      "RestartPreventExitStatus=2",
      "NoNewPrivileges=yes",
      "ProtectSystem=strict",
      "CapabilityBoundingSet=",
      "WorkingDirectory=/run/orion",
      "TemporaryFileSystem=/run/orion:ro",
    ]
  ) assert.ok(unit.split("\n").includes(line), line);
  assert.doesNotMatch(unit, /--allow-|(^|\s)-A(\s|$)/m);
});
