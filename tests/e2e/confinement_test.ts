/** The product where Landlock is required: its workers do their work confined, and say so. */
import assert from "node:assert/strict";
import { FaultyCamera } from "../support/cameras/faulty_camera/camera.ts";
import { patternCameraClip } from "../support/cameras/faulty_camera/pattern_watch.ts";
import { OrionProcess, runOrion } from "../support/product/process.ts";
import { assertReportCloses } from "../support/product/report.ts";
import { Rig } from "../support/product/rig.ts";
import { ROOT, tempFolder } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { freePort } from "../support/system/ports.ts";

const PARTS = ["libav", "mosquitto", "ffmpeg"] as const;

/** What `orion check` says of the kernel, without starting anything; "" where it cannot. */
async function enforcedHere(): Promise<string> {
  if (ignoreWithout(...PARTS)) return "";
  using folder = tempFolder();
  const config = folder.write("orion.yaml", 'cameras: [{ id: demo, url: "demo:" }]\n');
  const { stdout } = await runOrion(["check", "--config", config]);
  return /^ok: confinement: (.*)$/m.exec(stdout)?.[1] ?? "";
}

const enforced = await enforcedHere();
const lacks = enforced.includes("connections") ? "" : ` (not enforced here: ${enforced})`;

Deno.test({
  name: `confinement: a camera is found by its name again and again, a file is repeated${lacks}`,
  ignore: ignoreWithout(...PARTS) || lacks !== "",
  async fn() {
    const clip = await patternCameraClip(50);
    const camera = FaultyCamera.start({ clip, playback: { fps: 25 } });
    const { port } = camera;
    const config = [
      "cameras:",
      `  - { id: gate, url: "rtsp://localhost:${port}/cam", reconnectMaxSeconds: 1 }`,
      '  - { id: demo, url: "demo:" }',
      "detectors: [{ id: person, model: builtin:person-int8, rateHz: 2, threads: 2 }]",
      "confinement: { landlock: required }",
    ].join("\n");
    await using rig = await Rig.start({ config });
    const isOnline = ({ camera, state }: Record<string, unknown>) =>
      camera === "gate" && state === "online";
    try {
      await rig.orion.waitFor("camera.state_changed", isOnline);
    } finally {
      await camera[Symbol.asyncDispose]();
    }
    await rig.orion.waitFor("camera.retry_scheduled", ({ camera }) => camera === "gate");
    const since = rig.orion.stderr.all.length;
    await using _again = FaultyCamera.start({ clip, port, playback: { fps: 25 } });
    await rig.orion.waitFor("camera.state_changed", isOnline, { since });
    await rig.inferences("demo", 3);
    const status = assertReportCloses((await rig.get("/status")).body);
    assert.equal(status.confinement.landlock, "required");
    for (const { id, confinedBy } of [...status.cameras, ...status.workers]) {
      assert.deepEqual(confinedBy.slice(0, 2), ["files", "connections"], id);
    }
    assert.equal(await rig.stop(), 0);
  },
});

/** Gives the program that follows an `/etc` of its own: the test's folder `$1/etc`. */
const OWN_ETC = 'mount --bind "$1/etc" /etc';

/** Whether the kernel permits that: tried rather than assumed, in CI too. */
async function canReplaceEtc(): Promise<boolean> {
  using folder = tempFolder();
  folder.write("etc/hosts", "");
  await using child = inNamespace(folder.path, "[ ! -e /etc/passwd ]");
  return (await child.exit()).success;
}

function inNamespace(folder: string, command: string): OrionProcess {
  return new OrionProcess({
    name: "in a namespace",
    command: "sh",
    args: ["-c", 'exec unshare -rm sh -c "$2" "$0" "$1"', ROOT, folder]
      .concat(`${OWN_ETC} && ${command}`),
    env: { NO_COLOR: "1" },
  });
}

Deno.test({
  name: `confinement: when the file with the names is replaced, so is the camera's thread${lacks}`,
  ignore: ignoreWithout(...PARTS) || lacks !== "" || !await canReplaceEtc(),
  async fn() {
    using folder = tempFolder();
    folder.write("etc/nsswitch.conf", "hosts: files\n");
    const hosts = folder.write("etc/hosts", "127.0.0.1 localhost\n");
    const url = `rtsp://gate.test:${freePort()}/s`;
    const config = folder.write(
      "orion.yaml",
      `cameras: [{ id: gate, url: "${url}", reconnectMaxSeconds: 1 }]\ndetectors: []\n` +
        `mqtt: { listen: "127.0.0.1:${freePort()}" }\nhealth: { listen: off }\n`,
    );
    await using orion = inNamespace(
      folder.path,
      `exec sh "$0/scripts/orion.sh" run --log-format json --config ${config}`,
    );
    await orion.waitFor("camera.failed", ({ code }) => code === "STREAM_NAME_UNKNOWN");
    Deno.renameSync(folder.write("hosts.new", "127.0.0.1 gate.test\n"), hosts);
    await orion.waitFor("worker.restart_scheduled", ({ code }) => code === "CONFINEMENT_STALE");
    await orion.waitFor("camera.failed", ({ code }) => code === "STREAM_REFUSED");
    orion.signal("SIGTERM");
    assert.equal((await orion.exit()).code, 0);
  },
});

Deno.test({
  name:
    "confinement: permissions lists what each worker's native code may still do, and off lists nothing",
  ignore: ignoreWithout("libav"),
  async fn() {
    using folder = tempFolder();
    const permissions = async (landlock: string) => {
      const config = folder.write(
        "orion.yaml",
        'cameras: [{ id: gate, url: "rtsp://camera.example/s" }]\n' +
          `confinement: { landlock: ${landlock} }\n`,
      );
      const { stdout, stderr } = await runOrion(["permissions", "--config", config]);
      assert.match(stdout, /^capture gate:/m, stderr);
      return stdout.split("\n").filter((line) => line.includes("Landlock"));
    };
    assert.deepEqual(await permissions("auto"), [
      "  native code (Landlock): resolve names; connect to TCP port 554",
      "  native code (Landlock): read /proc/cpuinfo, /sys/devices/system/cpu",
    ]);
    assert.deepEqual(await permissions("off"), []);
  },
});
