/** The configuration is read again: what it changes is applied, and nothing else is touched. */
import assert from "node:assert/strict";
import { z } from "zod";
import { inferences, Schemas } from "../support/brokers/messages.ts";
import type { Received } from "../support/brokers/mosquitto.ts";
import { RtspServer } from "../support/cameras/rtsp_server.ts";
import { Operator } from "../support/product/operator.ts";
import { asReport, assertReportCloses } from "../support/product/report.ts";
import { Rig } from "../support/product/rig.ts";
import { TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";

const ignore = ignoreWithout("libav", "mosquitto", "gst-rtsp-server");
const EVERYTHING = "[[0,0],[1,0],[1,1],[0,1]]";
const DISCOVERY = "  homeAssistant: { discoveryPrefix: homeassistant }\n";

const problemsSchema = z.object({ problems: z.array(z.object({ path: z.string() })) });

function camera(id: string, { url }: { readonly url: string }, more = ""): string {
  return `  - { id: ${id}, url: "${url}"${more} }`;
}

function config(
  cameras: readonly string[],
  detector = "rateHz: 5",
  others: readonly string[] = [],
): string {
  return [
    ...["cameras:", ...cameras, "detectors:"],
    `  - { id: person, model: builtin:person-int8, classes: [person], ${detector} }`,
    ...others,
  ].join("\n");
}

/** Asserts that the stream of a camera was the same one all the time. */
function assertOneStream(rig: Rig, of: string, server: RtspServer): void {
  assert.equal(server.clients, 1, "it was opened once");
  const states = rig.orion.events().filter(({ event, camera }) =>
    event === "camera.state_changed" && camera === of
  );
  assert.deepEqual(states.map(({ state }) => state), ["connecting", "online"]);
  const numbers = inferences(rig.subscriber.messages, new Schemas())
    .filter(({ camera, detector }) => camera === of && detector === "person")
    .map(({ frame }) => frame.seq);
  assert.deepEqual(numbers, [...new Set(numbers)].sort((a, b) => a - b), "numbers only increase");
}

Deno.test({
  name:
    "reload: cameras, zones and rates are added, changed and removed; the others are not touched",
  ignore,
  async fn() {
    await using gate = await RtspServer.start({ clip: TWO_PEOPLE_CLIP });
    await using yard = await RtspServer.start({ clip: TWO_PEOPLE_CLIP });
    await using rig = await Rig.start({
      config: config([camera("gate", gate), camera("yard", yard)], "rateHz: 5", [
        "  - { id: other, model: builtin:person-int8, rateHz: 1, cameras: [gate] }",
      ]),
      mqtt: DISCOVERY,
    });
    await using announced = await rig.broker.subscribe("homeassistant/#");
    await rig.firstInference("gate");
    const isOfYard = (kind: string) => ({ topic, json }: Received) =>
      topic === "orion/test/presence/yard" && json?.["type"] === kind;
    await rig.subscriber.waitFor(isOfYard("start"));
    await announced.waitFor(({ topic }) => topic.endsWith("/yard_connectivity/config"));
    const operator = new Operator(rig);
    assert.equal(
      await operator.send("set_confidence", { detector: "person", confidence: 0.3 }),
      "ok",
    );

    const zones = `, stallTimeoutSeconds: 20, zones: [{ id: door, polygon: ${EVERYTHING} }]`;
    const since = rig.subscriber.messages.length;
    rig.configure(config([camera("gate", gate, zones), camera("shed", yard)], "rateHz: 10"));
    const { data, error } = await operator.command("reload");
    assert.equal(error, null);
    assert.deepEqual(data, {
      cameras: { added: ["shed"], removed: ["yard"], changed: ["gate"], reconnected: [] },
      detectors: { added: [], removed: ["other"], changed: ["person"], loaded: [] },
      settings: [],
    });

    await rig.inferences("shed", 3);
    const first = (topic: string) => (each: Received) => each.topic === `orion/test/${topic}`;
    await rig.subscriber.waitFor(first("occupancy/gate/door"), { since });
    for (const cleared of ["cameras/yard/status", "cameras/yard/detect", "occupancy/yard/all"]) {
      await rig.subscriber.waitFor((each) => first(cleared)(each) && each.payload === "", {
        since,
      });
    }
    const entity = (name: string) => `homeassistant/binary_sensor/test/${name}/config`;
    await announced.waitFor(({ topic, payload }) =>
      topic === entity("yard_connectivity") && payload === ""
    );
    await announced.waitFor(({ topic, payload }) =>
      topic === entity("shed_connectivity") && payload !== ""
    );
    const starts = rig.subscriber.messages.filter(isOfYard("start")).length;
    const ends = () => rig.subscriber.messages.filter(isOfYard("end"));
    await rig.subscriber.waitFor(() => ends().length === starts, { what: "the end of each stay" });
    assert.ok(ends().every(({ json }) => json?.["reason"] === "shutdown"));

    const report = assertReportCloses((await rig.get("/status")).body);
    assert.deepEqual(report.cameras.map(({ id }) => id), ["gate", "shed"]);
    const rates = report.cameras.map(({ ledger }) => ledger.detectors.map(({ rateHz }) => rateHz));
    assert.deepEqual(rates, [[10], [10]]);
    assert.deepEqual(report.workers.map(({ id, restarts }) => [id, restarts]), [["person-0", 0]]);
    assert.match(JSON.stringify(report.overrides), /"confidence"/, "a command's change stays");
    const metrics = await (await fetch(`${rig.httpUrl}/metrics`)).text();
    assert.equal(/camera="yard"|detector="other"/.test(metrics), false);
    assert.ok(metrics.includes('camera="shed"'));
    assertOneStream(rig, "gate", gate);
    assert.equal(rig.orion.events().filter(({ event }) => event === "detector.loaded").length, 2);
    assert.equal(await rig.stop(), 0);
  },
});

Deno.test({
  name:
    "reload: what is wrong, needs a permission or a restart is refused by name; nothing changes",
  ignore,
  async fn() {
    await using gate = await RtspServer.start({ clip: TWO_PEOPLE_CLIP });
    await using rig = await Rig.start({ config: config([camera("gate", gate)]) });
    await rig.firstInference("gate");
    const operator = new Operator(rig);
    const refusal = async (text: string) => {
      rig.configure(text);
      const { error } = await operator.command("reload");
      const { problems } = problemsSchema.parse({ problems: [], ...error });
      return {
        code: error?.code,
        message: error?.message,
        paths: problems.map(({ path }) => path),
      };
    };
    const other = camera("yard", { url: "rtsp://192.0.2.7:8554/s" });
    const twoProblems = [camera("gate", gate, ", roi: 1, zonez: []")];
    const wrong = await refusal(config(twoProblems));
    assert.deepEqual([wrong.code, wrong.paths], ["CONFIG", ["cameras[0].roi", "cameras[0].zonez"]]);
    const lacking = await refusal(
      config([camera("gate", gate, ", masks: []"), other], "rateHz: 1"),
    );
    assert.deepEqual([lacking.code, lacking.paths], ["PERMISSIONS", ["cameras[1].url"]]);
    assert.match(lacking.message ?? "", /192\.0\.2\.7:8554/);
    const fixed = await refusal(
      `confinement: { landlock: "off" }\n${config([camera("gate", gate)])}`,
    );
    assert.deepEqual(
      [fixed.code, fixed.paths],
      ["RELOAD_NEEDS_RESTART", ["confinement.landlock"]],
    );
    rig.folder.write("models/broken.onnx", "not a model");
    const broken = config([camera("gate", gate)], "rateHz: 1")
      .replace("builtin:person-int8", "models/broken.onnx");
    assert.match((await refusal(broken)).code ?? "", /^MODEL_/);
    for (const code of ["CONFIG", "PERMISSIONS", "RELOAD_NEEDS_RESTART"]) {
      await rig.orion.waitFor("config.reload_refused", (event) => event["code"] === code);
    }
    await rig.orion.waitFor("config.problem_found", ({ path }) => path === "cameras[0].zonez");

    await operator.next("gate", 3);
    const report = asReport((await rig.get("/status")).body);
    assert.deepEqual(report.cameras.map(({ ledger }) => ledger.detectors[0]?.rateHz), [5]);
    assert.equal(report.workers[0]?.restarts, 0);
    assertOneStream(rig, "gate", gate);
    assert.equal(await rig.stop(), 0);
  },
});
