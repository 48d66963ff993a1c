import assert from "node:assert/strict";
import { ModelError } from "../../../src/core/errors.ts";
import { COCO_LABELS, labelsFor, selectClasses } from "../../../src/inference/labels.ts";

Deno.test("labels: COCO has 80 different names, person first and toothbrush last", () => {
  assert.equal(new Set(COCO_LABELS).size, 80);
  assert.equal(COCO_LABELS[0], "person");
  assert.equal(COCO_LABELS[16], "dog");
  assert.equal(COCO_LABELS[79], "toothbrush");
});

Deno.test("labels: a model's own names win, COCO's stand in for 80, numbers for the rest", () => {
  assert.deepEqual(labelsFor(2, new Map([[0, "helmet"], [1, "vest"]])), ["helmet", "vest"]);
  assert.deepEqual(labelsFor(80, null), COCO_LABELS);
  assert.deepEqual(labelsFor(3, null), ["class 0", "class 1", "class 2"]);
  assert.deepEqual(labelsFor(2, new Map([[0, "helmet"]])), ["class 0", "class 1"]);
  assert.deepEqual(labelsFor(2, new Map([[0, "helmet"], [7, "vest"]])), ["helmet", "class 1"]);
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
