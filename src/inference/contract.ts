/** Determines from a model's file how it is fed and read. */
import { ModelError } from "../core/errors.ts";
import type { SizePx } from "../core/geometry.ts";
import type { InputPolicy } from "../core/model_input.ts";
import { AUTO, type ModelSettings, NOTHING_SAID, type Preprocess } from "../core/model_families.ts";
import { FAMILIES } from "./families/families.ts";
import type { Family, FamilyOutputs, ImagePort, ModelFacts } from "./families/family.ts";
import { type Refusal, refusedOutput, refusedTask } from "./families/refusals.ts";
import { refusedInput, refusedPicture } from "./families/refused_inputs.ts";
import type { ModelPorts, TensorPort } from "./graph/model_graph.ts";
import { imagePortOf, inputPolicy, pixelsInBounds } from "./image_port.ts";
import { COCO_IDS, COCO_LABELS, labelsFor } from "./labels.ts";
import { type ModelHeader, readClassNames } from "./model_file.ts";

/** How to feed a model, and how to read its output. */
export interface ModelContract {
  readonly family: Family;
  readonly image: ImagePort;
  readonly preprocess: Preprocess;
  readonly input: InputPolicy;
  readonly outputs: FamilyOutputs;
  /** The name of each class, by number. */
  readonly labels: readonly string[];
}

/** A model's file. */
export interface ModelFile {
  /** As configured, for messages. */
  readonly model: string;
  readonly ports: ModelPorts;
  readonly header: ModelHeader;
  /** The input's size in a dry run whose outputs `ports` has; null: the sizes are those of the file. */
  readonly triedAt: SizePx | null;
}

const EXPECTED = "Use a detector of a family that models/README.md lists, exported as described " +
  "there; or name the family in the detector's family.";

const OTHER_FAMILY = "Correct the detector's family, or leave it out.";

/**
 * Determines the family of a model by its file.
 * @param settings  what the configuration says of it
 * @returns null when the sizes of its outputs are needed, and the file does not have them
 * @throws ModelError `MODEL_UNSUPPORTED` with what was found and what to do
 */
export function modelContract(
  file: ModelFile,
  settings: ModelSettings = NOTHING_SAID,
): ModelContract | null {
  const { model, ports, header } = file;
  const names = readClassNames(header);
  const described = { ...ports, header, names };
  const image = imagePortOf(ports);
  if (image === null || !pixelsInBounds(image)) {
    throw refused(model, refusedPicture(described), `its input is ${listed(ports.inputs)}`);
  }
  const unfit = refusedInput(described);
  if (unfit !== null) throw refused(model, unfit, `its input is ${listed(ports.inputs)}`);
  const refusal = refusedTask(described);
  if (refusal !== null) throw refused(model, refusal, `its output is ${listed(ports.outputs)}`);
  const facts: ModelFacts = {
    image,
    others: ports.inputs.filter(({ name }) => name !== image.name),
    outputs: ports.outputs.map((port) => ofOnePicture(port, image)),
    size: file.triedAt ?? sizeOf(image),
    metadata: header.metadata,
    names,
    isChosen: settings.family !== AUTO,
  };
  const found = familyOf(facts, settings);
  if (found !== null) return contractOf(found, facts, settings, model);
  const isKnown = facts.size !== null && !ports.outputs.some(isDynamic);
  if (!isKnown && file.triedAt === null) return null;
  throw unknownFamily(model, described, facts, settings);
}

interface Found {
  readonly family: Family;
  readonly outputs: FamilyOutputs;
}

function familyOf(facts: ModelFacts, { family: chosen }: ModelSettings): Found | null {
  for (const family of FAMILIES) {
    if (chosen !== AUTO && family.name !== chosen) continue;
    const outputs = family.match(facts);
    if (outputs === null || !hasAll(facts, outputs)) continue;
    return { family, outputs };
  }
  return null;
}

/** Whether every input beside the picture gets a value. */
function hasAll({ others }: ModelFacts, { constants = [] }: FamilyOutputs): boolean {
  return others.every(({ name }) => constants.some((constant) => constant.name === name));
}

