/** The only module that imports ONNX Runtime. */
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { assert, assertAttached } from "../core/assert.ts";
import { systemClock } from "../core/clock.ts";
import type { LoadedFile, ModelIdentity, ModelVariant } from "../core/detector_types.ts";
import { LifecycleError, ModelError } from "../core/errors.ts";
import type { SizePx } from "../core/geometry.ts";
import {
  bufferBytes,
  COMMON_SHAPE,
  inputBytes,
  inputFor,
  type InputPolicy,
} from "../core/model_input.ts";
import {
  type ModelContract,
  modelContract,
  outputNames,
  type RawDetections,
  rawDetections,
} from "./contract.ts";
import {
  type Engine,
  floatsOf,
  mustBeBuilt,
  type OpenEngine,
  portsOf,
  runFailed,
  setUpReason,
} from "./engine.ts";
import { labelsFor } from "./labels.ts";
import { readClassNames } from "./model_file.ts";
import { identityOf } from "./model_identity.ts";
import type { Product, ProductModel } from "./int8_speed.ts";
import { chooseCandidate, chooseInput, readCandidates } from "./model_choice.ts";
import { invalid, reasonOf } from "./read_model.ts";

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
  /** The execution provider in use: `cpu` by default. */
  readonly provider: string;
  readonly identity: ModelIdentity;
  readonly file: LoadedFile;
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
  /** Width × height of a free input at most; default: the contract's. */
  readonly maxPixels?: number;
  /** The file to load in place of it where the processor is fast at int8; default: none. */
  readonly int8?: ModelVariant | null;
  /** The size of the input, as configured; default: `auto`. */
  readonly input?: "auto" | SizePx;
  /** ONNX Runtime's intra-op threads. */
  readonly threads: number;
  /** Execution providers, the preferred first; default `["cpu"]`, which is tried last in any case. */
  readonly providers?: readonly string[];
  /** Absolute path of OpenVINO's C library; absent unless `providers` has it. */
  readonly openVino?: string;
  /** Loads a model in OpenVINO; default: it cannot be used. */
  readonly openInOpenVino?: OpenEngine;
  /** Called for each provider that this build lacks or that cannot be set up on this machine. */
  readonly onProviderSkipped?: (provider: string, reason: string) => void;
  /** Called when the runtime is loaded and the file is read, before anything of the model is interpreted. */
  readonly beforeSession?: () => Promise<void>;
}

type Runtime = typeof import("onnxruntime-node");
/** A model that can be run. */
type Session = Engine<Tensor>;

/** A model in a session of ONNX Runtime or of another library. Its `run` blocks the thread. */
export class ModelSession implements Model {
  readonly input: InputPolicy;
  readonly provider: string;
  readonly identity: ModelIdentity;
  readonly file: LoadedFile;
  #labels: readonly string[] = [];
  readonly #model: string;
  readonly #runtime: Runtime;
  readonly #contract: ModelContract;
  /** The outputs that are read. */
  readonly #fetches: readonly string[];
  #session: Session | null;

