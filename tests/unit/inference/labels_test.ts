import assert from "node:assert/strict";
import { ModelError } from "../../../src/core/errors.ts";
import { COCO_IDS, COCO_LABELS, labelsFor, selectClasses } from "../../../src/inference/labels.ts";

Deno.test("labels: COCO has 80 different names, person first and toothbrush last", () => {
  assert.equal(new Set(COCO_LABELS).size, 80);
  assert.equal(COCO_LABELS[0], "person");
  assert.equal(COCO_LABELS[16], "dog");
  assert.equal(COCO_LABELS[79], "toothbrush");
});

Deno.test("labels: a model's own names win, COCO's stand in for its numbers, numbers for the rest", () => {
  const own = (count: number | null, names: [number, string][], usesIds = false) =>
    labelsFor({ count, names: names.length === 0 ? null : new Map(names), usesIds });
  assert.deepEqual(own(2, [[0, "helmet"], [1, "vest"]]), ["helmet", "vest"]);
  assert.deepEqual(own(null, [[1, "helmet"], [3, "vest"]]), [
    "class 0",
    "helmet",
    "class 2",
    "vest",
  ]);
  assert.deepEqual(own(80, []), COCO_LABELS);
  assert.deepEqual(own(91, []), COCO_IDS);
  assert.deepEqual(own(3, []), ["class 0", "class 1", "class 2"]);
  assert.deepEqual([own(null, []), own(null, [], true)], [COCO_LABELS, COCO_IDS]);
});

Deno.test("labels: COCO's own numbers go to 90 and leave out eleven", () => {
  assert.equal(COCO_IDS.length, 91);
  assert.deepEqual(COCO_IDS.filter((name) => !name.startsWith("class ")), COCO_LABELS);
  const some = [1, 13, 18, 44, 72, 90].map((id) => COCO_IDS[id]);
  assert.deepEqual(some, ["person", "stop sign", "dog", "bottle", "tv", "toothbrush"]);
});

Deno.test("labels: classes are chosen by name or number, each once, in order", () => {
  assert.deepEqual(selectClasses(COCO_LABELS, ["Dog", 0, "person", 2], "m"), [0, 2, 16]);
  assert.deepEqual(selectClasses(["a", "b"], null, "m"), [0, 1]);
});

Deno.test("labels: an unknown class is refused, with the nearest name", () => {
  const cases: { wanted: string | number; remedy: RegExp }[] = [
    { wanted: "persn", remedy: /Did you mean "person"\?/ },
    { wanted: "presno", remedy: /Did you mean "person"\?/ },
    { wanted: "Motor cycle", remedy: /Did you mean "motorcycle"\?/ },
    { wanted: "zzzzzz", remedy: /numbers from 0 to 79/ },
    { wanted: 80, remedy: /numbers from 0 to 79/ },
    { wanted: -1, remedy: /numbers from 0 to 79/ },
    { wanted: 0.5, remedy: /numbers from 0 to 79/ },
  ];
  for (const { wanted, remedy } of cases) {
    assert.throws(
      () => selectClasses(COCO_LABELS, [wanted], "builtin:person"),
      (error) =>
        error instanceof ModelError && error.code === "MODEL_CLASS" &&
        error.message.includes("builtin:person") && remedy.test(error.remedy),
      `${wanted}`,
    );
  }
});
