/** The bundled models on the bundled clip: the boxes must be right in pixels of the source frame. */
import assert from "node:assert/strict";
import { boxNorm, type BoxPx, cropOf, iou, type SizePx } from "../../../src/core/geometry.ts";
import { selectClasses } from "../../../src/inference/labels.ts";
import { Postprocessor } from "../../../src/inference/postprocess.ts";
import { ModelSession } from "../../../src/inference/session.ts";
import { BUNDLED, clipTensor, peopleInClip } from "../../support/clip.ts";
import { havePart } from "../../support/parts.ts";

/** A source frame made out of the clip's by filters whose effect on a box is known. */
interface Source {
  readonly name: string;
  readonly size: SizePx;
  readonly transform: string;
  readonly moved: (box: BoxPx) => BoxPx;
  /** The part that is looked at, in fractions of the source; null for all of it. */
  readonly roi: { x: number; y: number; width: number; height: number } | null;
  /** Which of the clip's two people can be seen: 0 the portrait, 1 the photographer. */
  readonly people: readonly number[];
}

const WIDE = {
  size: { width: 1280, height: 720 },
  transform: "",
  moved: (box: BoxPx) => box,
};
const FOUR_TO_THREE = {
  size: { width: 1280, height: 960 },
  transform: "pad=1280:960:0:120",
  moved: (box: BoxPx) => ({ ...box, y: box.y + 120 }),
};
/** Around the photographer, with room above and below. */
const PORTRAIT = {
  size: { width: 540, height: 960 },
  transform: "crop=540:720:700:0,pad=540:960:0:200",
  moved: (box: BoxPx) => ({ ...box, x: box.x - 700, y: box.y + 200 }),
};
const RIGHT = { x: 0.5, y: 0.1, width: 0.5, height: 0.9 };
const LEFT = { x: 0, y: 0.05, width: 0.503, height: 0.9 };

const SOURCES: readonly Source[] = [
  { name: "16:9", ...WIDE, roi: null, people: [0, 1] },
  { name: "16:9 with a region", ...WIDE, roi: RIGHT, people: [1] },
  { name: "4:3", ...FOUR_TO_THREE, roi: null, people: [0, 1] },
  { name: "4:3 with a region", ...FOUR_TO_THREE, roi: LEFT, people: [0] },
  { name: "portrait", ...PORTRAIT, roi: null, people: [1] },
  {
    name: "portrait with a region",
    ...PORTRAIT,
    roi: { x: 0.1, y: 0.2, width: 0.8, height: 0.78 },
    people: [1],
  },
];
const FRAMES = [0, 150, 240];
const CONFIDENCE = 0.45;
const MIN_IOU = 0.7;

/** The best overlap of any of the boxes with the expected one. */
function best(boxes: readonly BoxPx[], expected: BoxPx): number {
  return Math.max(0, ...boxes.map((box) => iou(box, expected)));
}

async function check(session: ModelSession, source: Source, frame: number): Promise<void> {
  const crop = cropOf(source.roi && boxNorm(source.roi), source.size);
  const { tensor, fit } = await clipTensor(frame, source.transform, crop, session.input);
  const raw = await session.run(tensor);
  const classes = selectClasses(session.labels, ["person"], "builtin:person");
  const processor = new Postprocessor({ labels: session.labels, classes, iou: 0.5 });
  const mapped = processor.run(raw, fit, CONFIDENCE).detections.map((one) => one.box);
  // The control: the same boxes, had nobody undone the letterbox and the crop.
  const input = { x: 0, y: 0, width: session.input.width, height: session.input.height };
  const plain = { ...input, crop: input, dx: 0, dy: 0 };
  const unmapped = processor.run(raw, plain, CONFIDENCE).detections.map((one) => one.box);

  const truth = await peopleInClip(frame);
  const where = `${source.name}, frame ${frame}`;
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

for (const model of ["person", "personInt8"] as const) {
  for (const source of SOURCES) {
    Deno.test({
      name: `accuracy: ${model} finds the people of the clip where they are, ${source.name}`,
      ignore: !havePart("ffmpeg"),
      async fn() {
        await using session = await ModelSession.load({ path: BUNDLED[model], threads: 1 });
        for (const frame of FRAMES) await check(session, source, frame);
      },
    });
  }
}
