/** A run of a model as its file is, only for the sizes of its outputs where the file does not have them. */
import { assert } from "../core/assert.ts";
import type { ModelError } from "../core/errors.ts";
import type { SizePx } from "../core/geometry.ts";
import { type ModelFile, unsupported } from "./contract.ts";
import type { ModelPorts } from "./graph/model_graph.ts";
import { imagePortOf } from "./image_port.ts";

/** Width and height of a free input in the trial: a multiple of every stride. */
const SIDE_PX = 320;

/** An input of the trial; all of its values are 0. */
export interface TrialInput {
  readonly name: string;
  readonly type: string;
  readonly dims: readonly number[];
}

/** What a trial feeds. */
export interface Trial {
  readonly size: SizePx;
  readonly inputs: readonly TrialInput[];
}

/** Plans the trial of a model with an input that takes a picture. */
export function trialOf(ports: ModelPorts): Trial {
  const image = imagePortOf(ports);
  assert(image !== null, "an input takes a picture");
  const { width, height } = image;
  const size = { width: width ?? SIDE_PX, height: height ?? SIDE_PX };
  const sides = image.layout === "nchw"
    ? [3, size.height, size.width]
    : [size.height, size.width, 3];
  const dims = image.isBatched ? [image.batch, ...sides] : sides;
  return {
    size,
    inputs: ports.inputs.map((port) => ({
      name: port.name,
      type: port.type ?? "",
      dims: port.name === image.name ? dims : port.dims.map((dim) => dim ?? 1),
    })),
  };
}

/** The file with the sizes of its outputs in the trial. @param sizeOf  null for what is no tensor */
export function withSizes(
  file: ModelFile,
  { size }: Trial,
  sizeOf: (name: string) => readonly number[] | null,
): ModelFile {
  const outputs = file.ports.outputs.map((port) => ({
    ...port,
    dims: sizeOf(port.name) ?? port.dims,
  }));
  return { ...file, ports: { ...file.ports, outputs }, triedAt: size };
}

/** The error for a model whose trial failed. */
export function trialFailed({ model }: ModelFile, reason: string): ModelError {
  return unsupported(
    model,
    `its file does not have the sizes of its outputs, and a blank picture does not run (${reason})`,
    "Export it with a fixed size of its input.",
  );
}
