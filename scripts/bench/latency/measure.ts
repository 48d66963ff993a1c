/** One round of one contender: from its start to its end, with what it published in between. */
import { epochMs, systemClock } from "../../../src/core/clock.ts";
import type { Child } from "../../../tests/support/system/children.ts";
import { tempFolder } from "../../../tests/support/system/files.ts";
import type { Mosquitto } from "../../../tests/support/brokers/mosquitto.ts";
import { LoggingCamera } from "./camera.ts";
import type { Contender } from "./contenders.ts";
import { busyLoops } from "./load.ts";
import { matched, type Round } from "./samples.ts";
import { TimedSubscriber } from "./subscriber.ts";

/** Under load already, and not measured. */
const WARM_UP_SECONDS = 3;

/** What all rounds share. */
export interface Surroundings {
  readonly broker: Mosquitto;
  /** The path of what the camera plays. */
  readonly stream: string;
  /** Ends the bench early. */
  readonly signal: AbortSignal;
}

/** Under what a contender is measured. */
export interface Cell {
  readonly rateHz: number;
  /** Busy loops. */
  readonly load: number;
}

/**
 * Starts a camera and a contender, then the load, and looks at what arrives for a while.
 * @throws Error when the contender ends, or publishes nothing
 */
export async function measure(
  contender: Contender,
  { rateHz, load, seconds }: Cell & { readonly seconds: number },
  { broker, stream, signal }: Surroundings,
): Promise<Round> {
  using folder = tempFolder();
  await using camera = await LoggingCamera.start(stream, folder);
  await using subscriber = await TimedSubscriber.start(broker, contender.topic);
  const task = { cameraUrl: camera.url, mqttPort: broker.port, rateHz, folder };
  await using child = contender.start(task);
  await whileRunning(child, subscriber.arrived(1));
  await using _load = busyLoops(load, WARM_UP_SECONDS + seconds);
  await whileRunning(child, systemClock.sleep(WARM_UP_SECONDS * 1000, signal));
  const fromMs = epochMs(systemClock.wallMs());
  await whileRunning(child, systemClock.sleep(seconds * 1000, signal));
  return matched(subscriber.arrivals(), camera.sent(), { fromMs, toMs: fromMs + seconds * 1000 });
}

/** Waits for what another process does; fails as soon as the child ends, and shows what it said. */
async function whileRunning(child: Child, wait: Promise<void>): Promise<void> {
  const ended = child.status.then(async () => {
    await child.stderr.ended;
    throw new Error("it ended");
  });
  try {
    await Promise.race([wait, ended]);
  } catch (cause) {
    throw new Error(`Cannot measure ${child.name}; it said:\n${child.stderr.text()}`, { cause });
  }
}
