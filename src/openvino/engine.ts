import { LifecycleError } from "../core/errors.ts";
import { cString } from "../libav/memory.ts";
import { NULL, type Ptr } from "../libav/pointers.ts";
import { OpenVinoCalls, openVinoError } from "./calls.ts";

/** `ov_element_type_e` F32 by the bytes of a value of type 4, which is F32 since OpenVINO 2025. */
const FLOAT32: Readonly<Record<number, number>> = { 2: 5, 4: 4 };
/** Sizes of a tensor, at most. */
const MAX_RANK = 8;
/** Shapes of the input that the model is kept compiled for; the one that was used least recently goes. */
export const MAX_COMPILED = 4;

/** An output. */
export interface OpenVinoTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}

/** The input by its name. */
type Feeds = {
  readonly [input: string]: { readonly dims: readonly number[]; readonly data: unknown };
};

/** The model for one shape of its input. */
interface Compiled {
  readonly model: Ptr<"ov_compiled_model_t">;
  readonly request: Ptr<"ov_infer_request_t">;
}

/**
 * A model in OpenVINO, on the processor; in bfloat16 where the processor computes in it.
 *
 * OpenVINO is fastest with a fixed shape: the model is compiled once for each shape of the input that
 * occurs.
 */
export class OpenVinoEngine {
  readonly #calls: OpenVinoCalls;
  readonly #threads: number;
  /** The name of the input. */
  readonly #input: string;
  /** By shape, the least recently used first. */
  readonly #compiled = new Map<string, Compiled>();
  // Larger than 64 bytes each: V8 moves smaller buffers.
  readonly #dims = new BigInt64Array(2 * MAX_RANK);
  readonly #shape = new BigInt64Array(2 * MAX_RANK);
  /** The number of float32 among the types of elements. */
  #float32 = 0;
  #core: Ptr<"ov_core_t"> = NULL;
  #model: Ptr<"ov_model_t"> = NULL;

  /**
   * @param library  absolute path of OpenVINO's C library, spelled as in the `ffi` permission
   * @param model.bytes  an ONNX model without external data
   * @param model.dims  the shape of its input that it is compiled for at once
   * @throws {LibraryError} when the library cannot be loaded
   * @throws {ModelError} `MODEL_RUNTIME` when OpenVINO refuses the model, or ports are no float32 tensors
   */
  constructor(
    library: string,
    { bytes, dims }: { readonly bytes: Uint8Array<ArrayBuffer>; readonly dims: readonly number[] },
    threads: number,
  ) {
    const calls = new OpenVinoCalls(library);
    this.#calls = calls;
    this.#threads = threads;
    try {
      const { native, cell } = calls;
      calls.must("start", native.ov_core_create(cell));
      const core = this.#core = calls.pointer();
      this.#float32 = this.#findFloat32();
      const size = BigInt(bytes.byteLength);
      const read = native.ov_core_read_model_from_memory_buffer(core, bytes, size, NULL, cell);
      calls.must("read the model", read);
      this.#model = calls.pointer();
      this.#input = this.#onlyInput();
      this.#compiledFor(dims);
    } catch (error) {
      this.#free();
      throw error;
    }
  }

