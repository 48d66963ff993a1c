/**
 * Compares what Orion finds in a picture with what each family's own post-processing finds in it, for models
 * that `families/export.py` has exported: equal boxes and scores.
 *
 *     python scripts/bench/families/export.py tmp/families
 *     deno task bench scripts/bench/families.ts tmp/families
 */
import { errorData } from "../../src/core/errors.ts";
import type { Fit } from "../../src/core/geometry.ts";
import type { ModelSettings } from "../../src/core/model_families.ts";
import { bufferBytes } from "../../src/core/model_input.ts";
import type { Detection } from "../../src/core/detector_types.ts";
import { Postprocessor } from "../../src/inference/postprocess.ts";
import { ModelSession } from "../../src/inference/session.ts";
import { printLine } from "../lib/print.ts";

/** Beyond them a detection is another one. */
const MAX_PX = 0.5;
const MAX_SCORE = 1e-3;

/** What the family's own post-processing found. */
interface Expected {
  readonly width: number;
  readonly height: number;
  readonly confidence: number;
  readonly iou: number;
  readonly settings: Partial<ModelSettings>;
  /** Boxes were clipped to the picture before overlaps were suppressed, as Orion does. */
  readonly isClipped?: boolean;
  /** Class, score, x1, y1, x2, y2. */
  readonly detections: readonly [number, number, number, number, number, number][];
}

function clip(value: number, side: number): number {
  return Math.min(side, Math.max(0, value));
}

/** How far apart the detections of both are. */
interface Difference {
  readonly matched: number;
  readonly missing: number;
  readonly surplus: number;
  readonly px: number;
  readonly score: number;
}

function difference(
  { detections: expected, ...picture }: Expected,
  found: readonly Detection[],
  labels: readonly string[],
): Difference {
  const rest = new Set(found);
  let [missing, px, score] = [0, 0, 0];
  for (const [number, confidence, ...corners] of expected) {
    let nearest: { detection: Detection; px: number; score: number } | null = null;
    for (const detection of rest) {
      if (detection.class !== labels[number]) continue;
      const { x, y, width, height } = detection.box;
      const across = [x, x + width].map((value) => clip(value, picture.width));
      const down = [y, y + height].map((value) => clip(value, picture.height));
      const sides = [across[0], down[0], across[1], down[1]];
      const apart = Math.max(
        ...sides.map((side, index) => Math.abs((side ?? 0) - (corners[index] ?? 0))),
      );
      const other = Math.abs(detection.confidence - confidence);
      if (apart > MAX_PX || other > MAX_SCORE || apart >= (nearest?.px ?? Infinity)) continue;
      nearest = { detection, px: apart, score: other };
    }
    if (nearest === null) missing++;
    else {
      rest.delete(nearest.detection);
      [px, score] = [Math.max(px, nearest.px), Math.max(score, nearest.score)];
    }
  }
  return { matched: expected.length - missing, missing, surplus: rest.size, px, score };
}

/** Boxes that reach beyond the picture stay as they are, as far as this. */
const MARGIN_PX = 4096;

/** The picture is the input, and is not clipped to where the family suppresses overlaps before it clips. */
function fitOf({ width, height, isClipped = false }: Expected): Fit {
  if (isClipped) return { crop: { x: 0, y: 0, width, height }, width, height, dx: 0, dy: 0 };
  const around = { width: width + 2 * MARGIN_PX, height: height + 2 * MARGIN_PX };
  const crop = { x: -MARGIN_PX, y: -MARGIN_PX, ...around };
  return { crop, ...around, dx: -MARGIN_PX, dy: -MARGIN_PX };
}

/** Some families clip their boxes; Orion drops those of less than a pixel. */
function shown({ detections, width, height, ...expected }: Expected): Expected {
  const kept = detections.filter(([, , x1, y1, x2, y2]) => x2 - x1 >= 1 && y2 - y1 >= 1);
  return {
    ...{ ...expected, width, height },
    detections: kept.map(([number, score, x1, y1, x2, y2]) => [
      ...[number, score, clip(x1, width), clip(y1, height)] as const,
      ...[clip(x2, width), clip(y2, height)] as const,
    ]),
  };
}

async function compare(folder: string, name: string): Promise<string> {
  const text = await Deno.readTextFile(`${folder}/${name}.json`);
  const expected: Expected = JSON.parse(text);
  const { width, height, confidence, iou, settings } = expected;
  await using session = await ModelSession.load({
    path: `${folder}/${name}.onnx`,
    threads: 1,
    settings: { family: "auto", preprocess: {}, ...settings },
    input: "auto",
  });
  const levels = await Deno.readFile(`${folder}/${name}.rgb`);
  const tensor = new ArrayBuffer(bufferBytes(session.input));
  const planes = new Float32Array(tensor);
  const pixels = width * height;
  levels.forEach((level, at) => planes[(at % 3) * pixels + Math.floor(at / 3)] = level / 255);
  const size = { width, height };
  const raw = await session.run(tensor, size);
  const { labels, columns, overlaps } = session;
  const postprocessor = new Postprocessor({
    ...{ labels, columns, classes: labels.map((_, index) => index) },
    iou: overlaps ? iou : null,
  });
  const { detections, invalid } = postprocessor.run(raw, fitOf(expected), confidence);
  const { matched, missing, surplus, px, score } = difference(
    shown(expected),
    detections,
    labels,
  );
  const verdict = missing === 0 && surplus === 0 && matched > 0 && invalid === null
    ? "ok"
    : "DIFFERS";
  return [
    ...[verdict, name, session.family, `${matched} alike`, `${missing} missing`],
    ...[`${surplus} more`, `${px.toFixed(4)} px`, score.toExponential(1)],
  ].join(" | ");
}

if (import.meta.main) {
  const [folder = ""] = Deno.args;
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -5)).sort();
  for (const name of names) {
    try {
      printLine(await compare(folder, name));
    } catch (error) {
      printLine(["REFUSED", name, errorData(error).message].join(" | "));
    }
  }
}
