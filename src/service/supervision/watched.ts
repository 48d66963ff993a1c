import type { CaptureFlow, ReceivedReport } from "../../core/camera_shapes.ts";
import type { CameraWorker } from "../workers/camera_worker.ts";
import type { DetectorWorker } from "../workers/detector_worker.ts";
import type { Fleet } from "../workers/fleet.ts";
import type { WatchedCamera } from "./frame_watch.ts";
import type { Watched, WatchedOffer } from "./watchdog.ts";

/** What the watchdog looks at. Asks every camera's thread; what one does not answer is not judged. */
export async function look(fleet: Fleet): Promise<Watched> {
  const cameras = [...fleet.cameras.values()];
  const reports = await Promise.all(
    cameras.map(async (camera) => ({ camera, report: await camera.report() })),
  );
  return {
    workers: fleet.workers.map((worker) => ({
      name: worker.id,
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
    captures: cameras.map(({ name, silentSinceMs }) => ({ name, silentSinceMs })),
    cameras: reports.flatMap(({ camera, report }) =>
      camera.flow === null ? [] : [watchedCamera(camera, report, camera.flow)]
    ),
  };
}

/** What a camera offered and a worker has not taken, or was handed and has not finished. */
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

/** Numbers only go up: an answer to a later frame is one to this as well. */
function isUnfinished(seq: number, camera: string, worker: DetectorWorker | null): boolean {
  return worker !== null && seq > (worker.lastSeq(camera) ?? -1);
}

function watchedCamera(
  { id, settings }: CameraWorker,
  report: ReceivedReport,
  flow: CaptureFlow,
): WatchedCamera {
  const { state, info, decodeLevel, account } = report;
  const wanting = account.detectors.filter(({ paused }) => !paused);
  const periodMs = Math.min(
    ...wanting.map(({ rateHz }) => rateHz === null ? 0 : 1000 / rateHz),
  );
  const keyframesOnly = decodeLevel === "keyframes";
  const keyframeMs = (info?.keyframeIntervalSeconds ?? 0) * 1000;
  return {
    camera: id,
    expected: state === "online" && wanting.length > 0,
    pictureAgoMs: flow.pictureAgoMs,
    stallTimeoutMs: settings.stallTimeoutSeconds * 1000,
    periodMs: keyframesOnly ? Math.max(periodMs, keyframeMs) : periodMs,
    reason: keyframesOnly ? "WAITING_FOR_KEYFRAME" : "NO_PICTURE",
  };
}
