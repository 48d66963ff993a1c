/** A worker of `workers/` with the permissions it has in the product, and what it posted. */
import { wallMs } from "../../../src/core/clock.ts";
import type { Age } from "../../../src/core/age.ts";
import type { InferenceResult } from "../../../src/core/detector_types.ts";
import {
  type FromBroker,
  type FromPublisher,
  type FromWorker,
  portTransfers,
  type ToBroker,
  type ToPublisher,
} from "../../../src/core/messages.ts";
import type { BrokerTarget, PublisherPlan } from "../../../src/core/publisher_types.ts";
import { resultPort } from "../../../src/inference/result_port.ts";
import { brokerUrl } from "../brokers/broker_url.ts";
import { justNow } from "../clocks/just_now.ts";
import { WAIT_TIMEOUT_MS } from "../system/lines.ts";
import { letterbox } from "../../../src/core/geometry.ts";

/** A thread and its messages; terminated when disposed. */
export class TestWorker<In, Out> implements Disposable {
  readonly messages: FromWorker<Out>[] = [];
  readonly #worker: Worker;
  #waiters: {
    readonly test: (message: FromWorker<Out>) => boolean;
    readonly met: (message: FromWorker<Out>) => void;
  }[] = [];

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.addEventListener("message", (event: MessageEvent) => this.#add(event.data));
  }

  /** Calls back with every message from here on. */
  onMessage(take: (message: FromWorker<Out>) => void): void {
    this.#worker.addEventListener("message", (event: MessageEvent) => take(event.data));
  }

  send(message: In, transfers: Transferable[] = []): void {
    this.#worker.postMessage(message, transfers);
  }

  /** The first message, from the `since`th on, that passes: one that came already, or the next. */
  async waitFor(
    test: (message: FromWorker<Out>) => boolean,
    { what = "a message", since = 0 } = {},
  ): Promise<FromWorker<Out>> {
    const already = this.messages.slice(since).find(test);
    if (already !== undefined) return already;
    const { promise, resolve, reject } = Promise.withResolvers<FromWorker<Out>>();
    this.#waiters.push({ test, met: resolve });
    const timer = setTimeout(() => {
      const last = this.messages.slice(-8).map((each) => JSON.stringify(each)).join("\n");
      reject(new Error(`${what} did not come in time; posted last:\n${last}`));
    }, WAIT_TIMEOUT_MS);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Simulates the death of the thread: no other thread is notified. */
  terminate(): void {
    this.#worker.terminate();
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }

  #add(message: FromWorker<Out>): void {
    this.messages.push(message);
    const met = this.#waiters.filter((waiter) => waiter.test(message));
    this.#waiters = this.#waiters.filter((waiter) => !met.includes(waiter));
    for (const waiter of met) waiter.met(message);
  }
}

/** Nothing at all, to begin with. */
const NOTHING = {
  env: false,
  ffi: false,
  import: false,
  net: false,
  read: false,
  run: false,
  sys: false,
  write: false,
} as const;

export type PublisherWorker = TestWorker<ToPublisher, FromPublisher>;
export type PublisherMessage = FromWorker<FromPublisher>;
export type BrokerWorker = TestWorker<ToBroker, FromBroker>;

/** What the publisher's thread may do: connect to `address` (host:port) and read `files`. */
export function publisherPermissions(address: string, files: readonly string[] = []) {
  return { ...NOTHING, net: [address], read: files.length === 0 ? false : [...files] };
}

/** The publisher's thread, with {@link publisherPermissions}. */
export function publisherWorker(address: string, files: readonly string[] = []): PublisherWorker {
  const url = new URL("../../../workers/publisher.ts", import.meta.url);
  const permissions = publisherPermissions(address, files);
  return new TestWorker(new Worker(url, { type: "module", deno: { permissions } }));
}

/** The way of one inference thread's results to a publisher; disposed, as if that thread had ended. */
export function resultsTo(
  publisher: PublisherWorker,
  worker = "person-0",
): Disposable & { readonly send: (result: InferenceResult, age?: Age) => void } {
  const { port1, port2 } = new MessageChannel();
  const message: ToPublisher = { kind: "results", worker, port: port1 };
  publisher.send(message, portTransfers(message));
  const port = resultPort(port2);
  return {
    send: (result, age = justNow()) => port.send(result, age),
    [Symbol.dispose]: port.close,
  };
}

/** The embedded broker's thread: may listen on `address` (host:port), nothing else. */
export function brokerWorker(address: string): BrokerWorker {
  const url = new URL("../../../workers/broker.ts", import.meta.url);
  const permissions = { ...NOTHING, net: [address] };
  return new TestWorker(new Worker(url, { type: "module", deno: { permissions } }));
}

/** A plan for instance `lobby-1` under `orion`. */
export function publisherPlan(
  url: string,
  target: Partial<BrokerTarget> = {},
  qos: Partial<PublisherPlan["qos"]> = {},
): PublisherPlan {
  const { address, username, password } = brokerUrl(url);
  return {
    broker: {
      address,
      username,
      password,
      ca: null,
      cert: null,
      key: null,
      protocol: 5,
      ...target,
    },
    instance: "lobby-1",
    run: 1,
    version: "0.1.0",
    topicPrefix: "orion",
    qos: { inferences: 0, control: 1, health: 1, ...qos },
    outbox: { policy: "latest", max: 1024 },
    homeAssistant: null,
    presence: { detectors: [], scenes: [] },
    flushMs: 3_000,
  };
}

/** What one frame of camera `gate` gave: one person, in the middle of a region of interest. */
export function inferenceResult(
  seq: number,
  { camera = "gate", detector = "person" } = {},
): InferenceResult {
  const roi = { x: 128, y: 144, width: 1024, height: 504 };
  return {
    detector,
    worker: `${detector}-0`,
    model: { name: "builtin:person", sha256: "0123456789ab" },
    meta: {
      camera,
      seq,
      size: { width: 1280, height: 720 },
      keyframe: seq % 25 === 0,
      ptsSeconds: seq / 25,
      capturedAtMs: wallMs(1_795_345_361_640),
      clock: "arrival",
      roi,
      fit: letterbox(roi, { width: 416, height: 416 }),
      queueMs: 0.4,
      convertMs: 0.5,
      dropsSinceLast: 4,
    },
    detections: [{
      class: "person",
      confidence: 0.87,
      box: { x: 512.52, y: 200.11, width: 88.04, height: 190.4 },
    }],
    weak: [],
    inferenceMs: 21.3,
    postprocessMs: 0.2,
  };
}
