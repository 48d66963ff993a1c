/** Detects in labelled pictures as the product does, with all contenders in turns. */
import process from "node:process";
import { letterbox, wholeOf } from "../../../src/core/geometry.ts";
import { bufferBytes, inputFor, policyText } from "../../../src/core/model_input.ts";
import { selectClasses } from "../../../src/inference/labels.ts";
import { Postprocessor } from "../../../src/inference/postprocess.ts";
import { ModelSession } from "../../../src/inference/session.ts";
import { TensorConverter } from "../../../src/libav/converter.ts";
import type { Frame } from "../../../src/libav/frame.ts";
import type { Libav } from "../../../src/libav/library.ts";
import type { JudgedPicture, ScoredBox } from "./average_precision.ts";
import type { DataSet, LabelledPicture } from "./data_set.ts";
import { JpegDecoder } from "./jpeg_decoder.ts";
import type { Contender, Options } from "./options.ts";

/** Detections below it are not looked for: precision is hardly any there. */
const LEAST_CONFIDENCE = 0.01;

/** How to measure. */
export interface MeasureOptions extends Pick<Options, "contenders" | "iou" | "runs"> {
  /** Names of classes. */
  readonly classes: readonly string[];
}

/** What one contender found, and how long that took. */
export interface Measured {
  readonly name: string;
  /** What was loaded: file, precision, input, provider. */
  readonly loaded: string;
  /** For each class, every picture in order. */
  readonly judged: ReadonlyMap<string, readonly JudgedPicture[]>;
  /** Of each run of the model alone. */
  readonly runs: readonly RunTime[];
}

/** What a run of the model took. */
export interface RunTime {
  readonly wallMs: number;
  /** CPU time of all threads of the process. */
  readonly cpuMs: number;
}

/** Measures every contender. */
export async function measure(
  libav: Libav,
  set: DataSet,
  options: MeasureOptions,
): Promise<Measured[]> {
  await using stack = new AsyncDisposableStack();
  const decoder = stack.use(new JpegDecoder(libav));
  const benches: Bench[] = [];
  for (const contender of options.contenders) {
    benches.push(stack.use(await Bench.open(libav, contender, options)));
  }
  const rounds = Math.ceil(options.runs / set.pictures.length);
  for (let round = 0; round < rounds; round++) {
    for (const picture of set.pictures) {
      const frame = await decoder.decode(picture.path);
      assertSize(picture, frame);
      for (const bench of benches) await bench.run(frame, round === 0 ? picture : null);
    }
  }
  return benches.map((bench) => bench.measured);
}

/** One contender at work. */
class Bench implements AsyncDisposable {
  readonly #name: string;
  readonly #classes: readonly string[];
  readonly #session: ModelSession;
  readonly #converter: TensorConverter;
  readonly #postprocessor: Postprocessor;
  readonly #tensor: ArrayBuffer;
  readonly #judged: ReadonlyMap<string, JudgedPicture[]>;
  readonly #runs: RunTime[] = [];

  private constructor(
    libav: Libav,
    session: ModelSession,
    contender: Contender,
    options: MeasureOptions,
  ) {
    this.#name = contender.name;
    this.#classes = options.classes;
    this.#session = session;
    this.#converter = new TensorConverter(libav);
    const { labels, columns, overlaps } = session;
    const classes = selectClasses(labels, options.classes, contender.name);
    const iou = overlaps ? options.iou : null;
    this.#postprocessor = new Postprocessor({ labels, columns, classes, iou });
    this.#tensor = new ArrayBuffer(bufferBytes(session.input));
    this.#judged = new Map(options.classes.map((name) => [name, []]));
  }

  static async open(libav: Libav, contender: Contender, options: MeasureOptions): Promise<Bench> {
    const onProviderSkipped = (provider: string, reason: string): never => {
      throw new Error(`${contender.name}: ${provider} cannot be used: ${reason}`);
    };
    const { classes } = options;
    const session = await ModelSession.load({ ...contender.load, classes, onProviderSkipped });
    return new Bench(libav, session, contender, options);
  }

  get measured(): Measured {
    const { file: { file, precision, choice }, input, provider } = this.#session;
    const loaded = [
      file,
      precision,
      policyText(input),
      provider,
      ...choice === null ? [] : [choice],
    ];
    return {
      ...{ name: this.#name, loaded: loaded.join(", ") },
      ...{ judged: this.#judged, runs: this.#runs },
    };
  }

  /** Detects in a frame. @param picture  what is in it; null: only the time counts */
  async run(frame: Frame, picture: LabelledPicture | null): Promise<void> {
    const { input } = this.#session;
    const crop = wholeOf(frame);
    const size = inputFor(input, crop);
    const fit = letterbox(crop, size, input.placement);
    this.#converter.convert(frame, fit, this.#tensor, { grey: input.bars, fill: true });
    const cpuBefore = process.cpuUsage();
    const startedAtMs = performance.now();
    const raw = await this.#session.run(this.#tensor, size);
    const wallMs = performance.now() - startedAtMs;
    const { user, system } = process.cpuUsage(cpuBefore);
    this.#runs.push({ wallMs, cpuMs: (user + system) / 1000 });
    if (picture === null) return;
    const { detections } = this.#postprocessor.run(raw, fit, LEAST_CONFIDENCE);
    for (const name of this.#classes) {
      const found: ScoredBox[] = detections.filter((one) => one.class === name);
      this.#judged.get(name)?.push({ truth: picture.truth.get(name) ?? [], found });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#converter[Symbol.dispose]();
    await this.#session[Symbol.asyncDispose]();
  }
}

function assertSize({ path, size }: LabelledPicture, { width, height }: Frame): void {
  if (width === size.width && height === size.height) return;
  throw new Error(`${path} is ${width}x${height}, and labelled as ${size.width}x${size.height}`);
}
