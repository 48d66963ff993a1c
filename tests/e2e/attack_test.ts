/** A short version of the attack in `scripts/soak/attack.ts`. */
import assert from "node:assert/strict";
import { runLeg } from "../../scripts/soak/attack/leg.ts";
import { ignoreWithout } from "../support/system/parts.ts";

Deno.test({
  name:
    "attack: hostile cameras, commands and connections all at once end nothing and learn no secret",
  ignore: ignoreWithout("libav", "mosquitto", "ffmpeg", "gst-rtsp-server"),
  async fn() {
    const { report, ...result } = await runLeg({
      ...{ leg: "embedded", seed: 20_261, hostileCameras: 3, warmUpMs: 0, rounds: 1 },
      ...{ sets: [["streams", "commands", "mqtt", "http", "presence"]], windowMs: 3000 },
    });
    assert.deepEqual([result.exitCode, result.leaks], [0, []]);
    assert.equal(report.broker.reconnects, 0);
    for (const { id, restarts } of report.workers) assert.equal(restarts, 0, id);
    for (
      const kind of ["MQTT connections", "HTTP requests", "commands in bursts", "scene commands"]
    ) {
      assert.ok((result.sent[kind] ?? 0) > 0, `no ${kind}: ${JSON.stringify(result.sent)}`);
    }
  },
});
