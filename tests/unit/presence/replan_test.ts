/** Another plan while stays are open. */
import assert from "node:assert/strict";
import type { PresencePlan, Zone } from "../../../src/core/presence_types.ts";
import { person, PresenceRig, SETTINGS, standing } from "../../support/presence/rig.ts";

const SOMEONE = [person(standing(600, 400))];
const ZONE: Zone = {
  id: "door",
  polygon: [{ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 1, y: 1 }, { x: 0, y: 1 }],
  classes: null,
};

function plan(
  cameras: readonly string[],
  { detectors = ["person"], zones = [], endSeconds = 5 }: {
    readonly detectors?: readonly string[];
    readonly zones?: readonly Zone[];
    readonly endSeconds?: number;
  } = {},
): PresencePlan {
  return {
    detectors: detectors.map((detector) => ({
      ...{ detector, cameras },
      settings: { ...SETTINGS, endSeconds },
    })),
    scenes: cameras.map((camera) => ({ camera, zones, lines: [] })),
  };
}

/** A rig with an open stay at each camera and detector. */
async function occupied(of: PresencePlan): Promise<PresenceRig> {
  const rig = new PresenceRig(of);
  await look(rig, of);
  return rig;
}

async function look(rig: PresenceRig, of: PresencePlan): Promise<void> {
  for (let frame = 0; frame < 2; frame++) {
    await rig.pass(200);
    for (const { detector, cameras } of of.detectors) {
      for (const camera of cameras) rig.see({ camera, detector, detections: SOMEONE });
    }
  }
}

const pairs = (rig: PresenceRig) =>
  rig.presence.open.map(({ camera, detector }) => `${camera} ${detector}`);

Deno.test("replan: stays of a removed camera or detector end, those of all others go on", async () => {
  const rig = await occupied(plan(["gate", "yard"], { detectors: ["person", "car"] }));
  const [gate] = rig.presence.open;
  assert.equal(rig.presence.open.length, 4);
  rig.presence.replan(plan(["gate"]));
  assert.deepEqual(pairs(rig), ["gate person"]);
  assert.equal(rig.presence.open[0]?.id, gate?.id);
  assert.deepEqual(rig.reasons, ["shutdown", "shutdown", "shutdown"]);
  await look(rig, plan(["gate"]));
  assert.deepEqual(rig.presence.open.map(({ id }) => id), [gate?.id], "it goes on");
  assert.equal(rig.see({ camera: "yard", detections: SOMEONE }), null);
});

Deno.test("replan: an added camera has its occupancy at once, and stays of its own", async () => {
  const rig = await occupied(plan(["gate"]));
  const since = rig.ledger.events.length;
  const other = plan(["gate", "shed"], { zones: [ZONE] });
  rig.presence.replan(other);
  const occupancies = rig.ledger.events.slice(since).flatMap((event) =>
    event.kind === "occupancy" ? [event.occupancy] : []
  );
  assert.deepEqual(
    occupancies.map(({ camera, zone, counts }) => `${camera} ${zone} ${JSON.stringify(counts)}`),
    ['gate door {"person":1}', "shed all {}", "shed door {}"],
  );
  await look(rig, other);
  assert.deepEqual(pairs(rig), ["gate person", "shed person"]);
});

Deno.test("replan: settings are those of the plan from the next frame on", async () => {
  const rig = await occupied(plan(["gate"]));
  rig.presence.replan(plan(["gate"], { endSeconds: 1 }));
  await rig.seeFor(8, 200);
  assert.deepEqual(rig.reasons, ["left"]);
});
