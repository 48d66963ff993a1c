import type { CaptureFlow, ReceivedReport } from "../../core/camera_types.ts";
import type { WatchedCamera } from "../supervision/frame_watch.ts";
import type { Watched, WatchedOffer } from "../supervision/watchdog.ts";
import type { CameraWorker } from "./camera_worker.ts";
import type { DetectorWorker } from "./detector_worker.ts";
import type { Fleet } from "./fleet.ts";

/** The fleet as the watchdog sees it. Requests a report of every camera; one that gives none is exempt. */
export async function observeFleet(fleet: Fleet): Promise<Watched> {
  const cameras = [...fleet.cameras.values()];
  const reports = await Promise.all(
    cameras.map(async (camera) => ({ camera, report: await camera.report() })),
  );
  return {
    workers: fleet.workers.map((worker) => ({
      worker,
      detector: worker.detector,
      lastSeenAtMs: worker.lastSeenAtMs,
      startedAtMs: worker.startedAtMs,
      readyAtMs: worker.readyAtMs,
      poolSize: fleet.poolOf(worker.detector).length,
    })),
    flows: reports.flatMap(({ camera, report }) =>
      report.account.detectors.map(({ detector, paused, rateHz }) => ({
        camera: camera.id,
        detector,
        paused,
        rateHz,
      }))
    ),
    offers: cameras.flatMap((camera) => offersOf(camera, fleet)),
    captures: cameras.map((worker) => ({ worker, silentSinceMs: worker.silentSinceMs })),
    cameras: reports.flatMap(({ camera, report }) =>
      camera.flow === null ? [] : [watchedCamera(camera, report, camera.flow)]
    ),
  };
}

/** Frames of a camera that a worker has not taken, or has taken and not finished. */
function offersOf(camera: CameraWorker, fleet: Fleet): WatchedOffer[] {
  const offers: WatchedOffer[] = [];
  for (const { worker, untakenForMs, handed } of camera.flow?.offers ?? []) {
    const offer = { camera: camera.id, worker };
    if (untakenForMs !== null) offers.push({ ...offer, forMs: untakenForMs });
    if (handed !== null && isUnfinished(handed.seq, camera.id, fleet.worker(worker))) {
      offers.push({ ...offer, forMs: handed.agoMs });
    }
  }
  return offers;
}

/** Sequence numbers only increase: finishing a later frame implies this one. */
function isUnfinished(seq: number, camera: string, worker: DetectorWorker | null): boolean {
  return worker !== null && seq > (worker.lastSeq(camera) ?? -1);
}

function watchedCamera(
  { id, settings }: CameraWorker,
  report: ReceivedReport,
  flow: CaptureFlow,
): WatchedCamera {
  const { state, info, decodeLevel, account } = report;
  const active = account.detectors.filter(({ paused }) => !paused);
  const periodMs = Math.min(
    ...active.map(({ rateHz }) => rateHz === null ? 0 : 1000 / rateHz),
  );
  const keyframesOnly = decodeLevel === "keyframes";
  const keyframeMs = (info?.keyframeIntervalSeconds ?? 0) * 1000;
  return {
    camera: id,
    expected: state === "online" && active.length > 0,
    pictureAgoMs: flow.pictureAgoMs,
    stallTimeoutMs: settings.stallTimeoutSeconds * 1000,
    periodMs: keyframesOnly ? Math.max(periodMs, keyframeMs) : periodMs,
    reason: keyframesOnly ? "WAITING_FOR_KEYFRAME" : "NO_PICTURE",
  };
}
