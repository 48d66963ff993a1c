/** Starts the inference worker with the permissions it has in service, and nothing more. */
import assert from "node:assert/strict";
import type { DetectorPlan, InferenceResult } from "../../../src/core/detector_types.ts";
import type { FrameMeta } from "../../../src/core/frame_meta.ts";
import {
  frameTransfers,
  type FromInference,
  type FromWorker,
  portTransfers,
  type ToConsumer,
  type ToInference,
  type ToMailbox,
  type ToResults,
} from "../../../src/core/messages.ts";
import { inferenceConfinement } from "../../../src/permissions/confinement.ts";
import { BUNDLED } from "../clips/clip.ts";
import { justNow } from "../clocks/just_now.ts";
import { MAX_PIXELS } from "../../../src/config/models.ts";

/** The real path of ONNX Runtime's binding: links are followed before a permission is compared. */
export function bindingPath(): string {
  const runtime = Deno.realPathSync(
    new URL("../../../node_modules/onnxruntime-node", import.meta.url),
  );
  const arch = Deno.build.arch === "aarch64" ? "arm64" : "x64";
  return `${runtime}/bin/napi-v6/linux/${arch}/onnxruntime_binding.node`;
}

/** What an inference worker may do: load the binding, read its models. */
export function inferencePermissions(...models: string[]): Deno.PermissionOptionsObject {
  return {
    ffi: [bindingPath()],
    read: models,
    net: false,
    env: false,
    run: false,
    sys: false,
    write: false,
    import: false,
  };
}

export function planFor(model: string, changes: Partial<DetectorPlan> = {}): DetectorPlan {
  return {
    detector: "person",
    worker: "person-1",
    model: "builtin:person",
    modelPath: model,
    ...{ resolvedPath: null, maxPixels: MAX_PIXELS.balanced, int8: null },
    input: "auto",
    tracking: null,
    family: "auto",
    preprocess: {},
    providers: ["cpu"],
    confidence: 0.45,
    iou: 0.5,
    classes: ["person"],
    threads: 1,
    ...changes,
  };
}

type Posted = FromWorker<FromInference>;

/** A running inference worker whose messages can be awaited by kind. */
export class InferenceWorker implements Disposable {
  readonly #worker: Worker;
  readonly seen: Posted[] = [];
  #wake: () => void = () => undefined;
  #broken: string | null = null;

  constructor(model: string = BUNDLED.personInt8, ...others: string[]) {
    this.#worker = new Worker(new URL("../../../workers/inference.ts", import.meta.url), {
      type: "module",
      deno: { permissions: inferencePermissions(model, ...others) },
    });
    this.#worker.onmessage = (event: MessageEvent<Posted>) => {
      this.seen.push(event.data);
      this.#wake();
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#broken = event.message;
      this.#wake();
    };
  }

  /** Starts it, confined as in service. */
  start(plan: DetectorPlan): void {
    const confinement = inferenceConfinement(plan, { required: false, library: bindingPath() });
    this.send({ kind: "start", plan, confinement });
  }

  send(message: ToInference): void {
    this.#worker.postMessage(message, portTransfers(message));
  }

  /** The next message of a kind; an unexpected `failed` is an error. */
  async next<K extends Posted["kind"]>(kind: K) {
    const wanted = (message: Posted): message is Extract<Posted, { kind: K }> =>
      message.kind === kind;
    for (;;) {
      const message = this.seen.find(wanted);
      if (message !== undefined) {
        this.seen.splice(this.seen.indexOf(message), 1);
        return message;
      }
      const failed = this.seen.find((one) => one.kind === "failed");
      assert.equal(failed, undefined, `waiting for ${kind}: ${JSON.stringify(failed)}`);
      assert.equal(this.#broken, null, `waiting for ${kind}: ${this.#broken}`);
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** Routes the results to the test from now on. */
  results(): ResultsEnd {
    const { port1, port2 } = new MessageChannel();
    this.send({ kind: "results", port: port2 });
    return new ResultsEnd(port1);
  }

  /** Attaches a camera whose mailbox the test plays. */
  attach(camera: string): Mailbox {
    const { port1, port2 } = new MessageChannel();
    this.send({ kind: "attach", camera, port: port2 });
    return new Mailbox(port1);
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}

/** The publisher's end of a port for results. */
export class ResultsEnd implements Disposable {
  readonly seen: InferenceResult[] = [];
  readonly #port: MessagePort;
  readonly #ended = Promise.withResolvers<void>();

  constructor(port: MessagePort) {
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<ToResults>) => {
      if (data.kind === "result") this.seen.push(data.result);
      else this.#ended.resolve();
    };
  }

  /** Settles when the worker has sent `end`; all results have arrived then. */
  ended(): Promise<void> {
    return this.#ended.promise;
  }

  [Symbol.dispose](): void {
    this.#port.close();
  }
}

/** A camera's end of the link. */
export class Mailbox implements Disposable {
  readonly #port: MessagePort;
  readonly #takes: ToMailbox[] = [];
  #wake: () => void = () => undefined;

  constructor(port: MessagePort) {
    this.#port = port;
    port.onmessage = (event: MessageEvent<ToMailbox>) => {
      this.#takes.push(event.data);
      this.#wake();
    };
  }

  #post(message: ToConsumer): void {
    this.#port.postMessage(message, frameTransfers(message));
  }

  available(seq = 0): void {
    this.#post({ kind: "available", seq });
  }

  async take(): Promise<ToMailbox> {
    for (;;) {
      const take = this.#takes.shift();
      if (take !== undefined) return take;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  frame(meta: FrameMeta, buffer: ArrayBuffer): void {
    this.#post({ kind: "frame", meta, age: justNow(), buffer });
    assert.ok(buffer.detached);
  }

  none(buffer: ArrayBuffer): void {
    this.#post({ kind: "none", buffer });
  }

  [Symbol.dispose](): void {
    this.#port.close();
  }
}
