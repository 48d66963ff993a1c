/** SIGHUP: the configuration is read again, also while a camera and the broker are away. */
import assert from "node:assert/strict";
import { inferences, Schemas } from "../support/brokers/messages.ts";
import { RtspServer } from "../support/cameras/rtsp_server.ts";
import { OrionProcess } from "../support/product/process.ts";
import { assertReportCloses } from "../support/product/report.ts";
import { Rig } from "../support/product/rig.ts";
import { Child } from "../support/system/children.ts";
import { ROOT, tempFolder, TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { ignoreWithout, SYSTEM_PYTHON } from "../support/system/parts.ts";
import { freePort } from "../support/system/ports.ts";
import { processFigures } from "../support/system/process_figures.ts";

const RELOADS = 20;
/** After so many another camera takes the place of one: starting it takes the most time. */
const CAMERA_TURNS = 5;

const ZONES = "zones: [{ id: door, polygon: [[0,0],[1,0],[1,1]] }]";

/** Each differs from the one before in a rate, and some in a zone, or in a camera in place of another. */
function demo(turn: number): string {
  return [
    `cameras:\n  - { id: gate, url: "demo:"${turn % 3 === 1 ? `, ${ZONES}` : ""} }`,
    `  - { id: ${Math.floor(turn / CAMERA_TURNS) % 2 === 1 ? "shed" : "yard"}, url: "demo:" }`,
    "detectors:",
    `  - { id: person, model: builtin:person-int8, rateHz: ${turn % 2 === 1 ? 2 : 4} }`,
  ].join("\n");
}

/** Waits until the configuration was read again, for good or not. */
async function reloaded(orion: OrionProcess, signal: () => void): Promise<void> {
  const since = orion.stderr.all.length;
  signal();
  await orion.waitFor("config.reloaded", () => true, { since });
}

Deno.test({
  name:
    "reload: twenty in a row leave no thread and no descriptor behind, and one camera untouched",
  ignore: ignoreWithout("libav", "mosquitto"),
  async fn() {
    await using rig = await Rig.start({ config: demo(0) });
    await rig.firstInference("gate");
    const turn = async (each: number) => {
      rig.configure(demo(each));
      await reloaded(rig.orion, () => rig.orion.signal("SIGHUP"));
    };
    // The first one needs what all others need.
    await turn(CAMERA_TURNS);
    const isUp = async () => (await rig.get("/readyz")).status === 200;
    await rig.until("all is up", isUp);
    const first = await processFigures(rig.orion.pid);
    for (let each = 1; each <= RELOADS; each++) await turn(CAMERA_TURNS + each);
    // The last one has put a camera in the place of another.
    await rig.until("all is up again", isUp);
    await rig.until("threads and descriptors are those of before", async () => {
      const { workers, descriptors } = await processFigures(rig.orion.pid);
      return workers === first.workers && descriptors <= first.descriptors;
    });
    const report = assertReportCloses((await rig.get("/status")).body);
    assert.deepEqual(report.cameras.map(({ id, state }) => [id, state]), [
      ["gate", "online"],
      ["shed", "online"],
    ]);
    assert.equal(report.threadsAbandoned, 0);
    const gate = rig.orion.events().filter(({ event, camera }) =>
      event === "camera.state_changed" && camera === "gate"
    );
    assert.equal(gate.length, 2, "it was opened once");
    assert.equal(await rig.stop(), 0);
  },
});

Deno.test({
  name: "reload: while a camera hangs and the broker is away, and once they are back",
  ignore: ignoreWithout("libav", "mosquitto", "gst-rtsp-server"),
  async fn() {
    await using gate = await RtspServer.start({ clip: TWO_PEOPLE_CLIP });
    await using yard = await RtspServer.start({ clip: TWO_PEOPLE_CLIP });
    const config = (cameras: readonly string[]) =>
      `cameras: [${cameras.join()}]\n` +
      "detectors: [{ id: person, model: builtin:person-int8, rateHz: 5 }]";
    const named = (id: string, { url }: RtspServer, more = "") =>
      `{ id: ${id}, url: "${url}"${more} }`;
    await using rig = await Rig.start({
      config: config([named("gate", gate), named("yard", yard), named("shed", gate)]),
    });
    for (const id of ["gate", "yard", "shed"]) await rig.firstInference(id);
    const since = rig.orion.stderr.all.length;
    yard.freeze();
    await rig.broker.stop();
    await rig.orion.waitFor("mqtt.disconnected", () => true, { since });
    const turn = `, rotate: 180, stallTimeoutSeconds: 20`;
    rig.configure(config([named("gate", gate, `, ${ZONES}`), named("yard", yard, turn)]));
    await reloaded(rig.orion, () => rig.orion.signal("SIGHUP"));

    yard.thaw();
    await rig.broker.start();
    await using late = await rig.broker.subscribe("orion/#");
    const messagesOf = (id: string) =>
      inferences(late.messages, new Schemas()).filter(({ camera }) => camera === id);
    await late.waitFor(() => messagesOf("yard").length > 3 && messagesOf("gate").length > 3, {
      what: "inferences of both",
    });
    await late.waitFor(({ topic }) => topic === "orion/test/occupancy/gate/door");
    // What waited for the broker of the removed camera was inferred before.
    const retained = late.messages.filter(({ topic, payload }) =>
      /^orion\/test\/(cameras|occupancy)\/shed\//.test(topic) && payload !== ""
    );
    assert.deepEqual(retained, []);
    const report = assertReportCloses((await rig.get("/status")).body);
    assert.deepEqual(report.cameras.map(({ id }) => id), ["gate", "yard"]);
    assert.equal(report.workers[0]?.restarts, 0);
    assert.equal(gate.clients, 2, "the streams of the other camera and of the removed one");
    assert.equal(await rig.stop(), 0);
  },
});

Deno.test({
  name: "reload: SIGHUP of a terminal that is gone ends Orion in order",
  ignore: ignoreWithout("libav", "gst-rtsp-server"),
  async fn() {
    using folder = tempFolder();
    const config = folder.write(
      "orion.yaml",
      `cameras: [{ id: gate, url: "demo:" }]\ndetectors: []\n` +
        `mqtt: { listen: 127.0.0.1:${freePort()} }\nhealth: { listen: "off" }\n`,
    );
    await using terminal = new Child({
      name: "Orion on a terminal",
      command: SYSTEM_PYTHON,
      args: [`${ROOT}/tests/support/system/terminal.py`, "sh", `${ROOT}/scripts/orion.sh`]
        .concat(["run", "--config", config, "--log-format", "json"]),
      cwd: ROOT,
      env: { NO_COLOR: "1" },
    });
    await terminal.stdout.waitFor((line) => line.includes('"online"'), { what: "a camera online" });
    await terminal.say("hang up");
    await terminal.stdout.waitFor((line) => line.startsWith("ended with"), { what: "its end" });
    assert.equal(terminal.stdout.all.at(-1), "ended with 0");
    assert.equal((await terminal.exit()).code, 0);
    assert.equal(await terminal.groupAlive(), false);
  },
});
