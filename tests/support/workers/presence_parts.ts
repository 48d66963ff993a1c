/** Stays and what belongs to them, for tests. */
import { plusMs, type WallMs, wallMs } from "../../../src/core/clock.ts";
import type {
  KeepRequest,
  Line,
  Occupancy,
  PresenceEvent,
  PresenceSettings,
  Stay,
  StayEndReason,
  Zone,
} from "../../../src/core/presence_types.ts";

const NOW = wallMs(1_795_345_361_640);

export const SETTINGS: PresenceSettings = {
  start: { frames: 2, of: 3 },
  ...{ endSeconds: 5, updateSeconds: 0, snapshot: "crop" },
};

export const ZONE: Zone = {
  id: "door",
  polygon: [{ x: 0.4, y: 0.5 }, { x: 0.6, y: 0.5 }, { x: 0.6, y: 1 }],
  classes: ["person"],
};

export const LINE: Line = { id: "gate", from: { x: 0.1, y: 0.6 }, to: { x: 0.9, y: 0.6 } };

/** An open stay of camera `gate`, from the seventh second on. */
export function stay(id: string, change: Partial<Stay> = {}): Stay {
  return {
    id,
    ...{ camera: "gate", detector: "person", class: "person", track: `g7f3-${id}` },
    startedAtMs: plusMs(NOW, -7000),
    seenAtMs: NOW,
    endedAtMs: null,
    reason: null,
    zones: { current: ["door"], visited: ["path", "door"] },
    best: {
      capturedAtMs: NOW,
      ...{ seq: 1041, confidence: 0.912345 },
      box: { x: 512.52, y: 200.11, width: 88.04, height: 190.4 },
    },
    box: { x: 512.52, y: 200.11, width: 88.04, height: 190.4 },
    size: { width: 1280, height: 720 },
    path: [0.4, 0.5, 0.5, 0.6],
    ...change,
  };
}

export function started(id: string, change: Partial<Stay> = {}): PresenceEvent {
  return { kind: "start", stay: stay(id, change) };
}

export function ended(
  id: string,
  reason: StayEndReason = "left",
  change: Partial<Stay> = {},
): PresenceEvent {
  return { kind: "end", stay: stay(id, { endedAtMs: NOW, reason, ...change }) };
}

/** The occupancy of a zone of camera `gate`. */
export function occupancy(zone: string, persons: number, sinceMs: WallMs = NOW): Occupancy {
  const counts = { person: persons };
  return { camera: "gate", zone, occupied: persons > 0, counts, sinceMs };
}

export function keep(stay: string, seq: number): KeepRequest {
  const box = { x: 0, y: 0, width: 10, height: 20 };
  return { camera: "gate", detector: "person", stay, seq, box, mode: "crop" };
}
