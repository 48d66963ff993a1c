/** Graphs that ONNX Runtime does not load: what its message means, and the way on. */
import type { ModelError } from "../core/errors.ts";
import { unsupported } from "./contract.ts";
import { invalid, reasonOf } from "./read_model.ts";

interface Meaning {
  readonly pattern: RegExp;
  /** A clause, made of what the pattern found. */
  readonly why: (found: string) => string;
  readonly remedy: string;
}

const MEANINGS: readonly Meaning[] = [
  {
    pattern: /(Missing opset)/,
    why: () => "it does not say of which opset its operators are",
    remedy: "Export it again: the program that wrote or changed it skipped a part.",
  },
  {
    pattern: /\b(\w*(?:NMS|Nms)\w*_?TRT\w*|TRT\w+)/,
    why: (found) => `it needs ${found}, which is a plugin of TensorRT`,
    remedy:
      "Export it for ONNX Runtime: YOLOv7 with --grid --end2end --max-wh 640, others without " +
      "TensorRT's plugins or without suppression in the graph.",
  },
  {
    pattern: /max supported IR version: (\d+)/,
    why: (found) =>
      `it was written in a newer format than this ONNX Runtime reads, which is ${found}`,
    remedy: "Export it with an older version of the onnx package, or with a lower opset.",
  },
  {
    pattern: /ONNX opset version (\d+)|opset (\d+) is under development/i,
    why: (found) => `its operators are of opset ${found}, which this ONNX Runtime does not have`,
    remedy: "Export it with opset 17.",
  },
  {
    pattern:
      /(?:No Op registered for|implementation for|Fatal error:) ([\w.:]+)(?:\(-?\d+\))?(?: is not a registered)?/,
    why: (found) => `it needs the operator ${found}, which ONNX Runtime does not have`,
    remedy: "Export it with standard operators alone, without the plugins of another runtime.",
  },
];

/** The error for a graph that ONNX Runtime refused. */
export function graphRefused(
  { model, path }: { readonly model: string; readonly path: string },
  cause: unknown,
): ModelError {
  const reason = reasonOf(cause);
  for (const { pattern, why, remedy } of MEANINGS) {
    const found = pattern.exec(reason);
    if (found !== null) return unsupported(model, why(found[1] ?? found[2] ?? ""), remedy);
  }
  return invalid({ model, path }, `ONNX Runtime refused it (${reason})`, cause);
}
