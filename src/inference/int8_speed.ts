/**
 * Measures how much faster this machine computes in int8 than in float32: with the instructions that modern
 * processors have for it, about four times; without them, less than one and a half.
 *
 * It computes the same product of matrices both ways, of the size of a small convolution, and compares the
 * fastest run of each, since other programs can only make a run slower.
 */
import { type Clock, sinceMs } from "../core/clock.ts";
import type { Precision } from "../core/detector_types.ts";
import { portField } from "./graph/edit_graph.ts";
import { ELEMENT_TYPES, GRAPH, MODEL } from "./graph/model_graph.ts";
import { bytes, join, message, number, text } from "./graph/protobuf_writer.ts";

/**
 * From this factor on, a frame of 640 × 384 in int8 costs about what one of 544 × 320 in float32 does. It
 * lies between processors with such instructions and those without, with room for a busy machine.
 */
export const FAST_INT8_FACTOR = 1.6;
/** How long it measures, without the time to set up. */
const MEASURE_MS = 10;
/** Runs of each, also where that takes longer: so many that other programs do not slow down them all. */
const MIN_RUNS = 12;

/** The left matrix, which is the input, and the right one, which is in the model. */
const PRODUCT = { rows: 240, inner: 576, columns: 96 } as const;

/** A model that multiplies its input with a matrix. */
export interface ProductModel {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly precision: Precision;
  readonly input: string;
  readonly output: string;
  readonly dims: readonly number[];
}

/** Such a model with an input, in a session. */
export interface Product extends AsyncDisposable {
  run(): Promise<unknown>;
}

/** @returns the time of a run in float32 by that of one in int8 */
export async function int8Factor(
  open: (model: ProductModel) => Promise<Product>,
  clock: Clock,
): Promise<number> {
  await using float32 = await open(productModel("float32"));
  await using int8 = await open(productModel("int8"));
  const runMs = async (product: Product) => {
    const startedAtMs = clock.nowMs();
    await product.run();
    return sinceMs(startedAtMs, clock.nowMs());
  };
  const fastest = { float32: Infinity, int8: Infinity };
  const startedAtMs = clock.nowMs();
  for (let runs = 0; runs < MIN_RUNS || sinceMs(startedAtMs, clock.nowMs()) < MEASURE_MS; runs++) {
    fastest.float32 = Math.min(fastest.float32, await runMs(float32));
    fastest.int8 = Math.min(fastest.int8, await runMs(int8));
  }
  return fastest.float32 / fastest.int8;
}

function productModel(precision: Precision): ProductModel {
  const isInt8 = precision === "int8";
  const { rows, inner, columns } = PRODUCT;
  const weights = inner * columns * (isInt8 ? 1 : Float32Array.BYTES_PER_ELEMENT);
  const dims = [rows, inner];
  const graph = message(MODEL.graph, [
    message(GRAPH.node, [
      ...[text(1, "left"), text(1, "right"), text(2, "product")],
      text(4, isInt8 ? "MatMulInteger" : "MatMul"),
    ]),
    text(2, "product"),
    message(GRAPH.initializer, [
      ...[number(1, inner), number(1, columns)],
      number(2, ELEMENT_TYPES[precision] ?? 0),
      ...[text(8, "right"), bytes(9, new Uint8Array(weights))],
    ]),
    portField(GRAPH.input, { name: "left", type: isInt8 ? "uint8" : "float32", dims }),
    portField(GRAPH.output, {
      ...{ name: "product", type: isInt8 ? "int32" : "float32", dims: [rows, columns] },
    }),
  ]);
  const opset = message(8, [text(1, ""), number(2, 17)]);
  return {
    bytes: join([number(1, 8), graph, opset]),
    precision,
    input: "left",
    output: "product",
    dims,
  };
}
