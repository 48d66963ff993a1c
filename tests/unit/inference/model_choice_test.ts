import assert from "node:assert/strict";
import { ModelError } from "../../../src/core/errors.ts";
import type { SizePx } from "../../../src/core/geometry.ts";
import type { InputPolicy } from "../../../src/core/model_input.ts";
import type { ProductModel } from "../../../src/inference/int8_speed.ts";
import {
  type Candidate,
  type Candidates,
  chooseCandidate,
  chooseInput,
  readCandidates,
} from "../../../src/inference/model_choice.ts";
import { BUNDLED } from "../../support/clips/clip.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";
import { fixedInput } from "../../support/models/inputs.ts";

const FREE: InputPolicy = {
  size: { kind: "free", maxPixels: 174_080, stepPx: 32 },
  placement: "stretch",
  bars: 0.25,
};
const FIXED = fixedInput({ width: 640, height: 640 });

function candidate(path: string, precision: Candidate["precision"]): Candidate {
  const header = { irVersion: 8, producer: "", metadata: new Map<string, string>() };
  return { path, precision, bytes: new Uint8Array(), header, maxPixels: null };
}

const BOTH: Candidates = {
  plain: candidate("/models/plain.onnx", "float32"),
  int8: candidate("/models/small.onnx", "int8"),
};

/** A machine on which one product in float32 takes so many milliseconds, and one in int8 one. */
function machine(float32Ms: number) {
  const clock = new HeldClock();
  const runs = { float32: 0, int8: 0 };
  let released = 0;
  const open = ({ precision }: ProductModel) => {
    const slow = precision === "float32" ? float32Ms : 1;
    return Promise.resolve({
      // The first run, and one in four that another program disturbs, take longer.
      run: () => clock.pass(slow * (runs[precision]++ % 4 === 0 ? 9 : 1)),
      [Symbol.asyncDispose]: () => (released++, Promise.resolve()),
    });
  };
  return { clock, open, runs, released: () => released };
}

Deno.test("choice: int8 where it is 1.6 times as fast or more, by the fastest run of each", async () => {
  for (
    const [float32Ms, file, precision, choice] of [
      [4, "small.onnx", "int8", "int8 is 4.0 times as fast as float32 here"],
      [1.6, "small.onnx", "int8", "int8 is 1.6 times as fast as float32 here"],
      [1.5, "plain.onnx", "float32", "int8 is only 1.5 times as fast as float32 here"],
      [0.5, "plain.onnx", "float32", "int8 is only 0.5 times as fast as float32 here"],
    ] as const
  ) {
    const { clock, open, runs, released } = machine(float32Ms);
    const found = await chooseCandidate(BOTH, open, clock);
    assert.deepEqual(found.file, { file, precision, choice });
    assert.equal(found.chosen, precision === "int8" ? BOTH.int8 : BOTH.plain);
    assert.ok(runs.float32 >= 12 && runs.float32 === runs.int8);
    assert.equal(released(), 2);
  }
});

Deno.test("choice: of one file nothing is measured", async () => {
  const only = { ...BOTH, int8: null };
  const { chosen, file } = await chooseCandidate(only, () => assert.fail(), new HeldClock());
  assert.equal(chosen, only.plain);
  assert.deepEqual(file, { file: "plain.onnx", precision: "float32", choice: null });
});

Deno.test("choice: both files are read at once, and the precision is that of the file", async () => {
  const { plain, int8 } = await readCandidates({
    path: BUNDLED.person,
    model: "builtin:person",
    maxPixels: 5,
    int8: { modelPath: BUNDLED.personInt8, resolvedPath: null, maxPixels: 7 },
  });
  assert.deepEqual([plain.precision, plain.maxPixels, plain.path], ["float32", 5, BUNDLED.person]);
  assert.deepEqual([int8?.precision, int8?.maxPixels], ["int8", 7]);
  await assert.rejects(
    readCandidates({
      path: BUNDLED.person,
      model: "builtin:person",
      int8: { modelPath: "/nowhere/int8.onnx", resolvedPath: null, maxPixels: 7 },
    }),
    { code: "MODEL_MISSING" },
  );
});

Deno.test("choice: a configured size is that of the input; auto leaves the model's own", () => {
  const wanted = { maxPixels: 245_760, model: "m" };
  assert.equal(chooseInput(FIXED, { ...wanted, input: "auto" }), FIXED);
  assert.equal(chooseInput(FIXED, { ...wanted, input: { width: 640, height: 640 } }), FIXED);
  assert.equal(chooseInput(FREE, { ...wanted, maxPixels: null, input: "auto" }), FREE);
  assert.deepEqual(chooseInput(FREE, { ...wanted, input: "auto" }), {
    ...FREE,
    size: { kind: "free", maxPixels: 245_760, stepPx: 32 },
  });
  assert.deepEqual(chooseInput(FREE, { ...wanted, input: { width: 416, height: 96 } }), {
    ...FREE,
    size: { kind: "fixed", width: 416, height: 96 },
  });
});

Deno.test("choice: a size that the model cannot have is refused, with one that it can", () => {
  const cases: [InputPolicy, SizePx, RegExp, RegExp][] = [
    [FIXED, { width: 640, height: 384 }, /640x384: the model demands 640x640\./, /Remove .*input/],
    [FREE, { width: 640, height: 360 }, /multiples of 32\./, /width: 640, height: 352 }/],
    [FREE, { width: 650, height: 10 }, /multiples of 32\./, /width: 640, height: 32 }/],
  ];
  for (const [declared, input, says, remedy] of cases) {
    assert.throws(() => chooseInput(declared, { input, maxPixels: null, model: "m" }), (error) => {
      assert.ok(error instanceof ModelError && error.code === "MODEL_INPUT" && !error.retryable);
      assert.match(error.message, says);
      assert.match(error.remedy, remedy);
      return true;
    });
  }
});
