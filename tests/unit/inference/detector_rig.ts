/** A detector whose model, mailboxes and way of results are the test's. */
import assert from "node:assert/strict";
import { type Cancel, type Clock, sleepOn, steadyMs, wallMs } from "../../../src/core/clock.ts";
import { UNCONFINED } from "../../../src/core/confinement.ts";
import type {
  DetectorPlan,
  InferenceResult,
  LoadedFile,
} from "../../../src/core/detector_types.ts";
import { letterbox } from "../../../src/core/geometry.ts";
import { type LogRecord, logTo } from "../../../src/core/log.ts";
import type {
  FromInference,
  FromWorker,
  ToConsumer,
  ToMailbox,
} from "../../../src/core/messages.ts";
import type { RawDetections } from "../../../src/inference/raw_detections.ts";
import { Detector } from "../../../src/inference/detector.ts";
import type { ResultPort } from "../../../src/inference/result_port.ts";
import type { LoadOptions, Model } from "../../../src/inference/model.ts";
import type { ConsumerPort } from "../../../src/inference/consumer_port.ts";
import { frameMeta } from "../../support/clips/clip.ts";
import { pairOf } from "../../support/models/outputs.ts";
import { justNow } from "../../support/clocks/just_now.ts";
import { fixedInput } from "../../support/models/inputs.ts";

const INPUT_SIZE = { width: 64, height: 64 };
export const INPUT = fixedInput(INPUT_SIZE);
export const SIZE = { width: 128, height: 64 };

export const PLAN: DetectorPlan = {
  detector: "person",
  worker: "person-1",
  model: "builtin:person",
  modelPath: "/models/person.onnx",
  resolvedPath: "/data/models/person-1.onnx",
  maxPixels: 174_080,
  int8: { modelPath: "/models/int8.onnx", resolvedPath: null, maxPixels: 245_760 },
  input: "auto",
  tracking: null,
  family: "auto",
  preprocess: {},
  providers: ["cpu"],
  confidence: 0.4,
  iou: 0.5,
  classes: ["person"],
  threads: 1,
};

export const FILE: LoadedFile = { file: "int8.onnx", precision: "int8", choice: "it is fast" };

/** A clock that advances by 1 ms at each read; the test fires its timers. */
function steppingClock() {
  let now = 1000;
  const timers = new Map<number, () => void>();
  const clock: Clock = {
    nowMs: () => steadyMs(now++),
    wallMs: () => wallMs(now),
    after(delayMs, run): Cancel {
      timers.set(delayMs, run);
      return () => timers.delete(delayMs);
    },
    sleep: (delayMs, signal) => sleepOn(clock, delayMs, signal),
  };
  return { clock, timers };
}

/** One cell with a person, and one with a dog. */
export function answer(): RawDetections {
  return pairOf([0, 16, 32, 48, 32, 16, 64, 48], [0.5, 0, 0, 0.75], 2);
}

export class Port implements ConsumerPort {
  readonly taken: ToMailbox[] = [];
  closed = 0;
  #receive: (message: ToConsumer) => void = () => undefined;
  open(receive: (message: ToConsumer) => void): void {
    this.#receive = receive;
  }
  send(message: ToMailbox): void {
    this.taken.push(message);
  }
  close(): void {
    this.closed++;
  }
  available(): void {
    this.#receive({ kind: "available", seq: 0 });
  }
  frame(seq: number): void {
    const { buffer } = this.taken.shift() ?? assert.fail("no take was sent");
    const fit = letterbox({ x: 0, y: 0, ...SIZE }, INPUT_SIZE);
    this.#receive({
      kind: "frame",
      buffer,
      age: justNow(),
      meta: frameMeta({ camera: "gate", seq, size: SIZE, fit }),
    });
  }
}

export class Results implements ResultPort {
  readonly sent: InferenceResult[] = [];
  closed = 0;
  /** Called with each result, before `send` returns. */
  onSent: () => void = () => undefined;
  send(result: InferenceResult): void {
    this.sent.push(result);
    this.onSent();
  }
  close(): void {
    this.closed++;
  }
}

type Posted = FromWorker<FromInference>;

export function harness(
  run: (tensor: ArrayBuffer) => Promise<RawDetections> = () => Promise.resolve(answer()),
) {
  const posted: Posted[] = [];
  const logged: LogRecord[] = [];
  const loads: LoadOptions[] = [];
  const { clock, timers } = steppingClock();
  const results = new Results();
  const failure = new AbortController();
  let released = 0;
  const model: Model = {
    input: INPUT,
    labels: ["person", "dog"],
    columns: [0, 1],
    overlaps: true,
    family: "boxes and scores",
    provider: "cpu",
    file: FILE,
    identity: { name: "builtin:person", sha256: "0123456789ab" },
    run,
    [Symbol.asyncDispose]: () => (released++, Promise.resolve()),
  };
  let waiting: (() => void) | null = null;
  const detector = new Detector({
    clock,
    log: logTo((record) => logged.push(record)),
    post(message) {
      posted.push(message);
      waiting?.();
    },
    failed: failure.signal,
    confine: () => Promise.resolve(UNCONFINED),
    load(options) {
      loads.push(options);
      return Promise.resolve(model);
    },
  });
  detector.sendResultsTo(results);
  /** Waits for the first message of a kind, and takes it out of what was posted. */
  async function next<K extends Posted["kind"]>(kind: K) {
    const wanted = (message: Posted): message is Extract<Posted, { kind: K }> =>
      message.kind === kind;
    for (;;) {
      const message = posted.find(wanted);
      if (message !== undefined) {
        posted.splice(posted.indexOf(message), 1);
        return message;
      }
      await new Promise<void>((resolve) => waiting = resolve);
    }
  }
  return {
    detector,
    posted,
    logged,
    loads,
    timers,
    next,
    results,
    failure,
    released: () => released,
  };
}
