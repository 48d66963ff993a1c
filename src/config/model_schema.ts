/** The part of the configuration's schema that says of a model what its file does not. */
import { z } from "zod";
import { AUTO, type Channels, FAMILY_NAMES, RESIZES } from "../core/model_families.ts";
import { number, whole } from "../core/schema_parts.ts";
import { object, oneOf } from "./schema_parts.ts";

/** Bounds of means and deviations: those of levels from 0 to 255, and a little more. */
const MAX_LEVEL = 1000;
const MIN_DEVIATION = 1e-6;

export const family = oneOf([AUTO, ...FAMILY_NAMES]).default(AUTO).describe(
  "How the model's outputs are read; auto: found from its file. models/README.md lists them.",
);

export const preprocess = object({
  colour: oneOf(["rgb", "bgr"]).exactOptional().describe("The order of the input's channels."),
  scale: z.union([z.literal(1), z.literal(255)], { error: "1 or 255" }).exactOptional()
    .describe("Levels go from 0 to it, before mean and std."),
  mean: channels(-MAX_LEVEL).exactOptional()
    .describe("Subtracted from the scaled levels: a number, or one for each channel."),
  std: channels(MIN_DEVIATION).exactOptional()
    .describe("By which the result is divided: a number, or one for each channel."),
  resize: oneOf(RESIZES).exactOptional().describe(
    "letterbox: the whole picture, centred between bars; letterbox-top-left: bars right or below; " +
      "stretch: the input is filled, out of proportion.",
  ),
  pad: whole(0, 255).exactOptional().describe("The grey of the bars."),
}).prefault({}).describe(
  "What the model's input holds, where it is not what its family usually takes.",
);

/** A value for all channels, or for each of the three. */
function channels(low: number) {
  const error = `a number within ${low} and ${MAX_LEVEL}, or a list of three`;
  const one = number(low, MAX_LEVEL);
  return z.union([
    one.transform((value): Channels => [value, value, value]),
    z.tuple([one, one, one]).readonly(),
  ], { error });
}
