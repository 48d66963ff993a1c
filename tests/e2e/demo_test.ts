/** The first command of the README: no configuration at all. */
import assert from "node:assert/strict";
import { tempFolder } from "../support/files.ts";
import { inferences, Schemas } from "../support/messages.ts";
import { Subscriber } from "../support/mosquitto.ts";
import { ignoreWithout } from "../support/parts.ts";
import { startOrion } from "../support/process.ts";
import { assertReportCloses } from "../support/report.ts";

/** Where the demo listens; somebody else may do so on a person's machine, and never in CI. */
const PORTS = [1883, 8080] as const;

function taken(): boolean {
  for (const port of PORTS) {
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      return true;
    }
  }
  return false;
}

Deno.test({
  name: "demo: with no configuration the clip's people arrive at the embedded broker",
  ignore: ignoreWithout("libav", "mosquitto") || (Deno.env.get("CI") !== "true" && taken()),
  async fn() {
    // An empty folder: there is no orion.yaml to be found.
    using folder = tempFolder();
    await using orion = startOrion(["run"], { cwd: folder.path });
    const starting = await orion.waitFor("service.starting");
    assert.equal(starting["broker"], "mqtt://127.0.0.1:1883");
    assert.equal(starting["http"], "http://127.0.0.1:8080");
    const seen = await orion.waitFor("detections");
    assert.match(String(seen["sees"]), /^person ×[12]$/);

    await using subscriber = await Subscriber.start({ port: 1883, topics: ["orion/#"] });
    const schemas = new Schemas();
    await subscriber.waitFor(() => inferences(subscriber.messages, schemas).length >= 3);
    for (const { camera, frame } of inferences(subscriber.messages, schemas)) {
      assert.deepEqual([camera, frame.width, frame.height], ["demo", 1280, 720]);
    }
    const status = await subscriber.waitFor(({ topic }) => topic === "orion/orion/status");
    assert.ok(status.retained);
    assert.equal(status.json?.["state"], "online");
    const report = assertReportCloses(await (await fetch("http://127.0.0.1:8080/status")).json());
    assert.equal(report.broker.embedded, true);

    orion.signal("SIGINT");
    assert.equal((await orion.exit()).code, 0);
    assert.equal(await orion.groupAlive(), false);
  },
});
