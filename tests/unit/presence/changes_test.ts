/** Zones, lines, settings, pauses, pictures, and a thread that is replaced. */
import assert from "node:assert/strict";
import type { Line, Scene, Zone } from "../../../src/core/presence_types.ts";
import { person, plan, PresenceRig, SETTINGS, standing } from "../../support/presence/rig.ts";

const SOMEONE = { detections: [person(standing(600, 400))] };

/** A zone from one part of the picture's width to another. */
function zone(id: string, from: number, to: number, classes: Zone["classes"] = null): Zone {
  const polygon = [{ x: from, y: 0 }, { x: to, y: 0 }, { x: to, y: 1 }, { x: from, y: 1 }];
  return { id, polygon, classes };
}

const LINE: Line = { id: "gate", from: { x: 0.5, y: 1 }, to: { x: 0.5, y: 0 } };

function scene(zones: readonly Zone[], lines: readonly Line[] = []): Scene {
  return { camera: "gate", zones, lines };
}

/** The occupancy events so far, as `zone: counts`. */
function occupancies(rig: PresenceRig): readonly string[] {
  return rig.ledger.events.flatMap((event) =>
    event.kind === "occupancy"
      ? [`${event.occupancy.zone}: ${JSON.stringify(event.occupancy.counts)}`]
      : []
  );
}

/** Walks from one place to another in steps of 200 ms. */
async function walk(rig: PresenceRig, from: number, to: number): Promise<void> {
  const steps = Math.ceil(Math.abs(to - from) / 20);
  for (let step = 0; step <= steps; step++) {
    const x = from + (to - from) * step / steps;
    await rig.seeFor(1, 200, { detections: [person(standing(x, 400))] });
  }
}

Deno.test("zones of a stay: it enters and leaves them, and they are counted", async () => {
  const zones = [zone("left", 0, 0.5), zone("right", 0.5, 1), zone("cars", 0, 1, ["car"])];
  const rig = new PresenceRig(plan({ zones }));
  assert.deepEqual(occupancies(rig), ["all: {}", "left: {}", "right: {}", "cars: {}"]);
  await walk(rig, 400, 900);
  assert.deepEqual(rig.ledger.of("start")[0]?.zones, { current: ["left"], visited: ["left"] });
  assert.deepEqual(rig.presence.open[0]?.zones, {
    current: ["right"],
    visited: ["left", "right"],
  });
  assert.deepEqual(occupancies(rig).slice(4), [
    'all: {"person":1}',
    'left: {"person":1}',
    'right: {"person":1}',
    'left: {"person":0}',
  ]);
  rig.presence.stop();
  assert.deepEqual(occupancies(rig).slice(8), ['all: {"person":0}', 'right: {"person":0}']);
});

Deno.test("placements: the part of each box in every zone that counts its class", () => {
  const zones = [zone("left", 0, 0.5), zone("right", 0.5, 1), zone("cars", 0, 1, ["car"])];
  const rig = new PresenceRig(plan({ zones }));
  const box = { x: 620, y: 200, width: 80, height: 200 };
  const placements = rig.see({ detections: [person(box), person(standing(100, 400))] });
  assert.deepEqual(placements?.map(({ zones }) => zones), [
    [{ id: "left", overlap: 0.25 }, { id: "right", overlap: 0.75 }],
    [{ id: "left", overlap: 1 }],
  ]);
  assert.equal(new Set(placements?.map(({ track }) => track)).size, 2);
});

Deno.test("crossings: a stay crosses a line once each way, behind its start", async () => {
  const rig = new PresenceRig(plan({ lines: [LINE] }));
  await walk(rig, 400, 900);
  await walk(rig, 900, 400);
  assert.deepEqual(rig.crossings.map(({ direction }) => direction), ["right", "left"]);
  const [stay] = rig.presence.open;
  const [crossing] = rig.crossings;
  assert.deepEqual(
    [crossing?.camera, crossing?.line, crossing?.class, crossing?.track],
    ["gate", "gate", "person", stay?.track],
  );
  rig.presence.stop();
});

Deno.test("crossings: one that crosses before it is confirmed crosses with its start", async () => {
  const rig = new PresenceRig(plan({ lines: [LINE] }));
  await rig.seeFor(1, 1000, { detections: [person(standing(580, 400))] });
  await rig.seeFor(1, 1000, { detections: [person(standing(700, 400))] });
  assert.deepEqual(rig.ledger.events.slice(1).map(({ kind }) => kind), [
    "start",
    "crossing",
    "occupancy",
  ]);
  rig.presence.stop();
});

