/** Restarts a camera repeatedly, and measures how its worker recovers. */
import { systemClock } from "../../../src/core/clock.ts";
import type { LogRecord } from "../../../src/core/log.ts";
import { assertCloses } from "../streams/ledger.ts";
import { CaptureRun } from "./capture_run.ts";
import { HostileCamera } from "./hostile_camera.ts";
import type { RawClip } from "./rtp_h264.ts";

/** Tolerance beyond the current backoff. */
export const RESUME_MARGIN_MS = 2000;

/** One restart. */
export interface Restart {
  /** From listening again to the next delivered frame. */
  readonly resumedAfterMs: number;
  /** The longest backoff delay meanwhile. */
  readonly backoffMs: number;
  /** Failed attempts after it was listening again. */
  readonly failures: number;
  readonly rssBytes: number;
}

/**
 * Kills and restarts a camera repeatedly.
 * @throws if frames do not resume, a sequence number decreases, or the account does not close
 */
export async function restartCamera(clip: RawClip, times: number): Promise<Restart[]> {
  let camera = HostileCamera.start({ clip });
  const { url, port } = camera;
  const restarts: Restart[] = [];
  try {
    await using run = new CaptureRun({
      source: { url, stallTimeoutMs: 5000 },
      detectors: [{ id: "consumer", rateHz: null }],
    });
    for (let time = 0; time < times; time++) {
      await run.further(10);
      await camera[Symbol.asyncDispose]();
      await run.state("offline", run.states.length);
      const logs = run.logs.length;
      camera = HostileCamera.start({ clip, port });
      const isFailure = ({ event }: LogRecord) => event === "camera.retry_scheduled";
      const failuresSoFar = run.logs.filter(isFailure).length;
      const listeningMs = performance.now();
      // A frame that was in flight when the camera was killed must not count as one after the restart.
      const sinceMs = systemClock.nowMs();
      const isNew = () => (run.frames.at(-1)?.arrivedAtMs ?? 0) > sinceMs;
      await run.until("a frame of the camera that came back", isNew);
      restarts.push({
        resumedAfterMs: performance.now() - listeningMs,
        backoffMs: Math.max(
          0,
          ...run.logs.slice(Math.max(0, logs - 1))
            .filter(({ event }) => event === "camera.retry_scheduled")
            .map(({ fields }) => Number(fields["delayMs"])),
        ),
        failures: run.logs.filter(isFailure).length - failuresSoFar,
        rssBytes: Deno.memoryUsage().rss,
      });
    }
    const seqs = run.frames.map(({ meta }) => meta.seq);
    const back = seqs.findIndex((seq, index) => index > 0 && seq <= (seqs[index - 1] ?? -1));
    if (back >= 0) throw new Error(`sequence number ${seqs[back]} after ${seqs[back - 1]}`);
    const { account } = await run.stop();
    assertCloses(account);
  } finally {
    await camera[Symbol.asyncDispose]();
  }
  return restarts;
}

/** The restarts that took longer than the backoff and the tolerance. */
export function late(restarts: readonly Restart[]): Restart[] {
  return restarts.filter(({ resumedAfterMs, backoffMs }) =>
    resumedAfterMs > backoffMs + RESUME_MARGIN_MS
  );
}
