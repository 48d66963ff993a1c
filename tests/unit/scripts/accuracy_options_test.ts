import assert from "node:assert/strict";
import { parseOptions } from "../../../scripts/bench/accuracy/options.ts";
import { ROOT } from "../../support/system/files.ts";

Deno.test("accuracy options: by default both bundled models at five shapes, on one thread", () => {
  const options = parseOptions(["pictures"]);
  assert.equal(options.folder, `${ROOT}/pictures`);
  assert.deepEqual(options.contenders.map(({ name }) => name), [
    ...["nanodet-g 416x416", "nanodet-g 416x256", "nanodet-g 544x320", "nanodet-g 640x384"],
    ...["nanodet-g 768x448", "nanodet-g-int8 416x416", "nanodet-g-int8 416x256"],
    ...["nanodet-g-int8 544x320", "nanodet-g-int8 640x384", "nanodet-g-int8 768x448"],
    "builtin:person auto",
  ]);
  assert.deepEqual([options.classes, options.confidence, options.iou], [["person"], 0.45, 0.5]);
});

Deno.test("accuracy options: models, shapes, threads and classes are lists", () => {
  const { contenders, classes } = parseOptions([
    ...["/pictures", "--models", "builtin:person,/models/m.onnx", "--shapes", "64x32,auto"],
    ...["--providers", "cpu,openvino", "--threads", "1,2", "--classes", "all"],
  ]);
  const names = contenders.map(({ name }) => name);
  assert.equal(new Set(names).size, 2 * 2 * 2 * 2 + 1);
  assert.deepEqual([names[0], names.at(-2), names.at(-1)], [
    ...["builtin:person 64x32", "m auto, openvino, 2 threads"],
    // What the comparison is with.
    "nanodet-g 416x416",
  ]);
  const [, , { load } = assert.fail()] = contenders;
  assert.deepEqual([load.path, load.input], ["/models/m.onnx", { width: 64, height: 32 }]);
  assert.equal(classes, null);
});

Deno.test("accuracy options: what is wrong is named", () => {
  const cases: [string[], RegExp][] = [
    [[], /FOLDER/],
    [["a", "b"], /FOLDER/],
    [["a", "--shapes", "640"], /640 is no shape/],
    [["a", "--models", "builtin:perso"], /no model "builtin:perso"/],
    [["a", "--threads", "0"], /--threads 0/],
    [["a", "--runs", "many"], /--runs many/],
    [["a", "--nothing"], /--nothing/],
  ];
  for (const [args, says] of cases) assert.throws(() => parseOptions(args), says, args.join(" "));
});
