/** What each worker is for, done once by the real worker with a grant of the test's choice. */
import type {
  FromBroker,
  FromCapture,
  FromInference,
  FromPublisher,
  ToBroker,
  ToCapture,
  ToInference,
  ToPublisher,
} from "../../src/core/messages.ts";
import { type Grant, workerPermissions } from "../../src/permissions/grant.ts";
import { WORKER_ENTRIES } from "../../src/service/entries.ts";
import { captureSource, detectorPlan, publisherPlan } from "../../src/service/plans.ts";
import { TestWorker } from "../support/publisher_worker.ts";
import { places, type Product } from "./product.ts";

/** `ok`, or the code and the words of what went wrong. */
export type Feature = (grant: Grant, product: Product) => Promise<string>;

function start<In, Out extends { readonly kind: string }>(entry: URL, grant: Grant) {
  const permissions = workerPermissions(grant);
  return new TestWorker<In, Out>(new Worker(entry, { type: "module", deno: { permissions } }));
}

function existing<T>(list: readonly T[], test: (item: T) => boolean): T {
  const found = list.find(test);
  if (found === undefined) throw new Error("the test's configuration lacks what the test needs");
  return found;
}

/** A file camera gives its pictures. */
export const decode: Feature = async (grant, { settings }) => {
  const camera = existing(settings.cameras, ({ file }) => file !== null);
  using worker = start<ToCapture, FromCapture>(WORKER_ENTRIES.capture, grant);
  const source = captureSource(camera, { roi: null, firstSeq: 0 });
  worker.send({ kind: "start", source, libraries: places().libav });
  const end = await worker.waitFor((message) =>
    message.kind === "failed" || (message.kind === "state" && message.state === "online")
  );
  if (end.kind === "failed") return `${end.error.code}: ${end.error.message}`;
  // A thread that is ended in the middle of a call into libav takes the memory of the call along.
  worker.send({ kind: "stop" });
  await worker.waitFor(({ kind }) => kind === "stopped");
  return "ok";
};

/** A detector runs this model: at the start, or when `set_model` asks for it. */
export function runModel(path: (product: Product) => string): Feature {
  return async (grant, product) => {
    const detector = existing(product.settings.detectors, () => true);
    using worker = start<ToInference, FromInference>(WORKER_ENTRIES.inference, grant);
    const plan = { ...detectorPlan(detector, 0), modelPath: path(product) };
    worker.send({ kind: "start", plan });
    const end = await worker.waitFor(({ kind }) => kind === "failed" || kind === "ready");
    return end.kind === "failed" ? `${end.error.code}: ${end.error.message}` : "ok";
  };
}

/** The publisher reaches its broker. */
export const publish: Feature = async (grant, { settings }) => {
  using worker = start<ToPublisher, FromPublisher>(WORKER_ENTRIES.publisher, grant);
  worker.send({ kind: "start", plan: publisherPlan(settings, "0.0.0") });
  const end = await worker.waitFor((message) =>
    message.kind === "failed" ||
    (message.kind === "broker" && (message.state.connected || message.state.error !== null))
  );
  if (end.kind === "failed") return `${end.error.code}: ${end.error.message}`;
  const error = end.kind === "broker" ? end.state.error : null;
  return error === null ? "ok" : `${error.code}: ${error.message}`;
};

/** The embedded broker listens. */
export const listen: Feature = async (grant, { settings: { mqtt } }) => {
  using worker = start<ToBroker, FromBroker>(WORKER_ENTRIES.broker, grant);
  worker.send({ kind: "start", hostname: mqtt.hostname, port: mqtt.port });
  const end = await worker.waitFor(({ kind }) => kind === "failed" || kind === "listening");
  return end.kind === "failed" ? `${end.error.code}: ${end.error.message}` : "ok";
};
