import { plusMs, wallMs } from "../../../src/core/clock.ts";
import type { PresencePlan, SnapshotMode, Stay } from "../../../src/core/presence_types.ts";

/** When the stays of {@link stayOf} start. */
export const STARTED_MS = wallMs(1_795_345_361_640);

/** A person on camera `gate`, who was first seen at {@link STARTED_MS} and last 400 ms later. */
export function stayOf(id: string, changes: Partial<Stay> = {}): Stay {
  return {
    id,
    camera: "gate",
    detector: "person",
    class: "person",
    track: `t-${id}`,
    startedAtMs: STARTED_MS,
    seenAtMs: plusMs(STARTED_MS, 400),
    endedAtMs: null,
    reason: null,
    zones: { current: ["door"], visited: ["path", "door"] },
    best: {
      capturedAtMs: STARTED_MS,
      seq: 1041,
      confidence: 0.91234,
      box: { x: 512.52, y: 200.11, width: 88.04, height: 190.4 },
    },
    box: { x: 512.52, y: 200.11, width: 88.04, height: 190.4 },
    size: { width: 1280, height: 720 },
    path: [],
    ...changes,
  };
}

/** The same stay, ended when it was last seen. */
export function ended(stay: Stay, reason: Stay["reason"] = "left"): Stay {
  return { ...stay, endedAtMs: stay.seenAtMs, reason };
}

/** Presence of persons on camera `gate`, with one zone and one line. */
export function presencePlan(snapshot: SnapshotMode = "none"): PresencePlan {
  const settings = { start: { frames: 2, of: 3 }, endSeconds: 5, updateSeconds: 0, snapshot };
  return {
    detectors: [{ detector: "person", cameras: ["gate"], settings }],
    scenes: [{
      camera: "gate",
      zones: [{ id: "door", polygon: [], classes: null }],
      lines: [{ id: "step", from: { x: 0, y: 0.5 }, to: { x: 1, y: 0.5 } }],
    }],
  };
}
