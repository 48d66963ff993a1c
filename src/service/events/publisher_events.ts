import type { Settings } from "../../config/settings.ts";
import type { Clock } from "../../core/clock.ts";
import type { PublisherWorker } from "../workers/publisher_worker.ts";
import { EventHub, type EventState } from "./event_hub.ts";

/** The hub of the events that a publisher copies. */
export function publisherEvents(
  publisher: PublisherWorker,
  { settings: { instance }, cameras, clock }: {
    readonly settings: Pick<Settings, "instance">;
    /** Those of the settings in force, by id. */
    readonly cameras: ReadonlyMap<string, unknown>;
    readonly clock: Clock;
  },
): EventHub {
  return new EventHub({
    ...{ instance, clock, run: publisher.run },
    cameras,
    state: () => stateOf(publisher, [...cameras.keys()]),
    onWatch: (on) => publisher.watch(on),
  });
}

function stateOf(publisher: PublisherWorker, ids: readonly string[]): EventState {
  const { presence, journal } = publisher;
  return {
    cameras: publisher.cameras,
    occupancy: ids.flatMap((id) => journal.occupancy(id, presence.scene(id).zones)),
    health: publisher.health,
    settledUpTo: journal.settledUpTo,
  };
}
