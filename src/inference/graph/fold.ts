/**
 * Folds into a model's graph, once at load, what lies between Orion's tensor (NCHW RGB float32 in 0..1, a
 * batch of one) and what the model takes, and what lies between its outputs and what is read of them. No
 * pixel and no score passes through JavaScript for it.
 */
import type { Preprocess } from "../../core/model_families.ts";
import type { ModelContract } from "../contract.ts";
import type { FamilyOutputs, ImagePort, UsedOutput } from "../families/family.ts";
import {
  type ConstantTensor,
  type DeclaredPort,
  editGraph,
  type GraphEdit,
  type GraphNode,
} from "./edit_graph.ts";
import { ELEMENT_TYPES, type ModelPorts, type TensorPort } from "./model_graph.ts";

/** A model whose graph takes Orion's tensor, and gives float32. */
export interface FoldedModel {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly inputName: string;
  /** In the order in which the family reads them. */
  readonly outputNames: readonly string[];
  /** The numbers of the classes that the outputs have columns for, in their order. */
  readonly columns: readonly number[];
}

/** Names of what is added begin with it. */
const PREFIX = "orion.";
const INPUT = `${PREFIX}images`;

/**
 * Changes the graph where the contract demands it.
 * @param bytes    a model that was scanned
 * @param classes  numbers of the classes that are wanted, ascending
 */
export function foldModel(
  bytes: Uint8Array<ArrayBuffer>,
  ports: ModelPorts,
  { image, preprocess, outputs }: ModelContract,
  classes: readonly number[],
): FoldedModel {
  const input = foldInput(image, preprocess, outputs);
  const all = Array.from({ length: outputs.classes ?? 0 }, (_, index) => index);
  const columns = outputs.classes === null || classes.length === all.length ? all : classes;
  const folded = outputs.used.map((used, index) => {
    const port = ports.outputs.find(({ name }) => name === used.name);
    const wanted = columns === all ? null : columns;
    return foldOutput(used, port, { index, batch: image.batch, wanted, count: all.length });
  });
  const isSame = input.replacedInputs.size === 0 &&
    folded.every(({ nodes }) => nodes.length === 0) &&
    folded.length === ports.outputs.length;
  const outputNames = folded.map(({ name }) => name);
  const inputName = input.inputs.at(0)?.name ?? image.name;
  if (isSame) return { bytes, inputName, outputNames, columns };
  const changed = folded.filter(({ nodes }) => nodes.length > 0);
  const edit: GraphEdit = {
    ...input,
    constants: [...input.constants, ...folded.flatMap(({ constants }) => constants)],
    after: folded.flatMap(({ nodes }) => nodes),
    keptOutputs: new Set(folded.filter(({ nodes }) => nodes.length === 0).map(({ name }) => name)),
    outputs: changed.map(({ name }) => ({ name, type: "float32" })),
  };
  return { bytes: editGraph(bytes, edit), inputName, outputNames, columns };
}

type InputEdit = Pick<GraphEdit, "replacedInputs" | "inputs" | "before" | "constants">;

/** The nodes between Orion's tensor and the model's input, and the values of its other inputs. */
function foldInput(
  image: ImagePort,
  preprocess: Preprocess,
  { constants = [] }: FamilyOutputs,
): InputEdit {
  const steps = inputSteps(image, preprocess);
  const others = constants.map(({ name }) => name);
  if (steps.length === 0) {
    return { replacedInputs: new Set(others), inputs: [], before: [], constants };
  }
  const nodes = steps.map(({ operator, attributes = {}, constants = [] }, index): GraphNode => ({
    operator,
    inputs: [
      index === 0 ? INPUT : `${PREFIX}step${index - 1}`,
      ...constants.map(({ name }) => name),
    ],
    output: index === steps.length - 1 ? image.name : `${PREFIX}step${index}`,
    attributes,
  }));
  return {
    replacedInputs: new Set([image.name, ...others]),
    inputs: [declaredInput(image)],
    before: nodes,
    constants: [...constants, ...steps.flatMap((step) => step.constants ?? [])],
  };
}

function declaredInput({ width, height }: ImagePort): DeclaredPort {
  const dims = [1, 3, height ?? `${PREFIX}height`, width ?? `${PREFIX}width`];
  return { name: INPUT, type: "float32", dims };
}

