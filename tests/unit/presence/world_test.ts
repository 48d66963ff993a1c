/**
 * Presence in simulated worlds of 300 stays: walkers who cross, stop, turn, hide, leave and come back, seen
 * with the bundled model's missed and false detections, with threads, workers, cameras and Orion failing.
 *
 * A true stay is a maximal time in which a walker is not absent for `endSeconds`. Some worlds do not show
 * by positions alone who is who, so a part of the starts may be wrong; no stay may be without an end, and
 * the ledger balances at every moment.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { compare } from "../../support/presence/compare.ts";
import { person, PresenceRig, standing } from "../../support/presence/rig.ts";
import { Random } from "../../support/presence/random.ts";
import { makeWorld } from "../../support/presence/world.ts";
import { runWorld } from "../../support/presence/world_run.ts";

/** The part of the stays that may be missed or doubled, and the part that may end at a wrong time. */
const CASES = [
  { name: "one after another, 10 Hz", rateHz: 10, alone: true, wrong: 0.006, wrongEnds: 0.006 },
  { name: "one after another, 5 Hz", rateHz: 5, alone: true, wrong: 0.006, wrongEnds: 0.012 },
  { name: "one after another, 1 Hz", rateHz: 1, alone: true, wrong: 0.02, wrongEnds: 0.03 },
  { name: "up to four at once, 10 Hz", rateHz: 10, alone: false, wrong: 0.015, wrongEnds: 0.015 },
  { name: "up to four at once, 5 Hz", rateHz: 5, alone: false, wrong: 0.015, wrongEnds: 0.015 },
  { name: "up to four at once, 1 Hz", rateHz: 1, alone: false, wrong: 0.06, wrongEnds: 0.05 },
] as const;

for (const { name, rateHz, alone, wrong, wrongEnds } of CASES) {
  Deno.test(`world: ${name}: each stay has one start and one end`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1_000_000), async (seed) => {
        const world = makeWorld({ seed, rateHz, stays: 300, alone, withFaults: true });
        const run = await runWorld(world);
        const found = compare(world, run);
        assert.equal(found.endless, 0);
        assert(found.truth >= 280, JSON.stringify(found));
        const part = (found.missed + found.doubled) / found.truth;
        assert(part <= wrong, JSON.stringify(found));
        assert(found.wrongEnds / found.truth <= wrongEnds, JSON.stringify(found));
      }),
      { numRuns: 1, endOnFailure: true },
    );
  });
}

Deno.test("world: a distant walker who flickers changes the occupancy three times at most", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(1_000_000), async (seed) => {
      const random = new Random(seed);
      const rig = new PresenceRig();
      let byFrame = 0;
      let frame = 0;
      const see = async (frames: number, isSeen: boolean) => {
        byFrame++;
        for (const end = frame + frames; frame < end; frame++) {
          const box = standing(200 + 2 * frame + random.normal(1), 300, 40);
          await rig.seeFor(1, 200, isSeen ? { detections: [person(box, 0.5)] } : {});
        }
      };
      // In two of five frames, in bursts.
      while (frame < 45 * 5) {
        await see(Math.round(random.between(1.5, 4.5)), true);
        await see(Math.round(random.between(2, 7)), false);
      }
      const changes = rig.ledger.occupancy("all").length - 1;
      assert(byFrame >= 32, `by frame ${byFrame}`);
      assert(changes <= 3, `by stays ${changes}`);
      assert(changes >= 1);
      rig.presence.stop();
    }),
    { numRuns: 20, endOnFailure: true },
  );
});
