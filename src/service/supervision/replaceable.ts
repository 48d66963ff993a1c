import { type ErrorData, errorData } from "../../core/errors.ts";
import type { BrokerWorker } from "../workers/broker_worker.ts";
import type { Fleet } from "../workers/fleet.ts";
import type { PublisherWorker } from "../workers/publisher_worker.ts";
import type { Replaceable } from "./supervisor.ts";

/**
 * The place of a worker. Cameras and detectors can be parked. Without the publisher or the embedded
 * broker nothing leaves the process, and what makes those fail is no camera's doing: a clean start is
 * the better remedy.
 *
 * @param onFailed  told when the broker cannot be started again
 * @returns null when there is no such place
 */
export function replaceable(
  name: string,
  parts: {
    readonly fleet: Fleet;
    readonly publisher: PublisherWorker;
    readonly broker: BrokerWorker | null;
  },
  onFailed: (error: ErrorData) => void,
): Replaceable | null {
  const { fleet, publisher, broker } = parts;
  if (name === "publisher") {
    return {
      name,
      abandon: () => publisher.abandon(),
      start: () => {
        publisher.start();
        fleet.connectResults();
      },
      park: null,
    };
  }
  if (name === "broker" && broker !== null) {
    const start = () => void broker.start().catch((error) => onFailed(errorData(error)));
    return { name, abandon: () => broker.abandon(), start, park: null };
  }
  const worker = fleet.worker(name);
  if (worker !== null) {
    return {
      name,
      abandon: () => fleet.abandonWorker(worker),
      start: () => worker.start(),
      park: (error) => worker.park(error),
    };
  }
  for (const camera of fleet.cameras.values()) {
    if (camera.name !== name) continue;
    return {
      name,
      abandon: () => camera.abandon(),
      start: () => fleet.startCamera(camera),
      park: (error) => camera.park(error),
    };
  }
  return null;
}
