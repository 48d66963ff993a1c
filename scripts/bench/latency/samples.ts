/** Matches messages with the camera's log: the age of each frame when its message arrived. */
import type { SentLog } from "./camera.ts";
import type { Arrival } from "./subscriber.ts";

/** Orion's own figures of one frame. */
export interface OwnWord {
  readonly totalMs: number;
  /** `capturedAt` minus the time by the camera's sender reports. */
  readonly captureErrorMs: number;
  readonly clock: string;
}

/** A message matched with its frame. */
export interface Sample {
  /** Time since the measurement began. */
  readonly atSeconds: number;
  /** Time from the camera's last byte of the frame to the subscriber. */
  readonly ageMs: number;
  readonly inferenceMs: number;
  /** null for a contender that reports none. */
  readonly own: OwnWord | null;
}

/** The result of one round of one contender. */
export interface Round {
  readonly samples: readonly Sample[];
  /** Messages without a matching frame in the log. */
  readonly unknown: number;
  /** Connections to the camera. */
  readonly connections: number;
}

/** The messages of a window of wall time, with their frames. */
export function matched(
  arrivals: readonly Arrival[],
  sent: SentLog,
  window: { readonly fromMs: number; readonly toMs: number },
): Round {
  const samples: Sample[] = [];
  let unknown = 0;
  for (const { atMs, payload } of arrivals) {
    if (atMs < window.fromMs || atMs >= window.toMs) continue;
    const frame = record(payload["frame"]);
    const timing = record(payload["timing"]);
    const sentFrame = sent.frameAt(Number(frame["ptsSeconds"]), atMs);
    if (sentFrame === null) {
      unknown += 1;
      continue;
    }
    const totalMs = timing["totalMs"];
    samples.push({
      atSeconds: (atMs - window.fromMs) / 1000,
      ageMs: atMs - sentFrame.sentAtMs,
      inferenceMs: Number(timing["inferenceMs"]),
      own: typeof totalMs !== "number" ? null : {
        totalMs,
        captureErrorMs: Date.parse(String(frame["capturedAt"])) - sentFrame.capturedAtMs,
        clock: String(frame["clock"]),
      },
    });
  }
  return { samples, unknown, connections: sent.connections };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
