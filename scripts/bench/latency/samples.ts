/** Messages beside the camera's log: how old each frame was when its message arrived. */
import type { SentLog } from "./camera.ts";
import type { Arrival } from "./subscriber.ts";

/** What Orion says of one frame by itself. */
export interface OwnWord {
  readonly totalMs: number;
  /** `capturedAt` less what the camera's sender reports say. */
  readonly captureErrorMs: number;
  readonly clock: string;
}

/** One message whose frame is known. */
export interface Sample {
  /** Since the measurement began. */
  readonly atSeconds: number;
  /** From the camera's last byte of the frame to the subscriber. */
  readonly ageMs: number;
  readonly inferenceMs: number;
  /** Null for a contender that says none of it. */
  readonly own: OwnWord | null;
}

/** What one round of one contender gave. */
export interface Round {
  readonly samples: readonly Sample[];
  /** Messages whose frame could not be found in the log. */
  readonly unknown: number;
  /** Connections to the camera that played. */
  readonly connections: number;
}

/** The messages of a window of wall time, each with its frame. */
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