interface InputStep {
  readonly operator: GraphNode["operator"];
  readonly attributes?: GraphNode["attributes"];
  readonly constants?: readonly ConstantTensor[];
}

function inputSteps(image: ImagePort, preprocess: Preprocess): InputStep[] {
  const steps: InputStep[] = [];
  const levels = levelStep(image, preprocess);
  if (levels !== null) steps.push(levels);
  if (image.type !== "float32") {
    steps.push({ operator: "Cast", attributes: { to: ELEMENT_TYPES[image.type] ?? 0 } });
  }
  if (image.layout === "nhwc") {
    steps.push({ operator: "Transpose", attributes: { perm: [0, 2, 3, 1] } });
  }
  // The same picture again, or the only one without its batch.
  if (image.batch > 1) {
    const values = Array.from({ length: image.batch }, () => 0);
    steps.push(gather("pictures", { axis: 0, dims: [image.batch], values }));
  }
  if (!image.isBatched) steps.push(gather("picture", { axis: 0, dims: [], values: [0] }));
  return steps;
}

/** Order of colours, scale, mean and deviation in one convolution of single pixels; null: nothing changes. */
function levelStep(
  { type }: ImagePort,
  { colour, scale, mean, std }: Preprocess,
): InputStep | null {
  const channels = [0, 1, 2] as const;
  const isSame = colour === "rgb" && scale === 1 && type !== "uint8" &&
    channels.every((channel) => mean[channel] === 0 && std[channel] === 1);
  if (isSame) return null;
  const from = (channel: number) => colour === "rgb" ? channel : 2 - channel;
  const weights = channels.flatMap((to) =>
    channels.map((source) => source === from(to) ? scale / std[to] : 0)
  );
  // A cast to whole numbers truncates.
  const rounding = type === "uint8" ? 0.5 : 0;
  const bias = channels.map((to) => rounding - mean[to] / std[to]);
  const name = `${PREFIX}levels`;
  return {
    operator: "Conv",
    constants: [
      { name: `${name}.weights`, type: "float32", dims: [3, 3, 1, 1], values: weights },
      { name: `${name}.bias`, type: "float32", dims: [3], values: bias },
    ],
  };
}

interface FoldedOutput {
  readonly name: string;
  readonly nodes: readonly GraphNode[];
  readonly constants: readonly ConstantTensor[];
}

/** The nodes between an output of the model and what is read of it. */
function foldOutput(
  { name, columns }: UsedOutput,
  port: TensorPort | undefined,
  { index, batch, wanted, count }: {
    readonly index: number;
    readonly batch: number;
    readonly wanted: readonly number[] | null;
    readonly count: number;
  },
): FoldedOutput {
  const steps: InputStep[] = [];
  if (batch > 1) steps.push(gather(`first${index}`, { axis: 0, dims: [1], values: [0] }));
  if (columns !== undefined && wanted !== null) {
    const { axis, before, after } = columns;
    const values = [
      ...range(0, before),
      ...wanted.map((number) => before + number),
      ...range(before + count, after),
    ];
    steps.push(gather(`columns${index}`, { axis, dims: [values.length], values }));
  }
  if (port?.type !== "float32") {
    steps.push({ operator: "Cast", attributes: { to: ELEMENT_TYPES["float32"] ?? 0 } });
  }
  const nodes = steps.map(({ operator, attributes = {}, constants = [] }, step): GraphNode => ({
    operator,
    inputs: [
      step === 0 ? name : `${PREFIX}output${index}.${step - 1}`,
      ...constants.map((constant) => constant.name),
    ],
    output: `${PREFIX}output${index}.${step}`,
    attributes,
  }));
  return {
    name: nodes.at(-1)?.output ?? name,
    nodes,
    constants: steps.flatMap((step) => step.constants ?? []),
  };
}

/** Picks indices along an axis. */
function gather(
  name: string,
  { axis, dims, values }: {
    readonly axis: number;
    readonly dims: readonly number[];
    readonly values: readonly number[];
  },
): InputStep {
  return {
    operator: "Gather",
    attributes: { axis },
    constants: [{ name: `${PREFIX}${name}`, type: "int64", dims, values }],
  };
}

function range(from: number, length: number): number[] {
  return Array.from({ length }, (_, index) => from + index);
}
