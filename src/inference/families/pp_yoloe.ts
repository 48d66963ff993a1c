/** PP-YOLOE of PaddleDetection, converted by paddle2onnx. */
import type { ConstantTensor } from "../graph/edit_graph.ts";
import type { TensorPort } from "../graph/model_graph.ts";
import { type Family, type ImagePort, PLAIN } from "./family.ts";
import { ANY, columnOf, cornersAt, isFloat, isWhole, labelled } from "./views.ts";

/** Values of a row: class, score, x1, y1, x2, y2. */
const WIDTH = 6;
const CORNERS = 2;

/** An output `[n, 6]` of class, score, x1, y1, x2, y2, and how many of the rows count. */
export const PP_YOLOE: Family = {
  name: "pp-yoloe",
  title: "PP-YOLOE",
  preprocess: { ...PLAIN, resize: "stretch" },
  overlaps: false,
  match({ outputs, others, image }) {
    const rows = outputs.find((port) => isFloat(port, [ANY, WIDTH]));
    const count = outputs.find((port) => isWhole(port, [ANY]));
    const constants = others.map((port) => constantOf(port, image));
    if (rows === undefined || outputs.length !== (count === undefined ? 1 : 2)) return null;
    if (image.batch > 1 || constants.includes(null) || others.length === 0) return null;
    return {
      used: [rows, ...count === undefined ? [] : [count]].map(({ name }) => ({ name })),
      classes: null,
      constants: constants.filter((one) => one !== null),
      view([output, counted]) {
        const [found = 0, width] = output?.dims ?? [];
        if (output === undefined || width !== WIDTH) return null;
        return {
          cells: counted === undefined ? found : Math.min(found, counted.data[0] ?? 0),
          scores: labelled(columnOf(output, 1), columnOf(output, 0)),
          box: (cell) => cornersAt(output, cell * WIDTH + CORNERS),
        };
      },
    };
  },
};

/** Of a picture that is the input as it is. */
function constantOf(
  { name, type }: TensorPort,
  { width, height }: ImagePort,
): ConstantTensor | null {
  if (type !== "float32") return null;
  if (name === "scale_factor") return { name, type, dims: [1, 2], values: [1, 1] };
  if (name !== "im_shape" || width === null || height === null) return null;
  return { name, type, dims: [1, 2], values: [height, width] };
}
