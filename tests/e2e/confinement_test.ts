/** The product where Landlock is required: its workers do their work confined, and say so. */
import assert from "node:assert/strict";
import { FaultyCamera } from "../support/cameras/faulty_camera/camera.ts";
import { patternCameraClip } from "../support/cameras/faulty_camera/pattern_watch.ts";
import { runOrion } from "../support/product/process.ts";
import { assertReportCloses } from "../support/product/report.ts";
import { Rig } from "../support/product/rig.ts";
import { tempFolder } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";

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
