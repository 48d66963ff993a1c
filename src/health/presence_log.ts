import type { Log } from "../core/log.ts";
import type { Crossing, Occupancy, PresenceEvent, Stay } from "../core/presence_types.ts";
import { round } from "../core/round.ts";
import { dwellSeconds } from "../core/stay_json.ts";

/** Logs the start and the end of each stay, and at level debug everything else that happens. */
export class PresenceLog {
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  observe(event: PresenceEvent): void {
    switch (event.kind) {
      case "start":
        return this.#log.info("presence.started", startFields(event.stay));
      case "update":
        return this.#log.debug("presence.updated", updateFields(event.stay));
      case "end":
        return this.#log.info("presence.ended", endFields(event.stay));
      case "crossing":
        return this.#log.debug("line.crossed", crossingFields(event.crossing));
      case "occupancy":
        return this.#log.debug("occupancy.changed", occupancyFields(event.occupancy));
    }
  }
}

function startFields({ camera, class: name, id, zones }: Stay) {
  return { camera, class: name, id, ...named(zones.current) };
}

function updateFields(stay: Stay) {
  return { ...startFields(stay), dwellSeconds: round(dwellSeconds(stay), 1) };
}

/** With all zones that the stay was in. */
function endFields(stay: Stay) {
  const { camera, class: name, id, zones, reason } = stay;
  const fields = { camera, class: name, id, dwellSeconds: round(dwellSeconds(stay), 1) };
  return { ...fields, ...named(zones.visited), reason };
}

function crossingFields({ camera, line, direction, class: name, track }: Crossing) {
  return { camera, line, direction, class: name, track };
}

function occupancyFields({ camera, zone, occupied, counts }: Occupancy) {
  return { camera, zone, occupied, counts };
}

/** Most cameras have no zones. */
function named(zones: readonly string[]) {
  return zones.length === 0 ? {} : { zones };
}
