/** Shutdown as it looks from outside: what the broker hears, and how the process ends. */
import assert from "node:assert/strict";
import { DEMO_CLIP } from "../support/files.ts";
import { ignoreWithout } from "../support/parts.ts";
import { Rig } from "../support/rig.ts";
import { RtspServer } from "../support/rtsp_server.ts";

const DETECTOR = "detectors: [{ id: person, model: builtin:person-int8, rateHz: 5 }]";

Deno.test({
  name: "shutdown: the last inference comes before `offline`, which is retained, and the code is 0",
  ignore: ignoreWithout("libav", "mosquitto"),
  async fn() {
    await using rig = await Rig.start({
      config: `cameras: [{ id: gate, url: "demo:" }]\n${DETECTOR}`,
    });
    await rig.firstInference("gate");
    assert.equal(await rig.stop(), 0);
    const offline = await rig.subscriber.waitFor(({ topic, json }) =>
      topic === "orion/test/status" && json?.["state"] === "offline"
    );
    const { messages } = rig.subscriber;
    const at = messages.indexOf(
      messages.find(({ payload }) => payload === offline.payload) ?? offline,
    );
    const after = messages.slice(at + 1).map(({ topic }) => topic);
    assert.deepEqual(after, [], "nothing follows `offline`");
    const camera = messages.findLast(({ topic }) => topic === "orion/test/cameras/gate/status");
    assert.equal(camera?.json?.["state"], "offline");
    await using later = await rig.broker.subscribe("orion/test/status");
    const retained = await later.waitFor(({ retained }) => retained);
    assert.equal(retained.json?.["state"], "offline");
    const terminated = rig.orion.events().filter(({ event }) => event === "service.stopped-late");
    assert.deepEqual(terminated, [], "every worker stopped by itself");
    assert.equal(await rig.orion.groupAlive(), false);
  },
});

Deno.test({
  name: "shutdown: a camera that went silent delays it no further than its time",
  ignore: ignoreWithout("libav", "mosquitto", "gst-rtsp-server"),
  async fn() {
    await using camera = await RtspServer.start({ clip: DEMO_CLIP });
    await using rig = await Rig.start({
      config: [
        `cameras: [{ id: gate, url: "${camera.url}", stallTimeoutSeconds: 60 }]`,
        DETECTOR,
        "shutdownTimeoutSeconds: 5",
      ].join("\n"),
    });
    await rig.firstInference("gate");
    camera.freeze();
    try {
      const since = performance.now();
      assert.equal(await rig.stop(), 0);
      assert.ok(performance.now() - since < 5000, "within the shutdown time");
      await rig.subscriber.waitFor(({ topic, json }) =>
        topic === "orion/test/status" && json?.["state"] === "offline"
      );
      assert.equal(await rig.orion.groupAlive(), false);
    } finally {
      camera.thaw();
    }
  },
});

Deno.test({
  name: "shutdown: with the broker gone it still ends in time, with code 0",
  ignore: ignoreWithout("libav", "mosquitto"),
  async fn() {
    await using rig = await Rig.start({
      config: `cameras: [{ id: gate, url: "demo:" }]\n${DETECTOR}`,
    });
    await rig.firstInference("gate");
    await rig.broker.stop();
    await rig.orion.waitFor("mqtt.away");
    assert.equal(await rig.stop(), 0);
    assert.equal(await rig.orion.groupAlive(), false);
  },
});
