/** Shutdown from outside: what the broker receives, and how the process exits. */
import assert from "node:assert/strict";
import { TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { isOffline, Rig } from "../support/product/rig.ts";
import { RtspServer } from "../support/cameras/rtsp_server.ts";

const MARKER = "orion/marker";
const SHUTDOWN_SECONDS = 8;
const DETECTOR = "detectors: [{ id: person, model: builtin:person-int8, rateHz: 5 }]";
/** A command whose answer never comes by itself, and one that is answered at once. */
const COMMANDS = [
  { command: "snapshot", params: { camera: "gate" } },
  { command: "resume", params: {} },
] as const;

Deno.test({
  name: "shutdown: the last inference comes before `offline`, which is retained, and the code is 0",
  ignore: ignoreWithout("libav", "mosquitto"),
  async fn() {
    await using rig = await Rig.start({
      config: `cameras: [{ id: gate, url: "demo:" }]\n${DETECTOR}`,
    });
    await rig.firstInference("gate");
    assert.equal(await rig.stop(), 0);
    // The subscriber receives everything that was published before this first.
    await rig.broker.publish(MARKER, "now");
    await rig.subscriber.waitFor(({ topic }) => topic === MARKER);
    const { messages } = rig.subscriber;
    // If the broker is slow to acknowledge `offline`, the last will repeats it.
    const after = messages.slice(messages.findIndex(isOffline))
      .filter((message) => !isOffline(message)).map(({ topic }) => topic);
    assert.deepEqual(after, [MARKER], "nothing follows `offline`");
    const first = (part: string) => messages.findIndex(({ topic }) => topic.includes(part));
    assert.ok(first("/cameras/gate/status") < first("/occupancy/"), "before models are loaded");
    const camera = messages.findLast(({ topic }) => topic === "orion/test/cameras/gate/status");
    assert.equal(camera?.json?.["state"], "offline");
    await using later = await rig.broker.subscribe("orion/test/status");
    const retained = await later.waitFor(({ retained }) => retained);
    assert.equal(retained.json?.["state"], "offline");
    const terminated = rig.orion.events().filter(({ event }) => event === "service.stop_timed_out");
    assert.deepEqual(terminated, [], "every worker stopped by itself");
    assert.equal(await rig.orion.groupAlive(), false);
  },
});

Deno.test({
  name: "shutdown: a stalled camera delays it by no more than the shutdown time",
  ignore: ignoreWithout("libav", "mosquitto", "gst-rtsp-server"),
  async fn() {
    await using camera = await RtspServer.start({ clip: TWO_PEOPLE_CLIP });
    await using rig = await Rig.start({
      config: [
        `cameras: [{ id: gate, url: "${camera.url}", stallTimeoutSeconds: 60 }]`,
        DETECTOR,
        `shutdownTimeoutSeconds: ${SHUTDOWN_SECONDS}`,
      ].join("\n"),
    });
    await rig.firstInference("gate");
    camera.freeze();
    try {
      const answered = (name: string) =>
        rig.subscriber.waitFor(({ json }) => json?.["command"] === name, { what: name });
      for (const each of COMMANDS) {
        const command = JSON.stringify({ schema: "orion.command/1", ...each });
        await rig.broker.publish("orion/test/control", command);
      }
      // The one before it has arrived as well.
      await answered("resume");
      const since = performance.now();
      assert.equal(await rig.stop(), 0);
      assert.ok(performance.now() - since < SHUTDOWN_SECONDS * 1000, "within the shutdown time");
      await answered("snapshot");
      assert.equal(await rig.orion.groupAlive(), false);
    } finally {
      camera.thaw();
    }
  },
});

Deno.test({
  name: "shutdown: without a broker it still completes in time, with code 0",
  ignore: ignoreWithout("libav", "mosquitto"),
  async fn() {
    await using rig = await Rig.start({
      config: `cameras: [{ id: gate, url: "demo:" }]\n${DETECTOR}`,
    });
    await rig.firstInference("gate");
    await rig.broker.stop();
    await rig.orion.waitFor("mqtt.disconnected");
    assert.equal(await rig.stop(), 0);
    assert.equal(await rig.orion.groupAlive(), false);
  },
});
