/** Models that take something else than one picture: what it is, and the way on. */
import { MAX_INPUT_SIDE_PX, MIN_INPUT_SIDE_PX } from "../../core/model_input.ts";
import { CHANNELS, MAX_BATCH } from "../image_port.ts";
import type { Refusal, RefusedFile, Rule } from "./refusals.ts";

const TEXT = /input_ids|attention_mask|position_ids|token_type_ids|^text/;
const SOUND = /^(?:input_values|input_features|audio|waveform|wav|speech|mel|sr$|sample_rate)/;
const SINGLE = "Use a detector for single pictures.";

/** Inputs that no picture fits. */
const INPUTS: readonly Rule[] = [
  {
    why: "it takes text beside the picture",
    remedy: "Use a detector with a fixed list of classes: for YOLO-World, set the classes before " +
      "the export.",
    applies: ({ inputs }) =>
      inputs.some(({ name }) => TEXT.test(name)) && inputs.some(({ dims }) => dims.length === 4),
  },
  {
    why: "it takes text, not pictures",
    remedy: "Use a detection model for pictures.",
    applies: ({ inputs }) => inputs.some(({ name }) => TEXT.test(name)),
  },
  {
    why: "it takes sound, not pictures",
    remedy: "Use a detection model for pictures.",
    applies: ({ inputs }) => inputs.some(({ name }) => SOUND.test(name)),
  },
  {
    why: "it takes several pictures at a time",
    remedy: SINGLE,
    applies: ({ inputs }) => inputs.filter(({ dims }) => dims.length === 4).length > 1,
  },
  {
    why: "it takes a sequence of pictures",
    remedy: SINGLE,
    applies: ({ inputs: [port] }) => port?.dims.length === 5 || port?.type === null,
  },
  {
    why: "it takes grey pictures",
    remedy: "Use a model for colour pictures.",
    applies: ({ inputs: [port] }) => port?.dims.length === 4 && port.dims[1] === 1,
  },
  {
    why: `it takes pictures of other than ${CHANNELS} channels`,
    remedy: "Use a model for colour pictures, without transparency, depth or infrared.",
    applies: ({ inputs: [port] }) => {
      const [, first = null, , last = null] = port?.dims ?? [];
      return port?.dims.length === 4 && first !== null && first !== CHANNELS && last !== CHANNELS;
    },
  },
  {
    why: "it takes whole numbers other than levels from 0 to 255",
    remedy: "Export it with a float32 or uint8 input.",
    applies: ({ inputs: [port] }) =>
      port?.dims.length === 4 && /^u?int(?!8$)|^int8$|^bool$/.test(port.type ?? ""),
  },
];

/** Inputs that take no picture of a size and number that fit. */
const NO_PICTURES: readonly Rule[] = [
  {
    why: `it takes more than ${MAX_BATCH} pictures at a time`,
    remedy: "Export it with a batch of 1, as models/README.md describes.",
    applies: ({ inputs: [port] }) => port?.dims.length === 4 && (port.dims[0] ?? 1) > MAX_BATCH,
  },
  {
    why: `its input has a side below ${MIN_INPUT_SIDE_PX} or above ${MAX_INPUT_SIDE_PX} pixels`,
    remedy: "Export it with another size of its input, as models/README.md describes.",
    applies: ({ inputs: [port] }) => port !== undefined && [3, 4].includes(port.dims.length),
  },
  {
    why: "it takes no picture",
    remedy: "Use a detector of a family that models/README.md lists.",
    applies: ({ inputs }) => inputs.length > 0,
  },
];

/** Why a file with these inputs cannot be used, when that is known. */
export function refusedInput(file: RefusedFile): Refusal | null {
  return INPUTS.find((rule) => rule.applies(file)) ?? null;
}

/** Why a file that has no input for a picture cannot be used. */
export function refusedPicture(file: RefusedFile): Refusal | null {
  return refusedInput(file) ?? NO_PICTURES.find((rule) => rule.applies(file)) ?? null;
}