function contractOf(
  { family, outputs }: Found,
  { image, names: given }: ModelFacts,
  settings: ModelSettings,
  model: string,
): ModelContract {
  const { classes } = outputs;
  const usesIds = family.usesIds ?? false;
  // Exporters may name COCO's 80 classes beside columns for all of its numbers.
  const names = usesIds && classes === COCO_IDS.length && given?.size === COCO_LABELS.length
    ? null
    : given;
  if (classes !== null && names !== null && names.size !== classes) {
    const isChosen = settings.family !== AUTO;
    const as = isChosen ? `as ${family.name} ` : "";
    throw unsupported(
      model,
      `its file names ${names.size} classes, and ${as}it scores ${classes}`,
      isChosen ? OTHER_FAMILY : "Export it again with the names of its classes, or without any.",
    );
  }
  const preprocess = preprocessOf(family, image, settings);
  return {
    family,
    image,
    preprocess,
    input: inputPolicy(image, preprocess),
    outputs,
    labels: labelsFor({ count: classes, names, usesIds }),
  };
}

/** Whole numbers are levels from 0 to 255, whatever the family usually takes. */
function preprocessOf(family: Family, image: ImagePort, settings: ModelSettings): Preprocess {
  const usual = image.type === "uint8"
    ? { ...family.preprocess, scale: 255 as const, mean: NO_MEAN, std: NO_STD }
    : family.preprocess;
  return { ...usual, ...settings.preprocess };
}

const NO_MEAN = [0, 0, 0] as const;
const NO_STD = [1, 1, 1] as const;

/** An output as it is of the first picture alone. */
function ofOnePicture(port: TensorPort, { batch }: ImagePort): TensorPort {
  const [pictures, ...rest] = port.dims;
  return batch > 1 && pictures === batch ? { ...port, dims: [1, ...rest] } : port;
}

function sizeOf({ width, height }: ImagePort): SizePx | null {
  return width === null || height === null ? null : { width, height };
}

function isDynamic({ dims }: TensorPort): boolean {
  return dims.length === 0 || dims.includes(null);
}

function unknownFamily(
  model: string,
  described: Parameters<typeof refusedOutput>[0],
  { others }: ModelFacts,
  { family }: ModelSettings,
): ModelError {
  const outputs = `its output is ${listed(described.outputs)}`;
  if (family !== AUTO) {
    return unsupported(model, `${outputs}, which does not suit family ${family}`, OTHER_FAMILY);
  }
  const further = others.length === 0 ? "" : `, and it takes ${listed(others)} beside the picture`;
  return refused(model, refusedOutput(described), `${outputs}${further}`);
}

/** A family and what its input holds, in a few words. */
export function familyText({ family, image, preprocess }: ModelContract): string {
  const { colour, scale, mean, std, resize } = preprocess;
  const isNormalised = mean.some((value) => value !== 0) || std.some((value) => value !== 1);
  const batch = image.batch > 1 ? [`a batch of ${image.batch}, of which one is used`] : [];
  const parts = [
    `${colour.toUpperCase()} 0..${scale}${isNormalised ? " normalised" : ""}`,
    ...image.type === "float32" ? [] : [image.type],
    ...[resize, ...batch],
  ];
  return `${family.title} (${parts.join(", ")})`;
}

/** Inputs or outputs in a few words. */
export function listed(ports: readonly TensorPort[]): string {
  if (ports.length === 0) return "missing";
  return ports.slice(0, 8).map((port) =>
    `"${port.name}" ${port.type ?? "not a tensor"} [${
      port.dims.map((dim) => dim ?? "?").join(", ")
    }]`
  ).join(" and ");
}

function refused(model: string, refusal: Refusal | null, found: string): ModelError {
  return refusal === null
    ? unsupported(model, found)
    : unsupported(model, `${refusal.why} (${found})`, refusal.remedy);
}

/** The error for a model of no use. @param why  a clause, "its input is …" */
export function unsupported(model: string, why: string, remedy = EXPECTED): ModelError {
  return new ModelError({
    code: "MODEL_UNSUPPORTED",
    message: `Cannot use model "${model}": ${why}.`,
    retryable: false,
    remedy,
  });
}
