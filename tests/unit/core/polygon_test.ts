import assert from "node:assert/strict";
import fc from "fast-check";
import { flatProblem, polygonProblem } from "../../../src/core/polygon.ts";

type Points = readonly (readonly [number, number])[];

const problem = (points: Points) =>
  polygonProblem(points.map(([x, y]) => ({ x, y })))?.message ?? null;

const GOOD: Readonly<Record<string, Points>> = {
  "a triangle": [[0, 0], [0.2, 0], [0.2, 0.1]],
  "a square": [[0, 0], [1, 0], [1, 1], [0, 1]],
  "the other way round": [[0, 1], [1, 1], [1, 0], [0, 0]],
  "an L": [[0, 0], [1, 0], [1, 0.5], [0.5, 0.5], [0.5, 1], [0, 1]],
  "a star": [[0.5, 0], [0.6, 0.4], [1, 0.5], [0.6, 0.6], [0.5, 1], [0.4, 0.6], [0, 0.5], [
    0.4,
    0.4,
  ]],
  "corners along one side": [[0, 0], [0.1, 0.1], [0.2, 0.2], [0.3, 0.3], [0.7, 0.7], [0, 0.9]],
  "a thin strip": [[0, 0], [1, 0], [1, 0.001], [0, 0.001]],
};

for (const [name, points] of Object.entries(GOOD)) {
  Deno.test(`polygon: ${name} has no problem`, () => assert.equal(problem(points), null));
}

const BAD: readonly { readonly name: string; readonly points: Points; readonly says: RegExp }[] = [
  { name: "a bow tie", points: [[0, 0], [1, 1], [1, 0], [0, 1]], says: /crosses.*1.*corner 3 on/ },
  {
    name: "a corner on another side",
    points: [[0, 0], [1, 0], [1, 1], [0.5, 0], [0, 1]],
    says: /crosses or touches itself/,
  },
  {
    name: "a side over another",
    points: [[0, 0], [0.8, 0], [0.8, 0.5], [0.6, 0], [0.2, 0], [0, 0.5]],
    says: /crosses or touches itself/,
  },
  {
    name: "a side that leads back",
    points: [[0, 0], [1, 0], [0.5, 0], [0.5, 1]],
    says: /crosses or touches itself/,
  },
  {
    name: "a last side that leads back",
    points: [[0.2, 0], [0.5, 1], [0.5, 0], [0, 0], [1, 0]],
    says: /crosses or touches itself/,
  },
  {
    name: "the first corner again",
    points: [[0, 0], [1, 0], [1, 1], [0, 0]],
    says: /corner \[0, 0\] twice/,
  },
  { name: "a line", points: [[0, 0], [0.1, 0.1], [0.3, 0.3], [0.2, 0.2]], says: /no area/ },
  {
    name: "less than a pixel",
    points: [[0.5, 0.5], [0.5001, 0.5], [0.5, 0.5001]],
    says: /no area/,
  },
];

for (const { name, points, says } of BAD) {
  Deno.test(`polygon: ${name} is a problem, wherever it begins and whichever way it goes`, () => {
    assert.match(problem(points) ?? "", says);
    for (let first = 0; first < points.length; first++) {
      const turned = [...points.slice(first), ...points.slice(0, first)];
      assert.notEqual(problem(turned), null);
      assert.notEqual(problem(turned.reverse()), null);
    }
  });
}

Deno.test("polygon: corners in order around a point are a polygon, with two of them swapped none", () => {
  const corners = fc.integer({ min: 5, max: 64 });
  const swapped = fc.nat();
  fc.assert(fc.property(corners, swapped, (count, at) => {
    const points = Array.from({ length: count }, (_, index): [number, number] => {
      const angle = 2 * Math.PI * index / count;
      return [0.5 + 0.4 * Math.cos(angle), 0.5 + 0.4 * Math.sin(angle)];
    });
    assert.equal(problem(points), null);
    const first = at % count;
    const second = (first + 1) % count;
    const [one, other] = [points[first], points[second]];
    assert.ok(one !== undefined && other !== undefined);
    [points[first], points[second]] = [other, one];
    assert.match(problem(points) ?? "", /crosses/);
  }));
});

Deno.test("polygon: one that covers nothing is found, also where corners repeat", () => {
  const [a, b, c, d] = [{ x: 0, y: 0 }, { x: 0.5, y: 0.5 }, { x: 1, y: 1 }, { x: 1, y: 0 }];
  for (const flat of [[a, a, a], [a, b, c], [a, a, c], [c, a, b, a]]) {
    assert.equal(flatProblem(flat)?.message, "has no area");
  }
  for (const whole of [[a, c, d], [a, a, b, d], [a, c, d, b, { x: 0, y: 1 }]]) {
    assert.equal(flatProblem(whole), null);
  }
});
