/** The second simulated world of `scripts/soak/presence_world.ts`. */
import assert from "node:assert/strict";
import { makeObliqueWorld } from "../../../scripts/soak/presence_world/oblique_world.ts";
import { SIZE } from "../../support/presence/rig.ts";
import type { World } from "../../support/presence/world.ts";

const OPTIONS = { seed: 101, rateHz: 3, stays: 5, alone: false };

function boxes({ sightings, false: others }: World) {
  return [...sightings, others].flatMap((seen) => [...seen.values()])
    .map(({ detection: { box } }) => box);
}

Deno.test("oblique world: it follows from its seed", () => {
  const world = makeObliqueWorld(OPTIONS);
  assert.deepEqual(makeObliqueWorld(OPTIONS), world);
  // The figures of the decisions are of these worlds.
  const { looks, sightings, forced } = world;
  assert.deepEqual([looks.length, sightings.map(({ size }) => size), forced], [
    289,
    [10, 24, 100, 14],
    0,
  ]);
  assert.notDeepEqual(makeObliqueWorld({ ...OPTIONS, seed: 102 }), world);
});

Deno.test("oblique world: each box lies within the picture", () => {
  for (const { x, y, width, height } of boxes(makeObliqueWorld({ ...OPTIONS, rateHz: 50 }))) {
    assert(x >= 0 && y >= 0 && width > 0 && height > 0);
    // As far as sums are exact.
    assert(x + width < SIZE.width + 1e-9 && y + height < SIZE.height + 1e-9);
  }
});

Deno.test("oblique world: people come nearer, three at once at most, or one", () => {
  for (const { alone, most } of [{ alone: true, most: 1 }, { alone: false, most: 3 }]) {
    const { looks, sightings } = makeObliqueWorld({ ...OPTIONS, alone, stays: 20 });
    const atOnce = looks.map((_, look) => sightings.filter((seen) => seen.has(look)).length);
    assert.equal(Math.max(...atOnce), most);
    const comesNearer = sightings.some((seen) => {
      const heights = [...seen.values()].map(({ detection: { box } }) => box.height);
      return Math.max(...heights) > 1.7 * Math.min(...heights);
    });
    assert(comesNearer);
  }
});
