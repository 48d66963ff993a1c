/** The only module that imports ONNX Runtime. */
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { assert, assertAttached } from "../core/assert.ts";
import { systemClock } from "../core/clock.ts";
import type { LoadedFile, ModelIdentity } from "../core/detector_types.ts";
import { LifecycleError } from "../core/errors.ts";
import type { SizePx } from "../core/geometry.ts";
import {
  bufferBytes,
  COMMON_SHAPE,
  inputBytes,
  inputFor,
  type InputPolicy,
} from "../core/model_input.ts";
import { checkBlank } from "./blank_check.ts";
import {
  familyText,
  listed,
  type ModelContract,
  modelContract,
  type ModelFile,
  unsupported,
} from "./contract.ts";
import { type Engine, type EngineTensor, mustBeBuilt, setUpReason } from "./engine.ts";
import type { OutputTensor } from "./families/family.ts";
import { type FoldedModel, foldModel } from "./graph/fold.ts";
import { readPorts } from "./graph/model_graph.ts";
import { selectClasses } from "./labels.ts";
import type { Product, ProductModel } from "./int8_speed.ts";
import type { LoadOptions, Model } from "./model.ts";
import { chooseCandidate, chooseInput, readCandidates } from "./model_choice.ts";
import { identityOf } from "./model_identity.ts";
import type { RawDetections } from "./raw_detections.ts";
import { graphRefused } from "./refused_graph.ts";
import { reasonOf, runFailed, runtimeMissing } from "./read_model.ts";
import { trialFailed, trialOf, withSizes } from "./trial.ts";

/**
 * Where ONNX Runtime may look for external data: below a path that can never be a folder. A model with
 * external data is refused before; this is for what the check may have missed.
 */
const EXTERNAL_DATA_FOLDER = "/dev/null";

type Runtime = typeof import("onnxruntime-node");
type Session = Engine<Tensor>;

/** What a session is made of. */
interface SessionParts {
  readonly model: string;
  readonly identity: ModelIdentity;
  readonly file: LoadedFile;
  readonly input: InputPolicy;
  readonly runtime: Runtime;
  readonly session: Session;
  readonly provider: string;
  readonly contract: ModelContract;
  readonly folded: FoldedModel;
}

/** A model in a session of ONNX Runtime, or in another library. Its `run` blocks the thread. */
export class ModelSession implements Model {
  readonly input: InputPolicy;
  readonly labels: readonly string[];
  readonly columns: readonly number[];
  readonly overlaps: boolean;
  readonly family: string;
  readonly provider: string;
  readonly identity: ModelIdentity;
  readonly file: LoadedFile;
  readonly #parts: SessionParts;
  #session: Session | null;

