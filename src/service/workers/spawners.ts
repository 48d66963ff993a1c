import type { Log } from "../../core/log.ts";
import type {
  FromBroker,
  FromCapture,
  FromInference,
  FromPublisher,
  ToBroker,
  ToCapture,
  ToInference,
  ToPublisher,
} from "../../core/messages.ts";
import { workerPermissions } from "../../permissions/grant.ts";
import type { Manifest } from "../../permissions/manifest.ts";
import type { AbandonedThreads } from "../supervision/abandoned_threads.ts";
import type { WorkerEntries } from "./entries.ts";
import { type Spawn, spawner } from "./worker_handle.ts";

/** How the threads of each kind are started, each with its own permissions. */
export interface Spawners {
  capture(camera: string): Spawn<ToCapture, FromCapture>;
  inference(detector: string): Spawn<ToInference, FromInference>;
  readonly publisher: Spawn<ToPublisher, FromPublisher>;
  /** null without an embedded broker. */
  readonly broker: Spawn<ToBroker, FromBroker> | null;
}

/** Starts real threads with the permissions of the manifest. */
export function threadSpawners(parts: {
  readonly entries: WorkerEntries;
  readonly manifest: Manifest;
  readonly log: Log;
  /** Counts threads that hang; absent where the process ends right after. */
  readonly threads?: AbandonedThreads;
}): Spawners {
  const { entries, manifest, log } = parts;
  const counted = parts.threads === undefined ? {} : { threads: parts.threads };
  return {
    capture: (camera) =>
      spawner({
        entry: entries.capture,
        permissions: workerPermissions(manifest.capture(camera)),
        log: log.child({ camera }),
        ...counted,
      }),
    inference: (detector) =>
      spawner({
        entry: entries.inference,
        permissions: workerPermissions(manifest.inference(detector)),
        log,
        ...counted,
      }),
    publisher: spawner({
      entry: entries.publisher,
      permissions: workerPermissions(manifest.publisher),
      log,
      ...counted,
    }),
    broker: manifest.broker === null ? null : spawner({
      entry: entries.broker,
      permissions: workerPermissions(manifest.broker),
      log,
      ...counted,
    }),
  };
}
