/** Runs presence through a simulated world. */
import { epochMs } from "../../../src/core/clock.ts";
import type { Stay } from "../../../src/core/presence_types.ts";
import { OPEN_STAYS_MS } from "../../../src/mqtt/publisher_thread.ts";
import { PresenceRig } from "./rig.ts";
import type { Fault, Sighting, World } from "./world.ts";

/** The newest report of the open stays to main, as the publisher's thread makes it. */
interface Reported {
  readonly atMs: number;
  readonly stays: readonly Stay[];
}

/** A stay as presence gave it. */
export interface GivenStay {
  readonly stay: Stay;
  /** The index of the inference with which it started. */
  readonly start: number;
}

export interface WorldRun {
  readonly stays: readonly GivenStay[];
  readonly rig: PresenceRig;
  /** When the world began, by the wall clock. */
  readonly beganAtMs: number;
}

export async function runWorld(world: World): Promise<WorldRun> {
  let rig = new PresenceRig();
  const beganAtMs = epochMs(rig.clock.wallMs());
  const starts: number[] = [];
  const byLook = sightingsByLook(world);
  let reported: Reported = { atMs: -Infinity, stays: [] };
  let nowMs = 0;
  const passTo = async (atMs: number) => {
    await rig.pass(atMs - nowMs);
    nowMs = atMs;
  };
  for (const [index, look] of world.looks.entries()) {
    for (const fault of look.faults) {
      await passTo(fault.fromMs);
      rig = await strike(rig, fault, { passTo, reported: reported.stays });
    }
    await passTo(look.atMs);
    const seen = byLook.get(index) ?? [];
    rig.see({
      detections: seen.filter(({ weak }) => !weak).map(({ detection }) => detection),
      weak: seen.filter(({ weak }) => weak).map(({ detection }) => detection),
    });
    if (look.atMs - reported.atMs >= OPEN_STAYS_MS && rig.presence.open.length > 0) {
      reported = { atMs: look.atMs, stays: rig.presence.open };
    }
    while (starts.length < rig.ledger.started) starts.push(index);
  }
  rig.presence.stop();
  const ended = new Map(rig.ledger.of("end").map((stay) => [stay.id, stay]));
  const stays = rig.ledger.of("start").map((stay, order) => ({
    stay: ended.get(stay.id) ?? stay,
    start: starts[order] ?? -1,
  }));
  return { stays, rig, beganAtMs };
}

function sightingsByLook({ sightings, false: others }: World): ReadonlyMap<number, Sighting[]> {
  const byLook = new Map<number, Sighting[]>();
  for (const [look, sighting] of [...sightings, others].flatMap((each) => [...each])) {
    const known = byLook.get(look);
    if (known === undefined) byLook.set(look, [sighting]);
    else known.push(sighting);
  }
  return byLook;
}

/** @returns the rig that goes on */
async function strike(
  rig: PresenceRig,
  { kind, toMs }: Fault,
  { passTo, reported }: {
    readonly passTo: (atMs: number) => Promise<void>;
    readonly reported: readonly Stay[];
  },
): Promise<PresenceRig> {
  switch (kind) {
    case "thread":
      return rig.replaced(undefined, asReported(rig.ledger.open, reported));
    case "worker":
      await passTo(toMs);
      return rig;
    case "short reconnect":
    case "long reconnect":
      rig.state("connecting");
      await passTo(toMs);
      rig.state("online");
      return rig;
    case "restart":
      // The next run reads the list of open stays back, and ends them.
      for (const stay of rig.ledger.open) {
        rig.ledger.add({
          kind: "end",
          stay: { ...stay, endedAtMs: stay.seenAtMs, reason: "restart" },
        });
      }
      return rig.replaced();
  }
}

/** What main knows of the open stays: as of the newest report or event. */
function asReported(open: readonly Stay[], reported: readonly Stay[]): readonly Stay[] {
  return open.map((stay) => reported.find(({ id }) => id === stay.id) ?? stay);
}
