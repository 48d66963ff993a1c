/** What each worker is for, done once by the real worker with a grant of the test's choice. */
import type { Confinement } from "../../src/core/confinement.ts";
import type { DetectorPlan } from "../../src/core/detector_types.ts";
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
import { WORKER_ENTRIES } from "../../src/service/workers/entries.ts";
import {
  captureSource,
  detectorPlan,
  ownClient,
  publisherPlan,
} from "../../src/service/workers/start_messages.ts";
import { TestWorker } from "../support/workers/publisher_worker.ts";
import { places, type Product } from "./product.ts";

/** `ok`, or the code and the words of what went wrong. */
export type Feature = (grant: Grant, product: Product) => Promise<string>;

/** A thread of the product, and why it ended by itself if it did. */
function start<In, Out extends { readonly kind: string }>(entry: URL, grant: Grant) {
  const permissions = workerPermissions(grant);
  const thread = new Worker(entry, { type: "module", deno: { permissions } });
  const died = Promise.withResolvers<string>();
  thread.addEventListener("error", (event) => {
    event.preventDefault();
    died.resolve(`the thread ended: ${event.message}`);
  });
  return Object.assign(new TestWorker<In, Out>(thread), { died: died.promise });
}

function existing<T>(list: readonly T[], test: (item: T) => boolean): T {
  const found = list.find(test);
  if (found === undefined) throw new Error("the test's configuration lacks what the test needs");
  return found;
}

/** A camera gives its pictures. */
export function play(id: string): Feature {
  return async (grant, { settings, manifest: { confinements } }) => {
    const camera = existing(settings.cameras, (one) => one.id === id);
    using worker = start<ToCapture, FromCapture>(WORKER_ENTRIES.capture, grant);
    const source = captureSource(camera, { roi: null, masks: [], firstSeq: 0 });
    const confinement = confinements.get(`capture ${id}`) ?? null;
    worker.send({ kind: "start", source, libraries: places().libav, confinement });
    const subscription = { detector: "person", rateHz: null, paused: false, pictures: false };
    worker.send({ kind: "subscribe", subscription });
    const played = worker.waitFor((message) =>
      message.kind === "failed" ||
      (message.kind === "state" && ["online", "offline", "stalled"].includes(message.state))
    );
    const end = await Promise.race([played, worker.died]);
    if (typeof end === "string") return end;
    if (end.kind === "failed") return `${end.error.code}: ${end.error.message}`;
    // A thread that is terminated during a call into libav leaks the memory of that call.
    worker.send({ kind: "stop" });
    await worker.waitFor(({ kind }) => kind === "stopped");
    if (end.kind === "state" && end.state === "online") return "ok";
    const failure = worker.messages.map((message) =>
      message.kind === "log" && message.record.event === "camera.failed" ? message.record : null
    ).find((record) => record !== null);
    return `${failure?.fields["code"]}: ${failure?.fields["message"]}`;
  };
}

/** A detector runs this model: at the start, or when `set_model` asks for it. */
export function runModel(path: (product: Product) => string): Feature {
  return (grant, product) => {
    const detector = existing(product.settings.detectors, () => true);
    const plan = { ...detectorPlan(detector, 0), modelPath: path(product), resolvedPath: null };
    const confinement = product.manifest.confinements.get(`inference ${detector.id}`) ?? null;
    return runPlan(grant, plan, confinement);
  };
}

/** A worker with this grant loads the model of a plan. */
export async function runPlan(
  grant: Grant,
  plan: DetectorPlan,
  confinement: Confinement | null = null,
): Promise<string> {
  using worker = start<ToInference, FromInference>(WORKER_ENTRIES.inference, grant);
  worker.send({ kind: "start", plan, confinement });
  const end = await worker.waitFor(({ kind }) => kind === "failed" || kind === "ready");
  return end.kind === "failed" ? `${end.error.code}: ${end.error.message}` : "ok";
}

/** The publisher reaches its broker. */
export const publish: Feature = async (grant, { settings }) => {
  using worker = start<ToPublisher, FromPublisher>(WORKER_ENTRIES.publisher, grant);
  worker.send({ kind: "start", plan: publisherPlan(settings, "0.0.0", ownClient(settings)) });
  const end = await worker.waitFor((message) =>
    message.kind === "failed" ||
    (message.kind === "broker" && (message.state.connected || message.state.error !== null))
  );
  if (end.kind === "failed") return `${end.error.code}: ${end.error.message}`;
  const error = end.kind === "broker" ? end.state.error : null;
  return error === null ? "ok" : `${error.code}: ${error.message}`;
};

/** The embedded broker listens. */
export const listen: Feature = async (grant, { settings: { mqtt: { address } } }) => {
  const { hostname, port } = address;
  using worker = start<ToBroker, FromBroker>(WORKER_ENTRIES.broker, grant);
  worker.send({ kind: "start", hostname, port, own: null });
  const end = await worker.waitFor(({ kind }) => kind === "failed" || kind === "listening");
  return end.kind === "failed" ? `${end.error.code}: ${end.error.message}` : "ok";
};
