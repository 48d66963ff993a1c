import assert from "node:assert/strict";
import { loadSettings } from "../../../src/config/load.ts";
import { ConfigError, type ConfigProblem } from "../../../src/config/problems.ts";
import type { Settings } from "../../../src/config/settings.ts";

function load(line: string): Settings {
  return loadSettings({
    path: "/etc/orion/orion.yaml",
    root: "/opt/orion",
    env: () => undefined,
    readText: () =>
      `cameras: [{ id: clip, url: "demo:" }]\ndetectors: [{ id: own, model: own.onnx, ${line} }]\n`,
  });
}

function problemsOf(line: string): readonly ConfigProblem[] {
  try {
    load(line);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
  return [];
}

Deno.test("preprocess: what is said of a model arrives, with one number for each channel", () => {
  const [own] = load(
    "family: yolox, preprocess: { colour: rgb, scale: 255, mean: 127.5, std: [58, 57, 56], " +
      "resize: stretch, pad: 0 }",
  ).detectors;
  assert.equal(own?.inference.family, "yolox");
  assert.deepEqual(own?.inference.preprocess, {
    ...{ colour: "rgb", scale: 255, mean: [127.5, 127.5, 127.5], std: [58, 57, 56] },
    ...{ resize: "stretch", pad: 0 },
  });
});

const MISTAKES: readonly [line: string, path: string, says: RegExp][] = [
  ["family: yolov55", "family", /Did you mean "yolov5"\?/],
  ["preprocess: { color: bgr }", "preprocess.color", /Did you mean "colour"\?/],
  ["preprocess: { scale: 256 }", "preprocess.scale", /1 or 255/],
  ["preprocess: { mean: [1, 2] }", "preprocess.mean", /a list of three/],
  ["preprocess: { std: 0 }", "preprocess.std", /a number within 0.000001 and 1000/],
  ["preprocess: { resize: crop }", "preprocess.resize", /letterbox-top-left/],
  ["preprocess: { pad: 300 }", "preprocess.pad", /whole number within 0 and 255/],
];

for (const [line, path, says] of MISTAKES) {
  Deno.test(`preprocess: one mistake, one problem with place and remedy: ${line}`, () => {
    const problems = problemsOf(line);
    assert.equal(problems.length, 1, JSON.stringify(problems));
    assert.equal(problems[0]?.path, `detectors[0].${path}`);
    assert.match(`${problems[0]?.message} ${problems[0]?.remedy}`, says);
  });
}
