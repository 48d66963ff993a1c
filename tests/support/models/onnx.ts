/** Builds tiny ONNX models by hand, so that tests can hand the runtime whatever shape they like. */

/** Element types of `TensorProto`. */
const ELEMENT = { float32: 1, uint8: 2 } as const;

/** An input or output as it is declared; a name instead of a size is a dynamic one. */
export interface DeclaredPort {
  readonly name: string;
  readonly type?: keyof typeof ELEMENT;
  readonly dims: readonly (number | string)[];
}

/** An output that is always the same values. */
export interface ConstantOutput extends DeclaredPort {
  readonly values: readonly number[];
  /** The real size, where the declared one is dynamic. */
  readonly size: readonly number[];
  /** The file with the values; default: they are in the model. */
  readonly external?: string;
}

/** A model that takes its inputs, ignores them, and answers its constants. */
export function onnxModel(
  model: {
    readonly inputs: readonly DeclaredPort[];
    readonly outputs: readonly ConstantOutput[];
    readonly metadata?: Readonly<Record<string, string>>;
  },
): Uint8Array<ArrayBuffer> {
  const nodes = model.outputs.map((output) =>
    message(1, [
      text(1, `${output.name}_values`),
      text(2, output.name),
      text(4, "Identity"),
    ])
  );
  const initializers = model.outputs.map((output) =>
    message(
      5,
      [
        ...output.size.map((size) => number(1, size)),
        number(2, ELEMENT.float32),
        ...dataOf(output),
        text(8, `${output.name}_values`),
      ].sort(byField),
    )
  );
  const graph = message(7, [
    ...nodes,
    text(2, "test"),
    ...initializers,
    ...model.inputs.map((port) => valueInfo(11, port)),
    ...model.outputs.map((port) => valueInfo(12, port)),
  ]);
  const metadata = Object.entries(model.metadata ?? {}).map(([key, value]) =>
    message(14, [text(1, key), text(2, value)])
  );
  const opset = message(8, [text(1, ""), number(2, 17)]);
  return join([number(1, 8), text(2, "orion-test"), graph, opset, ...metadata]);
}

/** The fields of a tensor for its values. */
function dataOf({ values, external }: ConstantOutput): Uint8Array[] {
  const data = new Uint8Array(Float32Array.from(values).buffer);
  if (external === undefined) return [bytes(9, data)];
  const entries = { location: external, offset: "0", length: `${data.length}` };
  return [
    ...Object.entries(entries).map(([key, value]) => message(13, [text(1, key), text(2, value)])),
    number(14, 1),
  ];
}

function valueInfo(field: number, port: DeclaredPort): Uint8Array {
  const dims = port.dims.map((dim) =>
    message(1, [typeof dim === "number" ? number(1, dim) : text(2, dim)])
  );
  const tensor = message(1, [number(1, ELEMENT[port.type ?? "float32"]), message(2, dims)]);
  return message(field, [text(1, port.name), message(2, [tensor])]);
}

function byField(a: Uint8Array, b: Uint8Array): number {
  return ((a[0] ?? 0) >> 3) - ((b[0] ?? 0) >> 3);
}

/** A field that is a varint. */
export function number(field: number, value: number): Uint8Array {
  return join([varint(field * 8), varint(value)]);
}

/** A field that is a string. */
export function text(field: number, value: string): Uint8Array {
  return bytes(field, new TextEncoder().encode(value));
}

/** A field that is a message. */
export function message(field: number, parts: readonly Uint8Array[]): Uint8Array {
  return bytes(field, join(parts));
}

/** A field that is bytes. */
export function bytes(field: number, value: Uint8Array): Uint8Array {
  return join([varint(field * 8 + 2), varint(value.length), value]);
}

function varint(value: number): Uint8Array {
  const out: number[] = [];
  for (let rest = value;; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...out, rest]);
    out.push((rest % 128) + 128);
  }
}

/** One array after another; of messages, the message that they merge to. */
export function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
