/** The only module that imports ONNX Runtime. */
import type { InferenceSession, OnnxValue } from "onnxruntime-node";
import { assert, assertAttached } from "../core/assert.ts";
import type { ModelIdentity } from "../core/detector_types.ts";
import { LifecycleError, ModelError } from "../core/errors.ts";
import type { SizePx } from "../core/geometry.ts";
import {
  bufferBytes,
  COMMON_SHAPE,
  inputBytes,
  inputFor,
  type InputPolicy,
} from "../core/model_input.ts";
import type { ModelSettings } from "../core/model_families.ts";
import {
  familyText,
  listed,
  type ModelContract,
  modelContract,
  type ModelFile,
  unsupported,
} from "./contract.ts";
import type { OutputTensor } from "./families/family.ts";
import { type FoldedModel, foldModel } from "./graph/fold.ts";
import { readPorts, type TensorPort } from "./graph/model_graph.ts";
import { selectClasses } from "./labels.ts";
import { identityOf } from "./model_identity.ts";
import { highestScore, MAX_SCORE, type RawDetections } from "./raw_detections.ts";
import { invalid, readModel, reasonOf } from "./read_model.ts";
import { trialOf } from "./trial.ts";

/**
 * Where ONNX Runtime may look for external data: below a path that can never be a folder. A model with
 * external data is refused before; this is for what the check may have missed.
 */
const EXTERNAL_DATA_FOLDER = "/dev/null";

/** A loaded model. */
export interface Model extends AsyncDisposable {
  readonly input: InputPolicy;
  /** The name of each class, by number. */
  readonly labels: readonly string[];
  /** The numbers of the classes that its outputs have a column of scores for, in their order. */
  readonly columns: readonly number[];
  /** Whether it gives several boxes for one object. */
  readonly overlaps: boolean;
  /** Its family and what its input holds, in a few words. */
  readonly family: string;
  /** The execution provider in use: `cpu` by default. */
  readonly provider: string;
  readonly identity: ModelIdentity;
  /**
   * Infers one frame. The buffer *is* the input tensor: it is read in place, and the caller keeps it.
   * @param tensor begins with the input: NCHW RGB float32 in 0..1, {@link inputBytes} long
   * @param size of the input, which its policy allows
   * @returns a view of new memory, which the next run does not overwrite
   * @throws ModelError `MODEL_RUN`
   */
  run(tensor: ArrayBuffer, size: SizePx): Promise<RawDetections>;
}

/** Options of loading a model. */
export interface LoadOptions {
  /** Absolute path of an `.onnx` file. */
  readonly path: string;
  /** As configured, for messages; default: the path. */
  readonly model?: string;
  /** The path with its links resolved, when the model was chosen; default: not compared. */
  readonly resolvedPath?: string | null;
  /** What the configuration says of the model; default: nothing. */
  readonly settings?: ModelSettings;
  /** Names or numbers of the classes whose scores are needed; default: all. */
  readonly classes?: readonly (string | number)[] | null;
  /** ONNX Runtime's intra-op threads. */
  readonly threads: number;
  /** Execution providers, the preferred first; default `["cpu"]`, which is tried last in any case. */
  readonly providers?: readonly string[];
  /** Called for each provider that this build lacks or that cannot be set up on this machine. */
  readonly onProviderSkipped?: (provider: string, reason: string) => void;
  /** Called when the runtime is loaded and the file is read, before anything of the model is interpreted. */
  readonly beforeSession?: () => Promise<void>;
}

type Runtime = typeof import("onnxruntime-node");

/** What a session is made of. */
interface SessionParts {
  readonly model: string;
  readonly identity: ModelIdentity;
  readonly runtime: Runtime;
  readonly session: InferenceSession;
  readonly provider: string;
  readonly contract: ModelContract;
  readonly folded: FoldedModel;
}

/** A model in an ONNX Runtime session. Its `run` blocks the thread. */
export class ModelSession implements Model {
  readonly #parts: SessionParts;
  #session: InferenceSession | null;

