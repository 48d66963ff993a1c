/** The bundled models on the clip of two people: the boxes must be right in pixels of the source frame. */
import assert from "node:assert/strict";
import { boxNorm, type BoxPx, cropOf, iou } from "../../../src/core/geometry.ts";
import { selectClasses } from "../../../src/inference/labels.ts";
import { Postprocessor } from "../../../src/inference/postprocess.ts";
import { ModelSession } from "../../../src/inference/session.ts";
import { clipTensor, peopleInClip } from "../../support/clips/clip.ts";
import { havePart } from "../../support/system/parts.ts";
import { type Scene, SCENES } from "../../support/clips/scenes.ts";
import { inputFor } from "../../../src/core/model_input.ts";
import { DEFAULTS } from "../../support/models/defaults.ts";

const FRAMES = [0, 150, 240];
const CONFIDENCE = 0.45;
const MIN_IOU = 0.7;

/** The best overlap of any of the boxes with the expected one. */
function best(boxes: readonly BoxPx[], expected: BoxPx): number {
  return Math.max(0, ...boxes.map((box) => iou(box, expected)));
}

async function check(session: ModelSession, source: Scene, frame: number): Promise<void> {
  const crop = cropOf(source.roi && boxNorm(source.roi), source.size);
  const size = inputFor(session.input, crop);
  const { tensor, fit } = await clipTensor(frame, source.filters, crop, size);
  const raw = await session.run(tensor, size);
  const classes = selectClasses(session.labels, ["person"], "builtin:person");
  const processor = new Postprocessor({ labels: session.labels, classes, iou: 0.5 });
  const mapped = processor.run(raw, fit, CONFIDENCE).detections.map((one) => one.box);
  // The control: the same boxes without the inverse of letterbox and crop.
  const input = { x: 0, y: 0, ...size };
  const plain = { ...input, crop: input, dx: 0, dy: 0 };
  const unmapped = processor.run(raw, plain, CONFIDENCE).detections.map((one) => one.box);

  const truth = await peopleInClip(frame);
  const where = `${source.id}, frame ${frame}`;
  assert.equal(mapped.length, source.people.length, where);
  for (const index of source.people) {
    const person = truth[index];
    assert.ok(person);
    const expected = source.moved(person);
    const overlap = best(mapped, expected);
    assert.ok(overlap >= MIN_IOU, `${where}: person ${index} overlaps by ${overlap.toFixed(3)}`);
    const control = best(unmapped, expected);
    assert.ok(control < MIN_IOU, `${where}: the raw box overlaps by ${control.toFixed(3)}`);
  }
}

for (const [model, options] of DEFAULTS) {
  for (const source of SCENES) {
    Deno.test({
      name: `accuracy: ${model} finds the people of the clip where they are, ${source.id}`,
      ignore: !havePart("ffmpeg"),
      async fn() {
        await using session = await ModelSession.load(options);
        for (const frame of FRAMES) await check(session, source, frame);
      },
    });
  }
}
