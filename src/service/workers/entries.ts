/** The workers' entries. */
export interface WorkerEntries {
  readonly capture: URL;
  readonly inference: URL;
  readonly publisher: URL;
  readonly broker: URL;
  /** Of a camera that is not configured yet. */
  readonly probe: URL;
}

export const WORKER_ENTRIES: WorkerEntries = {
  capture: new URL("../../../workers/capture.ts", import.meta.url),
  inference: new URL("../../../workers/inference.ts", import.meta.url),
  publisher: new URL("../../../workers/publisher.ts", import.meta.url),
  broker: new URL("../../../workers/broker.ts", import.meta.url),
  probe: new URL("../../../workers/probe.ts", import.meta.url),
};