  /**
   * Infers once; blocks the thread. The first run with another shape compiles the model for it.
   * @param feeds  the input by its name, of float32, read in place
   * @param fetches  the names of the outputs that are needed
   * @returns new memory
   * @throws {ModelError} `MODEL_RUNTIME`
   */
  run(feeds: Feeds, fetches: readonly string[]): Promise<Record<string, OpenVinoTensor>> {
    return Promise.try(() => this.#run(feeds, fetches));
  }

  /** Frees the model and closes the library; idempotent. */
  release(): Promise<void> {
    this.#free();
    return Promise.resolve();
  }

  #run(feeds: Feeds, fetches: readonly string[]): Record<string, OpenVinoTensor> {
    if (this.#model === NULL) throw new LifecycleError("this engine was released");
    const name = this.#input;
    const { dims = [], data } = feeds[name] ?? {};
    if (!(data instanceof Float32Array)) throw new LifecycleError(`"${name}" is not float32`);
    const { request } = this.#compiledFor(dims);
    const { native, cell } = this.#calls;
    dims.forEach((size, at) => this.#dims[at] = BigInt(size));
    const rank = BigInt(dims.length);
    const wrapped = native.ov_tensor_create_from_host_ptr(
      this.#float32,
      rank,
      this.#dims,
      data,
      cell,
    );
    this.#calls.must("wrap the input", wrapped);
    const tensor: Ptr<"ov_tensor_t"> = this.#calls.pointer();
    try {
      const set = native.ov_infer_request_set_tensor(request, cString(name), tensor);
      this.#calls.must("set the input", set);
      this.#calls.must("infer", native.ov_infer_request_infer(request));
    } finally {
      native.ov_tensor_free(tensor);
    }
    return Object.fromEntries(fetches.map((output) => [output, this.#output(request, output)]));
  }

  #free(): void {
    const { native } = this.#calls;
    for (const one of this.#compiled.values()) this.#drop(one);
    this.#compiled.clear();
    if (this.#model !== NULL) native.ov_model_free(this.#model);
    if (this.#core !== NULL) native.ov_core_free(this.#core);
    this.#model = NULL;
    this.#core = NULL;
    this.#calls[Symbol.dispose]();
  }

  #drop({ model, request }: Compiled): void {
    this.#calls.native.ov_infer_request_free(request);
    this.#calls.native.ov_compiled_model_free(model);
  }

  #compiledFor(dims: readonly number[]): Compiled {
    const key = dims.join("x");
    const found = this.#compiled.get(key) ?? this.#compile(dims);
    this.#compiled.delete(key);
    this.#compiled.set(key, found);
    for (const [oldest, one] of this.#compiled) {
      if (this.#compiled.size <= MAX_COMPILED) break;
      this.#compiled.delete(oldest);
      this.#drop(one);
    }
    return found;
  }

  #compile(dims: readonly number[]): Compiled {
    const { native, cell } = this.#calls;
    // A rank and its sizes are ranges: from a number to itself.
    dims.forEach((size, at) => this.#dims.fill(BigInt(size), 2 * at, 2 * at + 2));
    this.#shape.fill(BigInt(dims.length), 0, 2);
    // A copy of nothing returns the address that it would copy to.
    this.#shape[2] = native.read(this.#dims, 0n, 0n);
    const reshaped = native.ov_model_reshape_single_input(this.#model, this.#shape);
    this.#calls.must("set the input's shape", reshaped);
    const properties = ["INFERENCE_NUM_THREADS", `${this.#threads}`, "NUM_STREAMS", "1"] as const;
    const [threads, count, streams, one] = properties;
    const compiled = native.ov_core_compile_model(
      ...[this.#core, this.#model, cString("CPU"), BigInt(properties.length), cell] as const,
      ...[cString(threads), cString(count), cString(streams), cString(one)] as const,
    );
    this.#calls.must("compile the model", compiled);
    const model: Ptr<"ov_compiled_model_t"> = this.#calls.pointer();
    try {
      const created = native.ov_compiled_model_create_infer_request(model, cell);
      this.#calls.must("prepare inference", created);
      return { model, request: this.#calls.pointer() };
    } catch (error) {
      native.ov_compiled_model_free(model);
      throw error;
    }
  }

  #output(request: Ptr<"ov_infer_request_t">, name: string): OpenVinoTensor {
    const { native, cell } = this.#calls;
    const got = native.ov_infer_request_get_tensor(request, cString(name), cell);
    this.#calls.must(`get "${name}"`, got);
    const tensor: Ptr<"ov_tensor_t"> = this.#calls.pointer();
    try {
      this.#calls.must("get a type", native.ov_tensor_get_element_type(tensor, cell));
      if (cell.getInt32(0, true) !== this.#float32) {
        throw openVinoError(`use "${name}"`, "it is not float32");
      }
      this.#calls.must("get a shape", native.ov_tensor_get_shape(tensor, cell));
      const dims = this.#calls.words(this.#calls.word(1), Number(this.#calls.word(0)));
      native.ov_shape_free(cell);
      const data = new Float32Array(dims.reduce((product, size) => product * size, 1));
      this.#calls.must("get values", native.ov_tensor_data(tensor, cell));
      native.read(data, this.#calls.pointer(), BigInt(data.byteLength));
      return { dims, data };
    } finally {
      native.ov_tensor_free(tensor);
    }
  }

  #findFloat32(): number {
    const { native, cell } = this.#calls;
    this.#dims[0] = 1n;
    const made = native.ov_tensor_create_from_host_ptr(4, 1n, this.#dims, this.#shape, cell);
    this.#calls.must("wrap a value", made);
    const tensor: Ptr<"ov_tensor_t"> = this.#calls.pointer();
    this.#calls.must("measure a value", native.ov_tensor_get_byte_size(tensor, cell));
    native.ov_tensor_free(tensor);
    const bytes = Number(this.#calls.word(0));
    const found = FLOAT32[bytes];
    if (found === undefined) throw openVinoError("start", `an unknown release: ${bytes} bytes`);
    return found;
  }

  /** @returns its name */
  #onlyInput(): string {
    const { native, cell } = this.#calls;
    this.#calls.must("count the inputs", native.ov_model_inputs_size(this.#model, cell));
    const count = this.#calls.word(0);
    if (count !== 1n) throw openVinoError("use the model", `it has ${count} inputs, not one`);
    const got = native.ov_model_const_input_by_index(this.#model, 0n, cell);
    this.#calls.must("get the input", got);
    const port: Ptr<"ov_output_const_port_t"> = this.#calls.pointer();
    try {
      this.#calls.must("get a name", native.ov_port_get_any_name(port, cell));
      const name = this.#calls.takeText(this.#calls.pointer());
      this.#calls.must("get a type", native.ov_port_get_element_type(port, cell));
      if (cell.getInt32(0, true) === this.#float32) return name;
      throw openVinoError(`use "${name}"`, "it is not float32");
    } finally {
      native.ov_output_const_port_free(port);
    }
  }
}
