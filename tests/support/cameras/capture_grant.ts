/** The permissions and the confinement of a camera's worker. */
import type { CameraSource, LibavPaths } from "../../../src/core/camera_types.ts";
import type { ConfinedStream } from "../../../src/permissions/confinement.ts";
import { workerPermissions } from "../../../src/permissions/grant.ts";
import { captureGrant, type StreamAccess } from "../../../src/permissions/manifest.ts";
import { parseRtspUrl } from "../../../src/rtsp/protocol/url.ts";

/** What the manifest grants the worker of such a camera. */
export function permissionsOf(source: CameraSource, libraries: LibavPaths) {
  return workerPermissions(captureGrant(streamOf(source), libraries));
}

/** The settings of a camera that its permissions are computed from. */
export function streamOf(source: CameraSource): StreamAccess & ConfinedStream {
  const camera = parseRtspUrl(source.url);
  return {
    ...source,
    demuxer: source.file === null ? source.demuxer : "libav",
    endpoint: camera === null ? null : { hostname: camera.hostname, port: camera.port },
  };
}