  private constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#session = parts.session;
  }

  /**
   * Loads a model and runs it once on a blank picture: the first run is the slowest, and validates the
   * declared outputs.
   *
   * Requires the permissions to read the file and to load ONNX Runtime's binding, and no others.
   * @throws ModelError as {@link readModel}; `MODEL_RUNTIME`, `MODEL_INVALID`, `MODEL_UNSUPPORTED`,
   *   `MODEL_CLASS`
   */
  static async load(options: LoadOptions): Promise<ModelSession> {
    const { path, model = path, resolvedPath = null, settings, classes = null } = options;
    const { bytes, header } = await readModel({ path, model, resolvedPath });
    const identity = await identityOf(model, bytes);
    const runtime = await loadRuntime();
    await options.beforeSession?.();
    const open = (content: Uint8Array) =>
      openSession(runtime, content, options).catch((cause: unknown) => {
        throw invalid({ model, path }, `ONNX Runtime refused it (${reasonOf(cause)})`, cause);
      });
    const file = { model, ports: readPorts(bytes), header, triedAt: null };
    const contract = modelContract(file, settings) ??
      modelContract(await tried(runtime, await open(bytes), file), settings);
    assert(contract !== null, "the sizes of all outputs are known");
    const wanted = selectClasses(contract.labels, classes, model);
    const folded = foldModel(bytes, file.ports, contract, wanted);
    const { session, provider } = await open(folded.bytes);
    const loaded = new ModelSession({
      ...{ model, identity, runtime, session, provider, contract, folded },
    });
    try {
      const size = inputFor(loaded.input, COMMON_SHAPE);
      const blank = await loaded.run(new ArrayBuffer(bufferBytes(loaded.input)), size);
      const highest = highestScore(blank);
      if (highest > MAX_SCORE) throw noScores(model, highest);
      return loaded;
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  get input(): InputPolicy {
    return this.#parts.contract.input;
  }

  get labels(): readonly string[] {
    return this.#parts.contract.labels;
  }

  get columns(): readonly number[] {
    return this.#parts.folded.columns;
  }

  get overlaps(): boolean {
    return this.#parts.contract.family.overlaps;
  }

  get family(): string {
    return familyText(this.#parts.contract);
  }

  get provider(): string {
    return this.#parts.provider;
  }

  get identity(): ModelIdentity {
    return this.#parts.identity;
  }

  async run(tensor: ArrayBuffer, size: SizePx): Promise<RawDetections> {
    const session = this.#session;
    if (session === null) throw new LifecycleError("the model was released and cannot run");
    assertAttached(tensor, "inference input");
    const { runtime, model, contract, folded: { inputName, outputNames } } = this.#parts;
    const bytes = inputBytes(size);
    assert(tensor.byteLength >= bytes, `the input has ${tensor.byteLength} of ${bytes} bytes`);
    const dims = [1, 3, size.height, size.width];
    const values = new Float32Array(tensor, 0, bytes / Float32Array.BYTES_PER_ELEMENT);
    const feed = new runtime.Tensor("float32", values, dims);
    const outputs = await session.run({ [inputName]: feed }, outputNames).catch(
      (cause: unknown) => {
        throw runFailed(model, cause);
      },
    );
    const tensors = outputNames.map((name) => floats(name, outputs[name], model));
    const raw = contract.outputs.view(tensors, size);
    if (raw !== null) return raw;
    throw unsupported(
      model,
      `it gave ${
        listed(contract.outputs.used.map(({ name }, index) => ({
          ...{ name, type: "float32", dims: tensors[index]?.dims ?? [] },
        })))
      }, which does not suit ${contract.family.title}`,
    );
  }

  /** Releases the model's memory; idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    const session = this.#session;
    this.#session = null;
    await session?.release();
  }
}

function runFailed(model: string, cause: unknown): ModelError {
  return new ModelError({
    code: "MODEL_RUN",
    message: `Cannot run model "${model}": ONNX Runtime says ${reasonOf(cause)}.`,
    retryable: true,
    remedy: "If every frame fails, the model does not suit this input: export it again, or use " +
      "another.",
  }, { cause });
}

/** Loads the binding on first use: importing this module must not load native code. */
async function loadRuntime(): Promise<Runtime> {
  try {
    const runtime = await import("onnxruntime-node");
    // Standard error is for Orion's own lines; failures arrive as errors.
    runtime.env.logLevel = "fatal";
    return runtime;
  } catch (cause) {
    throw new ModelError({
      code: "MODEL_RUNTIME",
      message: `Cannot load ONNX Runtime on ${Deno.build.os} ${Deno.build.arch}: ${
        reasonOf(cause)
      }.`,
      retryable: false,
      remedy: "Run Orion through its tasks, which install the runtime and grant its library.",
    }, { cause });
  }
}

/**
 * Creates a session on the first provider that can be set up. A build lists providers whose libraries or
 * devices the machine may lack, so each is tried.
 * @throws the error of `cpu`, which every build has
 */
async function openSession(
  runtime: Runtime,
  bytes: Uint8Array,
  { providers = [], threads, onProviderSkipped }: LoadOptions,
): Promise<{ readonly session: InferenceSession; readonly provider: string }> {
  const built: readonly string[] = runtime.listSupportedBackends().map((backend) => backend.name);
  for (const provider of providers) {
    if (provider === "cpu") break;
    if (!built.includes(provider)) {
      onProviderSkipped?.(provider, "this build of ONNX Runtime has no such provider");
      continue;
    }
    try {
      return { session: await createSession(runtime, bytes, { provider, threads }), provider };
    } catch (error) {
      onProviderSkipped?.(provider, reasonOf(error));
    }
  }
  const provider = "cpu";
  return { session: await createSession(runtime, bytes, { provider, threads }), provider };
}

function createSession(
  runtime: Runtime,
  bytes: Uint8Array,
  options: { provider: string; threads: number },
): Promise<InferenceSession> {
  return runtime.InferenceSession.create(bytes, sessionOptions(options));
}

/** The options of every session. */
export function sessionOptions(
  { provider, threads }: { readonly provider: string; readonly threads: number },
): InferenceSession.SessionOptions {
  return {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: 4,
    extra: {
      session: {
        // Spinning would cost a core between frames.
        intra_op: { allow_spinning: "0" },
        inter_op: { allow_spinning: "0" },
        // The format that was checked, whatever else the bytes may resemble.
        load_model_format: "ONNX",
        model_external_initializers_file_folder_path: EXTERNAL_DATA_FOLDER,
      },
    },
  };
}

/** Runs a model as it is once, and releases it. @returns the file with the sizes of its outputs */
async function tried(
  runtime: Runtime,
  { session }: { readonly session: InferenceSession },
  file: ModelFile,
): Promise<ModelFile> {
  try {
    const trial = trialOf(file.ports);
    assert(trial !== null, "an input takes a picture");
    const feeds = Object.fromEntries(trial.inputs.map(({ name, type, dims, length }) => {
      return [name, blankTensor(runtime, type, dims, length)];
    }));
    const given = await session.run(feeds);
    const outputs = file.ports.outputs.map((port): TensorPort => {
      const value = given[port.name];
      return value !== undefined && "dims" in value ? { ...port, dims: value.dims } : port;
    });
    return { ...file, ports: { ...file.ports, outputs }, triedAt: trial.size };
  } catch (cause) {
    throw unsupported(
      file.model,
      `its file does not have the sizes of its outputs, and a blank picture does not run (${
        reasonOf(cause)
      })`,
      "Export it with a fixed size of its input.",
    );
  } finally {
    await session.release();
  }
}

function blankTensor(runtime: Runtime, type: string, dims: readonly number[], length: number) {
  switch (type) {
    case "float16":
      return new runtime.Tensor("float16", new Uint16Array(length), dims);
    case "float64":
      return new runtime.Tensor("float64", new Float64Array(length), dims);
    case "uint8":
      return new runtime.Tensor("uint8", new Uint8Array(length), dims);
    case "int32":
      return new runtime.Tensor("int32", new Int32Array(length), dims);
    case "int64":
      return new runtime.Tensor("int64", new BigInt64Array(length), dims);
    default:
      return new runtime.Tensor("float32", new Float32Array(length), dims);
  }
}

function floats(name: string, value: OnnxValue | undefined, model: string): OutputTensor {
  if (value !== undefined && "data" in value && value.data instanceof Float32Array) {
    return { dims: value.dims, data: value.data };
  }
  throw unsupported(model, `it gave no float32 output "${name}"`);
}

function noScores(model: string, highest: number): ModelError {
  return unsupported(
    model,
    `of a blank picture it gives a score of ${
      highest.toPrecision(4)
    }, and no confidence is above 1`,
    "It is no detector, or of another family: name it in the detector's family.",
  );
}
