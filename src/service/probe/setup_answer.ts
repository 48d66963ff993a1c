/** What is answered to those who add a camera. */
import { Buffer } from "node:buffer";
import { cameraLines } from "../../config/camera_lines.ts";
import type { Settings } from "../../config/settings.ts";
import { type CameraUrl, displayUrl } from "../../config/urls.ts";
import type { Endpoint } from "../../core/endpoint.ts";
import type { ErrorData } from "../../core/errors.ts";
import { grantRemedy } from "../../core/missing_grant.ts";
import type { FromProbe, ProbeResult } from "../../core/probe_types.ts";
import type { SetupJson } from "../../health/probe_route.ts";
import type { Refusal } from "../../health/refusal.ts";
import { missingFlags, type MissingPermission } from "../../permissions/missing.ts";

/** A camera that is looked at. */
export interface NewCameraUrl {
  readonly url: CameraUrl;
  readonly endpoint: Endpoint;
  /** null: any that is free. */
  readonly id: string | null;
}

/** What came of it. */
export type Found =
  | Pick<FromProbe, "result" | "picture">
  | { readonly problem: ErrorData }
  | { readonly missing: readonly MissingPermission[] };

export type KnownSettings = Pick<Settings, "cameras" | "detectors" | "path">;

/** A detector for a configuration that has none of its own. */
const DETECTORS = `detectors:
  - id: person
    model: builtin:person
    rateHz: 5
    classes: [person]
`;

/** The address as it may be shown. */
export function shownAddress({ url, endpoint }: NewCameraUrl): string {
  return displayUrl(url.kind, endpoint);
}

/** The answer about a camera. @param isCompiled  whether this is the compiled program */
export function setupJson(
  camera: NewCameraUrl,
  found: Found,
  { settings, isCompiled }: { readonly settings: KnownSettings; readonly isCompiled: boolean },
): SetupJson {
  const orion = isCompiled ? "orion" : "deno task";
  const isPermitted = !("missing" in found);
  const stream = "result" in found ? found.result : null;
  const { yaml, variable } = cameraLines({
    url: camera.url,
    id: camera.id ?? freeId(settings),
    comment: stream === null ? null : streamText(stream),
  });
  const problem = "problem" in found
    ? found.problem
    : isPermitted
    ? null
    : notGranted(camera, found.missing, isCompiled);
  return {
    schema: "orion.setup/1",
    address: shownAddress(camera),
    stream,
    picture: "result" in found ? Buffer.from(found.picture).toString("base64") : null,
    problem: problem === null
      ? null
      : { code: problem.code, message: problem.message, remedy: problem.remedy },
    flags: isPermitted ? [] : missingFlags(found.missing),
    // Without a file it is the demo that runs, of which nothing stays.
    yaml: settings.path === null ? `cameras:\n${yaml}${DETECTORS}` : yaml,
    variable,
    file: settings.path,
    commands: { probe: `${orion} probe -`, check: `${orion} check`, run: `${orion} run` },
  };
}

/** The stream in a few words. */
function streamText({ codec, width, height, fps, keyframeIntervalSeconds }: ProbeResult): string {
  const parts = [
    `${codec} ${width}x${height}`,
    ...fps === null ? [] : [`${fps} pictures a second`],
    ...keyframeIntervalSeconds === null ? [] : [`a keyframe every ${keyframeIntervalSeconds} s`],
  ];
  return parts.join(", ");
}

function freeId({ cameras }: KnownSettings): string {
  const taken = new Set(cameras.map(({ id }) => id));
  let number = 1;
  while (taken.has(`camera-${number}`)) number++;
  return `camera-${number}`;
}

function notGranted(
  camera: NewCameraUrl,
  missing: readonly MissingPermission[],
  isCompiled: boolean,
): ErrorData {
  const flags = missingFlags(missing).join(" ");
  return {
    code: "PERMISSIONS",
    message: `Cannot look at ${shownAddress(camera)}: this process may connect to the configured ` +
      "addresses alone",
    retryable: false,
    remedy: isCompiled
      ? missing.map(({ kind, values }) => grantRemedy(kind, values, isCompiled)).join(" ")
      : `It lacks ${flags}: the start with these lines grants it.`,
  };
}

/** Refuses an address. Neither text quotes it. */
export function badAddress(found: { readonly message: string; readonly remedy: string }): Refusal {
  return {
    status: 422,
    code: "PROBE_ADDRESS",
    error: `Cannot look at this address: ${found.message}`,
    remedy: found.remedy,
  };
}

export const NOT_A_CAMERA = {
  message: "it is no camera's",
  remedy: "Write rtsp://host:554/path or rtsps://host:322/path.",
};

export const PROBE_BUSY: Refusal = {
  status: 429,
  code: "PROBE_BUSY",
  error: "another address is being looked at",
  remedy: "Wait for its answer, which takes half a minute at most.",
};

export const PROBE_TOO_OFTEN: Refusal = {
  status: 429,
  code: "PROBE_TOO_OFTEN",
  error: "too many addresses were looked at",
  remedy: "Wait ten seconds.",
};

export const PROBE_STOPPING: Refusal = {
  status: 503,
  code: "PROBE_STOPPING",
  error: "Orion is shutting down",
  remedy: "Send it again after the restart.",
};
