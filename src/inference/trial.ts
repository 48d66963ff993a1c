/** A run of a model as its file is, only for the sizes of its outputs where the file does not have them. */
import type { SizePx } from "../core/geometry.ts";
import type { ModelPorts, TensorPort } from "./graph/model_graph.ts";
import { imagePort } from "./image_port.ts";

/** Width and height of a free input in the trial: a multiple of every stride. */
const SIDE_PX = 320;

/** An input of the trial; all of its values are 0. */
export interface TrialInput {
  readonly name: string;
  readonly type: string;
  readonly dims: readonly number[];
  readonly length: number;
}

/** What a trial feeds. */
export interface Trial {
  readonly size: SizePx;
  readonly inputs: readonly TrialInput[];
}

/** Plans the trial; null when no input takes a picture. */
export function trialOf({ inputs }: ModelPorts): Trial | null {
  const image = inputs.map(imagePort).find((port) => port !== null);
  if (image === undefined) return null;
  const { width, height } = image;
  const size = { width: width ?? SIDE_PX, height: height ?? SIDE_PX };
  const sides = image.layout === "nchw"
    ? [3, size.height, size.width]
    : [size.height, size.width, 3];
  const dims = image.isBatched ? [image.batch, ...sides] : sides;
  return {
    size,
    inputs: inputs.map((port) => trialInput(port, port.name === image.name ? dims : ones(port))),
  };
}

function ones({ dims }: TensorPort): number[] {
  return dims.map((dim) => dim ?? 1);
}

function trialInput({ name, type }: TensorPort, dims: readonly number[]): TrialInput {
  return {
    name,
    type: type ?? "",
    dims,
    length: dims.reduce((product, size) => product * size, 1),
  };
}
