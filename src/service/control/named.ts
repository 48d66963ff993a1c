/** The cameras and detectors that a command names. */
import { noPair, unknown } from "./refusals.ts";

/** A camera and one of its detectors. */
export interface Pair {
  readonly camera: string;
  readonly detector: string;
}

/** The cameras and detectors that there are. */
export interface Known {
  readonly cameraIds: readonly string[];
  /** The cameras of every detector. */
  readonly detectorCameras: ReadonlyMap<string, readonly string[]>;
}

/** @throws OrionError `CONTROL_UNKNOWN_CAMERA` */
export function namedCamera({ cameraIds }: Known, id: string): string {
  if (cameraIds.includes(id)) return id;
  throw unknown("camera", id, cameraIds);
}

/** @throws OrionError `CONTROL_UNKNOWN_DETECTOR` */
export function namedDetector({ detectorCameras }: Known, id: string): string {
  if (detectorCameras.has(id)) return id;
  throw unknown("detector", id, [...detectorCameras.keys()]);
}

/**
 * The configured pairs that a command applies to; null stands for all.
 * @throws OrionError for an unknown camera or detector, or one that is not the other's
 */
export function namedPairs(
  known: Known,
  named: { readonly camera: string | null; readonly detector: string | null },
): Pair[] {
  const camera = named.camera === null ? null : namedCamera(known, named.camera);
  const detector = named.detector === null ? null : namedDetector(known, named.detector);
  const pairs: Pair[] = [];
  for (const [id, cameras] of known.detectorCameras) {
    if (detector !== null && id !== detector) continue;
    for (const each of cameras) {
      if (camera === null || each === camera) pairs.push({ camera: each, detector: id });
    }
  }
  if (pairs.length > 0 || camera === null || detector === null) return pairs;
  throw noPair(camera, detector);
}