Deno.test("set_zones: zones that are gone are reported empty, new ones with who is in them", async () => {
  const rig = new PresenceRig(plan({ zones: [zone("left", 0, 0.5), zone("door", 0, 0.3)] }));
  await rig.seeFor(2, 200, SOMEONE);
  const before = occupancies(rig).length;
  rig.presence.change({
    kind: "scene",
    scene: scene([zone("left", 0, 0.5), zone("mid", 0.4, 0.6)]),
  });
  assert.deepEqual(occupancies(rig).slice(before), ["door: {}", 'mid: {"person":1}']);
  assert.deepEqual(rig.presence.open[0]?.zones, {
    current: ["left", "mid"],
    visited: ["left", "mid"],
  });
  rig.presence.change({ kind: "scene", scene: scene([zone("left", 0.9, 1)]) });
  assert.deepEqual(rig.ledger.occupancy("left").at(-1)?.counts, { person: 0 });
  assert.deepEqual(rig.ledger.occupancy("mid").at(-1), {
    ...{ camera: "gate", zone: "mid", occupied: false, counts: {} },
    sinceMs: rig.clock.wallMs(),
  });
  assert.deepEqual(rig.presence.open[0]?.zones, { current: [], visited: ["left", "mid"] });
  rig.presence.stop();
});

Deno.test("set_zones: the same zones again change nothing", async () => {
  const zones = [zone("left", 0, 0.5)];
  const rig = new PresenceRig(plan({ zones, lines: [LINE] }));
  await walk(rig, 560, 620);
  // In the zone yet, by hysteresis, and not beyond the line.
  await rig.seeFor(1, 200, { detections: [person(standing(655, 400))] });
  const before = rig.ledger.events.length;
  rig.presence.change({ kind: "scene", scene: structuredClone(scene(zones, [LINE])) });
  assert.equal(rig.ledger.events.length, before);
  assert.deepEqual(rig.presence.open[0]?.zones.current, ["left"]);
  await rig.seeFor(1, 200, { detections: [person(standing(665, 400))] });
  assert.equal(rig.crossings.length, 1);
  rig.presence.stop();
});

Deno.test("set_presence: applies from the next frame on", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(2, 200, SOMEONE);
  await rig.seeFor(10, 200);
  const settings = { ...SETTINGS, endSeconds: 2, start: { frames: 3, of: 3 } };
  rig.presence.change({ kind: "settings", detector: "person", settings });
  assert.deepEqual(rig.reasons, []);
  await rig.seeFor(1, 200);
  assert.deepEqual(rig.reasons, ["left"]);
  await rig.seeFor(2, 200, SOMEONE);
  assert.equal(rig.ledger.started, 1);
  await rig.seeFor(1, 200, SOMEONE);
  assert.equal(rig.ledger.started, 2);
  rig.presence.stop();
});

Deno.test("pause: ends the stays of that detector at once, and follows nothing", async () => {
  const rig = new PresenceRig();
  const [placed] = rig.see(SOMEONE) ?? [];
  await rig.seeFor(1, 200, SOMEONE);
  const pause = (paused: boolean) =>
    rig.presence.change({ kind: "paused", camera: "gate", detector: "person", paused });
  pause(true);
  assert.deepEqual(rig.reasons, ["paused"]);
  assert.equal(rig.ledger.occupancy("all").at(-1)?.occupied, false);
  // A result that was on its way.
  assert.deepEqual(rig.see(SOMEONE), [{ track: null, zones: [] }]);
  pause(false);
  const [after] = rig.see(SOMEONE) ?? [];
  assert.notEqual(after?.track, placed?.track);
  await rig.seeFor(1, 200, SOMEONE);
  assert.equal(rig.ledger.started, 2);
  rig.presence.stop();
});

Deno.test("two detectors: each has its stays, and of one class the most are counted", async () => {
  const rig = new PresenceRig({
    ...plan(),
    detectors: ["person", "second"].map((detector) => ({
      ...{ detector, cameras: ["gate"], settings: SETTINGS },
    })),
  });
  await rig.seeFor(2, 200, SOMEONE);
  await rig.seeFor(2, 200, { ...SOMEONE, detector: "second" });
  assert.equal(rig.ledger.started, 2);
  assert.deepEqual(occupancies(rig), ["all: {}", 'all: {"person":1}']);
  rig.presence.change({ kind: "paused", camera: "gate", detector: "person", paused: true });
  assert.deepEqual(rig.reasons, ["paused"]);
  assert.equal(occupancies(rig).length, 2);
  rig.presence.stop();
});

