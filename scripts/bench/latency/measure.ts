/** One round of one contender, and its messages. */
import { epochMs, systemClock } from "../../../src/core/clock.ts";
import type { Child } from "../../../tests/support/system/children.ts";
import { tempFolder } from "../../../tests/support/system/files.ts";
import type { Mosquitto } from "../../../tests/support/brokers/mosquitto.ts";
import { LoggingCamera } from "./camera.ts";
import type { Contender } from "./contenders.ts";
import { busyLoops } from "./load.ts";
import { matched, type Round } from "./samples.ts";
import { TimedSubscriber } from "./subscriber.ts";

/** The warm-up under load, not measured. */
const WARM_UP_SECONDS = 3;

/** Shared by all rounds. */
export interface Surroundings {
  readonly broker: Mosquitto;
  /** The path of the camera's clip. */
  readonly stream: string;
  /** Ends the bench early. */
  readonly signal: AbortSignal;
}

/** The conditions of a measurement. */
export interface Cell {
  readonly rateHz: number;
  /** Busy loops. */
  readonly load: number;
}

/**
 * Starts a camera and a contender, then the load, and collects messages for a while.
 * @throws Error if the contender ends, or publishes nothing
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

/** Waits for another process; fails with the child's output as soon as the child ends. */
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
