/** Other settings while the publisher runs: what is retained follows. */
import assert from "node:assert/strict";
import type { Replan } from "../../../src/core/publisher_types.ts";
import type { SnapshotMode } from "../../../src/core/presence_types.ts";
import { FORMER_SETTLE_MS } from "../../../src/mqtt/home_assistant/announcer.ts";
import { LISTEN_MS } from "../../../src/mqtt/retained_reader.ts";
import { homeAssistantPlan, presencePlan, zone } from "../../support/home_assistant/plans.ts";
import { rig } from "./publisher_rig.ts";

const ROOT = "orion/lobby-1";

function planOf(cameras: readonly string[], snapshot: SnapshotMode = "none"): Replan {
  return {
    homeAssistant: homeAssistantPlan(...cameras),
    presence: presencePlan(cameras, snapshot, [zone("door")]),
  };
}

/** A connected publisher that has announced and published all of two cameras. */
async function published(snapshot: SnapshotMode = "none") {
  const started = rig({ plan: planOf(["gate", "yard"], snapshot) });
  const { clock, link, publisher } = started;
  link.connect();
  await clock.pass(FORMER_SETTLE_MS + LISTEN_MS);
  for (const camera of ["gate", "yard"]) {
    const sinceMs = clock.wallMs();
    publisher.publishCamera({ camera, state: "online", sinceMs, reason: null, reconnects: 0 });
    publisher.publishDetect(camera, true);
    for (const zone of ["all", "door"]) {
      const occupancy = { camera, zone, occupied: false, counts: {}, sinceMs };
      publisher.presence.emit({ kind: "occupancy", occupancy });
    }
  }
  link.sent.splice(0);
  return started;
}

const cleared = ({ sent }: Awaited<ReturnType<typeof published>>["link"]) =>
  sent.flatMap(({ message: { topic, payload, retain } }) => payload === "" && retain ? [topic] : [])
    .sort();

const OF_YARD = [
  `${ROOT}/cameras/yard/detect`,
  `${ROOT}/cameras/yard/status`,
  `${ROOT}/occupancy/yard/all`,
  `${ROOT}/occupancy/yard/door`,
];

Deno.test("replan: nothing stays retained of a removed camera, and all of an added one is announced", async () => {
  const { link, publisher } = await published();
  publisher.replan(planOf(["gate", "shed"]));
  const topics = cleared(link);
  assert.deepEqual(topics.filter((topic) => topic.startsWith(ROOT)), OF_YARD);
  const entities = topics.filter((topic) => topic.startsWith("homeassistant/"));
  assert.ok(entities.length > 5 && entities.every((topic) => /\/yard_[^/]+\/config$/.test(topic)));
  const announced = link.sent.filter(({ message: { topic, payload } }) =>
    topic.startsWith("homeassistant/") && payload !== ""
  ).map(({ message: { topic } }) => topic.replace("/shed_", "/yard_"));
  assert.deepEqual(announced.sort(), entities, "the same entities");
  link.disconnect();
  link.connect();
  const again = link.sent.filter(({ message: { topic } }) => topic.includes("/yard"));
  assert.deepEqual(again, [], "none of it is published with the next connection");
});

Deno.test("replan: while the broker is away it is cleared with the next connection", async () => {
  const { link, publisher } = await published();
  link.disconnect();
  publisher.replan(planOf(["gate"]));
  link.connect();
  assert.deepEqual(cleared(link).filter((topic) => topic.startsWith(ROOT)), OF_YARD);
});

Deno.test("replan: pictures that are not allowed any more are found on the broker and cleared", async () => {
  const { clock, link, publisher } = await published("crop");
  link.retained.set(`${ROOT}/pictures/gate/person`, "jpeg");
  link.retained.set(`${ROOT}/pictures/yard/person`, "jpeg");
  publisher.replan(planOf(["gate"], "crop"));
  await clock.pass(LISTEN_MS);
  const pictures = () => cleared(link).filter((topic) => topic.includes("/pictures/"));
  assert.deepEqual(pictures(), [`${ROOT}/pictures/yard/person`]);
  link.retained.delete(`${ROOT}/pictures/yard/person`);
  link.sent.splice(0);
  publisher.replan(planOf(["gate"], "none"));
  await clock.pass(LISTEN_MS);
  assert.deepEqual(pictures(), [`${ROOT}/pictures/gate/person`]);
});
