/** The stays of a world, by the rule itself and the identity of each walker. */
import { SETTINGS } from "./rig.ts";
import { END_MS, type Look, type Sightings, type World } from "./world.ts";

/** A stay as it has to be. All by the index of an inference. */
export interface TrueStay {
  readonly walker: number;
  /** In which the rule for the start first held. */
  readonly start: number;
  /** In which the walker was last detected with confidence, and at all. */
  readonly lastConfident: number;
  readonly lastSeen: number;
  readonly reason: "left" | "camera_lost" | "restart" | "open";
}

interface Present {
  start: number | null;
  /** Inferences that count for the start. */
  confident: number[];
  lastConfident: number;
  lastSeen: number;
}

/**
 * A stay is a maximal time in which a walker is not absent for `endSeconds` of observed time; it counts
 * from when `start` holds, and ends early with the camera and with Orion.
 */
export function trueStays({ looks, sightings }: World): readonly TrueStay[] {
  return sightings.flatMap((seen, walker) =>
    staysOf(seen, looks).map((stay) => ({ ...stay, walker }))
  );
}

function staysOf(seen: Sightings, looks: readonly Look[]): readonly Omit<TrueStay, "walker">[] {
  const stays: Omit<TrueStay, "walker">[] = [];
  const last = Math.max(...seen.keys());
  let present: Present | null = null;
  const end = (reason: TrueStay["reason"]) => {
    if (present !== null && present.start !== null) {
      stays.push({ ...present, start: present.start, reason });
    }
    present = null;
  };
  for (let index = Math.min(...seen.keys()); index < looks.length; index++) {
    const look = looks[index];
    // No one is seen again once the last stay has ended.
    if (look === undefined || present === null && index > last) break;
    for (const { kind } of look.faults) {
      if (kind === "restart") end("restart");
      if (kind === "long reconnect") end("camera_lost");
      if (kind === "thread" && present?.start === null) present = null;
    }
    const sighting = seen.get(index);
    if (sighting !== undefined) present = follow(present, index, sighting.weak);
    const lastMs = present === null ? 0 : looks[present.lastSeen]?.observedMs ?? 0;
    if (present !== null && look.observedMs - lastMs >= END_MS) end("left");
  }
  end("open");
  return stays;
}

function follow(before: Present | null, index: number, weak: boolean): Present | null {
  if (weak) return before === null ? null : { ...before, lastSeen: index };
  const { frames, of } = SETTINGS.start;
  const confident = [...before?.confident ?? [], index].slice(-frames);
  const holds = confident.length === frames && index - (confident[0] ?? index) < of;
  return {
    start: before?.start ?? (holds ? index : null),
    ...{ confident, lastConfident: index, lastSeen: index },
  };
}
