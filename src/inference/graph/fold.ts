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
  return {
    replacedInputs: new Set([image.name, ...others]),
    inputs: [declaredInput(image)],
    before: chained(
      steps,
      INPUT,
      (step) => step === steps.length - 1 ? image.name : `${PREFIX}step${step}`,
    ),
    constants: [...constants, ...steps.flatMap((step) => step.constants ?? [])],
  };
}

function declaredInput({ width, height }: ImagePort): DeclaredPort {
  const dims = [1, 3, height ?? `${PREFIX}height`, width ?? `${PREFIX}width`];
  return { name: INPUT, type: "float32", dims };
}

/** One operator of a chain, without the names of what it takes and gives. */
interface Step {
  readonly operator: GraphNode["operator"];
  readonly attributes?: GraphNode["attributes"];
  readonly constants?: readonly ConstantTensor[];
}

function inputSteps(image: ImagePort, preprocess: Preprocess): Step[] {
  const steps: Step[] = levelSteps(image, preprocess);
  if (image.type !== "float32") {
    steps.push({ operator: "Cast", attributes: { to: ELEMENT_TYPES[image.type] ?? 0 } });
  }
  if (image.layout === "nhwc") {
    steps.push({ operator: "Transpose", attributes: { perm: [0, 2, 3, 1] } });
  }
  // The same picture again, or the only one without its batch.
  if (image.batch > 1) {
    const values = Array.from({ length: image.batch }, () => 0);
    steps.push(picked("pictures", { axis: 0, dims: [image.batch], values }));
  }
  if (!image.isBatched) steps.push(picked("picture", { axis: 0, dims: [], values: [0] }));
  return steps;
}

/**
 * Order of colours, scale, mean and deviation: each only where it changes something. A convolution of single
 * pixels does all of it at once, and takes four times as long.
 */
function levelSteps(
  { type }: ImagePort,
  { colour, scale, mean, std }: Preprocess,
): Step[] {
  const channels = [0, 1, 2] as const;
  const steps: Step[] = [];
  if (colour === "bgr") steps.push(picked("colours", { axis: 1, dims: [3], values: [2, 1, 0] }));
  const factors = channels.map((channel) => scale / std[channel]);
  if (factors.some((factor) => factor !== 1)) steps.push(byChannel("Mul", factors));
  // A cast to whole numbers truncates.
  const rounding = type === "uint8" ? 0.5 : 0;
  const offsets = channels.map((channel) => rounding - mean[channel] / std[channel]);
  if (offsets.some((offset) => offset !== 0)) steps.push(byChannel("Add", offsets));
  return steps;
}

/** Applies a value to all pixels of a channel. */
function byChannel(operator: "Mul" | "Add", values: readonly number[]): Step {
  const name = `${PREFIX}${operator.toLowerCase()}`;
  return { operator, constants: [{ name, type: "float32", dims: [1, 3, 1, 1], values }] };
}

interface FoldedOutput {
  readonly name: string;
  readonly nodes: readonly GraphNode[];
  readonly constants: readonly ConstantTensor[];
}

/** The nodes between an output of the model and what is read of it. */
function foldOutput(
  { name, columns, softmax = false }: UsedOutput,
  port: TensorPort | undefined,
  { index, batch, wanted, count }: {
    readonly index: number;
    readonly batch: number;
    readonly wanted: readonly number[] | null;
    readonly count: number;
  },
): FoldedOutput {
  const steps: Step[] = [];
  if (batch > 1) steps.push(picked(`first${index}`, { axis: 0, dims: [1], values: [0] }));
  if (softmax) steps.push({ operator: "Softmax", attributes: { axis: 2 } });
  if (columns !== undefined && wanted !== null) {
    const { axis, before, after } = columns;
    const values = [
      ...range(0, before),
      ...wanted.map((number) => before + number),
      ...range(before + count, after),
    ];
    steps.push(picked(`columns${index}`, { axis, dims: [values.length], values }));
  }
  if (port?.type !== "float32") {
    steps.push({ operator: "Cast", attributes: { to: ELEMENT_TYPES["float32"] ?? 0 } });
  }
  const nodes = chained(steps, name, (step) => `${PREFIX}output${index}.${step}`);
  return {
    name: nodes.at(-1)?.output ?? name,
    nodes,
    constants: steps.flatMap((step) => step.constants ?? []),
  };
}

/** The nodes of a chain. */
function chained(
  steps: readonly Step[],
  first: string,
  outputOf: (step: number) => string,
): GraphNode[] {
  return steps.map(({ operator, attributes = {}, constants = [] }, step) => ({
    operator,
    inputs: [step === 0 ? first : outputOf(step - 1), ...constants.map(({ name }) => name)],
    output: outputOf(step),
    attributes,
  }));
}

/** Picks indices along an axis. */
function picked(
  name: string,
  { axis, dims, values }: {
    readonly axis: number;
    readonly dims: readonly number[];
    readonly values: readonly number[];
  },
): Step {
  return {
    operator: "Gather",
    attributes: { axis },
    constants: [{ name: `${PREFIX}${name}`, type: "int64", dims, values }],
  };
}

function range(from: number, length: number): number[] {
  return Array.from({ length }, (_, index) => from + index);
}