  private constructor(
    parts: {
      model: string;
      identity: ModelIdentity;
      runtime: Runtime;
      session: Session;
      provider: string;
      file: LoadedFile;
      input: (declared: InputPolicy) => InputPolicy;
    },
  ) {
    this.#model = parts.model;
    this.identity = parts.identity;
    this.#runtime = parts.runtime;
    this.#session = parts.session;
    this.provider = parts.provider;
    this.file = parts.file;
    this.#contract = modelContract(portsOf(parts.session), parts.model);
    this.#fetches = outputNames(this.#contract.layout);
    this.input = parts.input(this.#contract.input);
  }

  /**
   * Loads a model and runs it once on a blank picture: the first run is the slowest, and validates the
   * declared outputs.
   *
   * Requires the permissions to read the file and to load ONNX Runtime's binding, and no others.
   * @throws ModelError as {@link readModel}; `MODEL_RUNTIME`, `MODEL_INVALID`, `MODEL_UNSUPPORTED`
   */
  static async load(options: LoadOptions): Promise<ModelSession> {
    const { model = options.path } = options;
    const candidates = await readCandidates(options);
    const runtime = await loadRuntime();
    await options.beforeSession?.();
    const openTrial = (trial: ProductModel) => openProduct(runtime, trial, options);
    const { chosen, file } = await chooseCandidate(candidates, openTrial, systemClock);
    const { path, bytes, header, maxPixels } = chosen;
    const identity = await identityOf(model, bytes);
    const { session, provider } = await openSession(runtime, bytes, options)
      .catch((cause: unknown) => {
        throw invalid({ model, path }, `ONNX Runtime refused it (${reasonOf(cause)})`, cause);
      });
    try {
      const loaded = new ModelSession({
        ...{ model, identity, runtime, session, provider, file },
        input: (declared) =>
          chooseInput(declared, { input: options.input ?? "auto", maxPixels, model }),
      });
      const size = inputFor(loaded.input, COMMON_SHAPE);
      const blank = await loaded.run(new ArrayBuffer(bufferBytes(loaded.input)), size);
      loaded.#labels = labelsFor(blank.classes, readClassNames(header));
      return loaded;
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  get labels(): readonly string[] {
    return this.#labels;
  }

  async run(tensor: ArrayBuffer, size: SizePx): Promise<RawDetections> {
    const session = this.#session;
    if (session === null) throw new LifecycleError("the model was released and cannot run");
    assertAttached(tensor, "inference input");
    const { inputName, layout } = this.#contract;
    const bytes = inputBytes(size);
    assert(tensor.byteLength >= bytes, `the input has ${tensor.byteLength} of ${bytes} bytes`);
    const dims = [1, 3, size.height, size.width];
    const values = new Float32Array(tensor, 0, bytes / Float32Array.BYTES_PER_ELEMENT);
    const feed = new this.#runtime.Tensor("float32", values, dims);
    const outputs = await session.run({ [inputName]: feed }, this.#fetches).catch(
      (cause: unknown) => {
        throw runFailed(this.#model, cause);
      },
    );
    return rawDetections(layout, (name) => floatsOf(outputs[name]), this.#model);
  }

  /** Releases the model's memory; idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    const session = this.#session;
    this.#session = null;
    await session?.release();
  }
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
  bytes: Uint8Array<ArrayBuffer>,
  options: LoadOptions,
): Promise<{ readonly session: Session; readonly provider: string }> {
  const { providers = [], threads, onProviderSkipped } = options;
  const built = runtime.listSupportedBackends();
  for (const provider of providers) {
    if (provider === "cpu") break;
    try {
      const other = provider === "openvino" ? openVino(bytes, options) : null;
      if (other === null) mustBeBuilt(provider, built);
      const session = other ?? await createSession(runtime, bytes, { provider, threads });
      return { session, provider };
    } catch (error) {
      onProviderSkipped?.(provider, setUpReason(provider, built, reasonOf(error)));
    }
  }
  const provider = "cpu";
  return { session: await createSession(runtime, bytes, { provider, threads }), provider };
}

function openVino(
  bytes: Uint8Array<ArrayBuffer>,
  { openVino: library, openInOpenVino, threads }: LoadOptions,
): Session | null {
  return library === undefined ? null : openInOpenVino?.(library, bytes, threads) ?? null;
}

/** Opens one of the products that show what is fast here, on the provider that the model gets. */
async function openProduct(
  runtime: Runtime,
  { bytes, precision, input, output, dims }: ProductModel,
  options: LoadOptions,
): Promise<Product> {
  const onProviderSkipped = () => undefined;
  const { session } = await openSession(runtime, bytes, { ...options, onProviderSkipped });
  const length = dims.reduce((product, size) => product * size, 1);
  const left = precision === "int8"
    ? new runtime.Tensor("uint8", new Uint8Array(length), dims)
    : new runtime.Tensor("float32", new Float32Array(length), dims);
  return {
    run: () => session.run({ [input]: left }, [output]),
    [Symbol.asyncDispose]: () => session.release(),
  };
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
