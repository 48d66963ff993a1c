/** The model of a running detector is replaced by one of each family, and by the first again, in real threads. */
import assert from "node:assert/strict";
import type { ModelSource, ResultNote } from "../../src/core/detector_types.ts";
import { errorFromData } from "../../src/core/errors.ts";
import {
  type BoxPx,
  letterbox,
  type SizePx,
  unletterbox,
  wholeOf,
} from "../../src/core/geometry.ts";
import { logTo } from "../../src/core/log.ts";
import { FAMILY_NAMES } from "../../src/core/model_families.ts";
import type { FromInference, ToInference } from "../../src/core/messages.ts";
import { inputFor } from "../../src/core/model_input.ts";
import { resolveModel } from "../../src/service/control/model_resolver.ts";
import { DetectorPool } from "../../src/service/workers/detector_pool.ts";
import { DetectorWorker } from "../../src/service/workers/detector_worker.ts";
import { WORKER_ENTRIES } from "../../src/service/workers/entries.ts";
import { spawner } from "../../src/service/workers/worker_handle.ts";
import { frameMeta } from "../support/clips/clip.ts";
import { HeldClock } from "../support/clocks/held_clock.ts";
import { type Found, rounded } from "../support/models/detect.ts";
import type { FamilyCase } from "../support/models/family_case.ts";
import { FAMILY_CASES } from "../support/models/family_cases.ts";
import { onnxModel, output } from "../support/models/onnx.ts";
import { tempFolder } from "../support/system/files.ts";
import { inferencePermissions, Mailbox, planFor } from "../support/workers/inference_worker.ts";
import { FakeRouter, settingsOf } from "../support/workers/service_parts.ts";

const ROOT = Deno.realPathSync(new URL("../..", import.meta.url));
const PICTURE: SizePx = { width: 128, height: 72 };
const NEVER = new Promise<never>(() => undefined);

type Case = Pick<FamilyCase, "model" | "says" | "finds">;

/** Of another layout and shape than those of the families, in half precision. */
const TALL: Case = {
  model: {
    inputs: [{ name: "images", type: "float16", dims: [1, 96, 32, 3] }],
    outputs: [output("output0", [1, 300, 6], { 0: [8, 40, 24, 44, 0.75, 1] })],
    metadata: { names: "{0: 'dog', 1: 'cat'}", task: "detect" },
  },
  says: "YOLO with suppression in the graph (RGB 0..1, float16, letterbox)",
  finds: [["cat", 0.75, 8, 40, 24, 44]],
};

/** A detector of one camera; the test gives its frames. */
class Side implements AsyncDisposable {
  readonly pool: DetectorPool;
  threads = 0;
  readonly #worker: DetectorWorker;
  readonly #router = new FakeRouter();
  readonly #ready = Promise.withResolvers<void>();
  #mailbox: Mailbox | null = null;
  #seq = 0;
  #note = Promise.withResolvers<ResultNote>();

  constructor(model: ModelSource, folder: string) {
    const log = logTo(() => undefined);
    const spawn = spawner<ToInference, FromInference>({
      entry: WORKER_ENTRIES.inference,
      permissions: inferencePermissions(folder, `${ROOT}/models`),
      log,
    });
    this.#worker = new DetectorWorker({
      plan: planFor(model.modelPath, { ...model, classes: null }),
      spawn: (spec) => {
        this.threads++;
        return spawn(spec);
      },
      ...{ confinement: null, clock: new HeldClock(), log, modelLoadLimitMs: 60_000 },
      results: this.#router,
      onReady: (worker) => this.#attach(worker),
      onAbandon: ({ name }) => assert.fail(name),
      onInferred: (_, note) => this.#note.resolve(note),
      onFailed: (_, error) => {
        this.#ready.reject(errorFromData(error));
        this.#note.reject(errorFromData(error));
      },
    });
    const [settings] = settingsOf("cameras: [{ id: gate, url: 'rtsp://192.0.2.1/s' }]").detectors;
    this.pool = new DetectorPool(settings ?? assert.fail("no detector"), [this.#worker]);
  }

  async start(): Promise<void> {
    this.#worker.start();
    await this.#ready.promise;
  }

  /** As the service does when a model is loaded. */
  #attach(worker: DetectorWorker): void {
    const { port1, port2 } = new MessageChannel();
    worker.attach("gate", port2);
    this.#mailbox?.[Symbol.dispose]();
    this.#mailbox = new Mailbox(port1);
    this.#ready.resolve();
  }

  get model() {
    return this.#worker.model.loaded ?? assert.fail("no model");
  }

  /** Infers the next frame. @param expected  what is found in it, in pixels of the network input */
  async next(expected: readonly Found[]): Promise<void> {
    const { input } = this.model;
    const mailbox = this.#mailbox ?? assert.fail("no mailbox");
    const fit = letterbox(wholeOf(PICTURE), inputFor(input, PICTURE), input.placement);
    const seq = this.#seq++;
    mailbox.available(seq);
    const { buffer } = await mailbox.take();
    this.#note = Promise.withResolvers();
    mailbox.frame(frameMeta({ camera: "gate", seq, size: PICTURE, fit }), buffer);
    const note = await this.#note.promise;
    assert.deepEqual([note.seq, note.invalid, note.input], [seq, 0, fit.input]);
    const shown = (name: string, confidence: number, { x, y, width, height }: BoxPx) => [
      name,
      ...[confidence, x, y, width, height].map(rounded),
    ];
    assert.deepEqual(
      note.detections.map((one) => shown(one.class, one.confidence, one.box)),
      expected.map(([name, confidence, x1, y1, x2, y2]) =>
        shown(name, confidence, unletterbox({ x1, y1, x2, y2 }, fit))
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.stop(NEVER);
    this.#mailbox?.[Symbol.dispose]();
    this.#router[Symbol.dispose]();
  }
}

Deno.test("model swap: a detector gives what each family finds, then as before, and another one runs on", async () => {
  using folder = tempFolder();
  const families = FAMILY_NAMES.flatMap((name) =>
    FAMILY_CASES.find(({ family }) => family === name) ?? []
  );
  const swaps = [...families, TALL].map((one, index) => ({ ...one, file: `${index}.onnx` }));
  for (const { file, model } of swaps) folder.write(file, onnxModel(model));
  const resolve = (model: string) =>
    resolveModel(model, { root: ROOT, folder: folder.path, realPath: Deno.realPath });

  const first = await resolve("builtin:person-int8");
  await using swapped = new Side(first, folder.path);
  await using steady = new Side(await resolve(`${families.length}.onnx`), folder.path);
  await Promise.all([swapped.start(), steady.start()]);
  const before = swapped.model;
  await swapped.next([]);
  for (const { file, says, finds } of swaps) {
    await Promise.all([swapped.pool.setModel(await resolve(file)), steady.next(TALL.finds)]);
    assert.deepEqual([swapped.model.identity.name, swapped.model.family], [file, says]);
    await swapped.next(finds);
  }
  await Promise.all([swapped.pool.setModel(first), steady.next(TALL.finds)]);
  assert.deepEqual(swapped.model, before);
  await swapped.next([]);
  assert.deepEqual([swapped.threads, steady.threads], [swaps.length + 2, 1]);
});