Deno.test("pictures: asked for at the start and when a frame is better; best is what is kept", async () => {
  const rig = new PresenceRig(plan({ settings: { snapshot: "crop" } }));
  await rig.seeFor(2, 200, SOMEONE);
  const [stay] = rig.ledger.of("start");
  const box = standing(600, 400);
  const asked = { camera: "gate", detector: "person", stay: stay?.id, mode: "crop" };
  assert.deepEqual(rig.keeps, [{ ...asked, seq: 1, box }]);
  assert.equal(stay?.best.seq, 1);
  rig.presence.kept(stay?.id ?? "", 1);
  await rig.seeFor(20, 200, SOMEONE);
  assert.equal(rig.keeps.length, 1, "none is better");
  const larger = standing(600, 400, 250);
  await rig.seeFor(1, 200, { detections: [person(larger)] });
  assert.deepEqual(rig.keeps.slice(1), [{ ...asked, seq: 22, box: larger }]);
  assert.equal(rig.presence.open[0]?.best.seq, 1);
  rig.presence.kept(stay?.id ?? "", 22);
  assert.deepEqual(rig.presence.open[0]?.best.box, larger);
  rig.presence.kept("unknown", 23);
  rig.presence.stop();
});

Deno.test("pictures: without them no camera is asked, and best follows the score", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(2, 200, SOMEONE);
  await rig.seeFor(1, 200, { detections: [person(standing(600, 400), 0.9)] });
  assert.deepEqual(rig.keeps, []);
  assert.equal(rig.presence.open[0]?.best.seq, 2);
  rig.presence.stop();
});

Deno.test("resume: stays go on with their id, track, zones and best frame", async () => {
  const zones = [zone("left", 0, 0.5)];
  const before = new PresenceRig(plan({ zones, lines: [LINE] }));
  await walk(before, 400, 600);
  await before.pass(2000);
  const [stay] = before.ledger.open;
  const after = before.replaced(plan({ zones, lines: [LINE] }));
  assert.deepEqual(after.presence.open, [stay]);
  assert.deepEqual(after.ledger.occupancy("left").at(-1)?.counts, { person: 1 });
  await after.seeFor(1, 200, { detections: [person(standing(700, 400))] });
  assert.equal(after.ledger.started, 1);
  assert.deepEqual(after.crossings.map(({ track }) => track), [stay?.track]);
  const [open] = after.presence.open;
  assert.deepEqual(
    [open?.id, open?.startedAtMs, open?.best],
    [stay?.id, stay?.startedAtMs, stay?.best],
  );
  await after.seeFor(25, 200);
  assert.deepEqual(after.reasons, ["left"]);
});

Deno.test("resume: neither a stepped clock nor the time without a thread ends a stay", async () => {
  for (const stepMs of [-3_600_000, 0, 3_600_000]) {
    const before = new PresenceRig();
    await before.seeFor(2, 200, SOMEONE);
    before.clock.stepWall(stepMs);
    const after = before.replaced();
    // The first frame misses it.
    await after.seeFor(1, 200);
    assert.deepEqual(after.reasons, []);
    await after.seeFor(1, 200, SOMEONE);
    assert.equal(after.ledger.started, 1);
    assert.equal(after.presence.open.length, 1);
    after.presence.stop();
  }
});

Deno.test("resume: the timers begin anew", async () => {
  const before = new PresenceRig();
  await before.seeFor(2, 200, SOMEONE);
  const [stay] = before.ledger.open;
  const after = before.replaced();
  await after.pass(29_999);
  assert.deepEqual(after.reasons, []);
  await after.pass(1);
  assert.deepEqual(after.reasons, ["detector_lost"]);
  assert.deepEqual(after.ledger.of("end")[0]?.endedAtMs, stay?.seenAtMs);
});

Deno.test("resume: the stays of a detector without presence end", async () => {
  const before = new PresenceRig();
  await before.seeFor(2, 200, SOMEONE);
  const after = before.replaced({ detectors: [], scenes: [] });
  assert.deepEqual(after.reasons, ["detector_lost"]);
});