  private constructor(parts: SessionParts) {
    const { contract, folded, session, input, provider, identity, file } = parts;
    this.input = input;
    this.labels = contract.labels;
    this.columns = folded.columns;
    this.overlaps = contract.family.overlaps;
    this.family = familyText(contract);
    this.provider = provider;
    this.identity = identity;
    this.file = file;
    this.#parts = parts;
    this.#session = session;
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
    const { model = options.path, settings, classes = null } = options;
    const candidates = await readCandidates(options);
    const runtime = await loadRuntime();
    await options.beforeSession?.();
    const openTrial = (trial: ProductModel) => openProduct(runtime, trial, options);
    const { chosen, file } = await chooseCandidate(candidates, openTrial, systemClock);
    const { path, bytes, header, maxPixels } = chosen;
    const identity = await identityOf(model, bytes);
    const open = (content: Uint8Array<ArrayBuffer>, dims: readonly number[], given = options) =>
      openSession(runtime, { bytes: content, dims }, given).catch((cause: unknown) => {
        throw graphRefused({ model, path }, cause);
      });
    const declared = { model, ports: readPorts(bytes), header, triedAt: null };
    const contract = modelContract(declared, settings) ??
      modelContract(
        await tried(runtime, await open(bytes, [], { ...options, providers: [] }), declared),
        settings,
      );
    assert(contract !== null, "the sizes of all outputs are known");
    const input = chooseInput(contract.input, {
      ...{ input: options.input ?? "auto", maxPixels, model },
    });
    const wanted = selectClasses(contract.labels, classes, model);
    const folded = foldModel(bytes, declared.ports, contract, wanted);
    const size = inputFor(input, COMMON_SHAPE);
    const { session, provider } = await open(folded.bytes, dimsOf(size));
    const loaded = new ModelSession({
      ...{ model, identity, file, runtime, session, provider, contract, input, folded },
    });
    try {
      const blank = loaded.run(new ArrayBuffer(bufferBytes(loaded.input)), size);
      await checkBlank(blank, { model, family: contract.family.name });
      return loaded;
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  async run(tensor: ArrayBuffer, size: SizePx): Promise<RawDetections> {
    const session = this.#session;
    if (session === null) throw new LifecycleError("the model was released and cannot run");
    assertAttached(tensor, "inference input");
    const { runtime, model, contract, folded: { inputName, outputNames } } = this.#parts;
    const bytes = inputBytes(size);
    assert(tensor.byteLength >= bytes, `the input has ${tensor.byteLength} of ${bytes} bytes`);
    const values = new Float32Array(tensor, 0, bytes / Float32Array.BYTES_PER_ELEMENT);
    const feed = new runtime.Tensor("float32", values, dimsOf(size));
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

function dimsOf({ width, height }: SizePx): readonly number[] {
  return [1, 3, height, width];
}

/** Loads the binding on first use: importing this module must not load native code. */
async function loadRuntime(): Promise<Runtime> {
  try {
    const runtime = await import("onnxruntime-node");
    // Standard error is for Orion's own lines; failures arrive as errors.
    runtime.env.logLevel = "fatal";
    return runtime;
  } catch (cause) {
    throw runtimeMissing(cause);
  }
}

/**
 * Creates a session on the first provider that can be set up. A build lists providers whose libraries or
 * devices the machine may lack, so each is tried.
 * @throws the error of `cpu`, which every build has
 */
async function openSession(
  runtime: Runtime,
  model: Pick<ProductModel, "bytes" | "dims">,
  { providers = [], threads, openVino, openInOpenVino, onProviderSkipped }: LoadOptions,
): Promise<{ readonly session: Session; readonly provider: string }> {
  const built = runtime.listSupportedBackends();
  const create = (provider: string) =>
    runtime.InferenceSession.create(model.bytes, sessionOptions({ provider, threads }));
  for (const provider of providers) {
    if (provider === "cpu") break;
    try {
      if (provider === "openvino" && openVino !== undefined && openInOpenVino !== undefined) {
        return { session: openInOpenVino(openVino, model, threads), provider };
      }
      mustBeBuilt(provider, built);
      return { session: await create(provider), provider };
    } catch (error) {
      onProviderSkipped?.(provider, setUpReason(provider, built, reasonOf(error)));
    }
  }
  return { session: await create("cpu"), provider: "cpu" };
}

/**
 * Opens one of the products that show what is fast here, on the provider that the model gets; in int8 on
 * `cpu` where that is OpenVINO, which takes float32 alone.
 */
async function openProduct(
  runtime: Runtime,
  model: ProductModel,
  options: LoadOptions,
): Promise<Product> {
  const { precision, input, output, dims } = model;
  const onProviderSkipped = () => undefined;
  const { session } = await openSession(runtime, model, { ...options, onProviderSkipped });
  const left = blankTensor(runtime, precision === "int8" ? "uint8" : "float32", dims);
  return {
    run: () => session.run({ [input]: left }, [output]),
    [Symbol.asyncDispose]: () => session.release(),
  };
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
  { session }: { readonly session: Session },
  file: ModelFile,
): Promise<ModelFile> {
  try {
    const trial = trialOf(file.ports);
    const feeds = trial.inputs.map(({ name, type, dims }) =>
      [name, blankTensor(runtime, type, dims)] as const
    );
    const fetches = file.ports.outputs.map(({ name }) => name);
    const given = await session.run(Object.fromEntries(feeds), fetches);
    return withSizes(file, trial, (name) => given[name]?.dims ?? null);
  } catch (cause) {
    throw trialFailed(file, reasonOf(cause));
  } finally {
    await session.release();
  }
}

function blankTensor(runtime: Runtime, type: string, dims: readonly number[]) {
  const length = dims.reduce((product, size) => product * size, 1);
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

function floats(name: string, value: EngineTensor | undefined, model: string): OutputTensor {
  if (value?.data instanceof Float32Array) return { dims: value.dims, data: value.data };
  throw unsupported(model, `it gave no float32 output "${name}"`);
}
