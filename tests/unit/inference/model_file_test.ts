import assert from "node:assert/strict";
import fc from "fast-check";
import {
  describeContent,
  readClassNames,
  readModelHeader,
} from "../../../src/inference/model_file.ts";
import { BUNDLED } from "../../support/clips/clip.ts";
import { onnxModel } from "../../support/models/onnx.ts";

const SMALL = {
  inputs: [{ name: "images", dims: [1, 3, 32, 32] }],
  outputs: [{ name: "out", dims: [1, 5, 1], size: [1, 5, 1], values: [1, 2, 3, 4, 5] }],
};

function encoded(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

Deno.test("model file: the header of an ONNX model is read without its graph", () => {
  const header = readModelHeader(onnxModel({ ...SMALL, metadata: { names: "{0: 'cat'}" } }));
  assert.equal(header?.irVersion, 8);
  assert.equal(header.producer, "orion-test");
  assert.equal(header.metadata.get("names"), "{0: 'cat'}");
});

Deno.test("model file: the bundled models are recognised", async () => {
  for (const path of [BUNDLED.person, BUNDLED.personInt8]) {
    assert.notEqual(readModelHeader(await Deno.readFile(path)), null);
  }
});

Deno.test("model file: truncated models and other files are refused", () => {
  const whole = onnxModel(SMALL);
  for (let length = 0; length < whole.length - 2; length += 7) {
    const header = readModelHeader(whole.subarray(0, length));
    // The graph is one field near the beginning; what follows it may be missing without harm here.
    if (header !== null) assert.ok(length > whole.length - 20, `${length} of ${whole.length}`);
  }
  assert.equal(readModelHeader(new TextEncoder().encode("hello, this is no model\n")), null);
});

Deno.test("model file: arbitrary bytes never make the reader throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      readModelHeader(bytes);
      assert.ok(describeContent(bytes).length > 0);
    }),
    { numRuns: 300 },
  );
});

Deno.test("model file: other formats are recognised", () => {
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /empty/],
    [encoded("version https://git-lfs.github.com/spec/v1\n"), /Git LFS pointer/],
    [encoded("PK\x03\x04....data.pkl"), /PyTorch/],
    [encoded("\x1c\0\0\0TFL3...."), /TensorFlow Lite/],
    [encoded("\x1f\x8b\x08"), /gzip/],
    [encoded("<!DOCTYPE html>"), /web page/],
    [encoded("just words\n"), /text file of 11 bytes/],
    [Uint8Array.from([8, 7, 0, 1, 2]), /5 bytes/],
  ];
  for (const [bytes, said] of cases) assert.match(describeContent(bytes), said);
});

Deno.test("model file: class names are read from a dictionary, an object or a list", () => {
  const cases: [string, [number, string][] | null][] = [
    ["{0: 'person', 1: \"child's bike\"}", [[0, "person"], [1, "child's bike"]]],
    ['{"0": "a: b", "12": "c"}', [[0, "a: b"], [12, "c"]]],
    ["['x', \"y\", 'it\\'s']", [[0, "x"], [1, "y"], [2, "it's"]]],
    ["", null],
    ["{}", null],
    ["person", null],
  ];
  for (const [names, expected] of cases) {
    const header = { irVersion: 8, producer: "", metadata: new Map([["names", names]]) };
    const read = readClassNames(header);
    assert.deepEqual(read === null ? null : [...read], expected, names);
  }
});
