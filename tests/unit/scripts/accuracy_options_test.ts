import assert from "node:assert/strict";
import { parseOptions } from "../../../scripts/bench/accuracy/options.ts";
import { nameOf } from "../../../scripts/bench/accuracy/table.ts";
import { ROOT } from "../../support/system/files.ts";

Deno.test("accuracy options: by default both bundled models at five shapes, on one thread", () => {
  const options = parseOptions(["pictures"]);
  assert.equal(options.folder, `${ROOT}/pictures`);
  assert.deepEqual(options.contenders.map(nameOf), [
    ...["nanodet-g 416x416", "nanodet-g 416x256", "nanodet-g 544x320", "nanodet-g 640x384"],
    ...["nanodet-g 768x448", "nanodet-g-int8 416x416", "nanodet-g-int8 416x256"],
    ...["nanodet-g-int8 544x320", "nanodet-g-int8 640x384", "nanodet-g-int8 768x448"],
  ]);
  assert.deepEqual([options.classes, options.confidence, options.iou], [["person"], 0.45, 0.5]);
});

Deno.test("accuracy options: models, shapes, threads and classes are lists", () => {
  const { contenders, classes } = parseOptions([
    ...["/pictures", "--models", "builtin:person,/models/m.onnx", "--shapes", "64x32"],
    ...["--threads", "1,2", "--classes", "all"],
  ]);
  assert.deepEqual(contenders.map(nameOf), [
    ...["builtin:person 64x32", "m 64x32"],
    ...["builtin:person 64x32, 2 threads", "m 64x32, 2 threads"],
  ]);
  assert.equal(contenders[1]?.path, "/models/m.onnx");
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
