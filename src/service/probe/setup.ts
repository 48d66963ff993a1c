/** Looks at cameras that are not configured yet, for those who add them. */
import type { Settings } from "../../config/settings.ts";
import { parseCameraUrl, redactorOf } from "../../config/urls.ts";
import type { Clock } from "../../core/clock.ts";
import { type ErrorData, errorData, OrionError, StreamError } from "../../core/errors.ts";
import { type Log, logTo } from "../../core/log.ts";
import type { FromProbe, ToProbe } from "../../core/probe_types.ts";
import { TokenBucket } from "../../core/token_bucket.ts";
import type { SetupJson, SetupRequest } from "../../health/probe_route.ts";
import type { Refusal } from "../../health/refusal.ts";
import { captureConfinement } from "../../permissions/confinement.ts";
import { type Grant, workerPermissions } from "../../permissions/grant.ts";
import { captureGrant } from "../../permissions/manifest.ts";
import { type IsGranted, missingFrom } from "../../permissions/missing.ts";
import type { Places } from "../../permissions/places.ts";
import {
  type AbandonedThreads,
  MAX_ABANDONED_PER_WORKER,
} from "../supervision/abandoned_threads.ts";
import type { WorkerEntries } from "../workers/entries.ts";
import { type Spawn, spawner } from "../workers/worker_handle.ts";
import {
  badAddress,
  type Found,
  type KnownSettings,
  type NewCameraUrl,
  NOT_A_CAMERA,
  PROBE_BUSY,
  PROBE_STOPPING,
  PROBE_TOO_OFTEN,
  setupJson,
  shownAddress,
} from "./setup_answer.ts";

/** How many cameras may be looked at one right after the other, and how often one more. */
export const PROBE_BURST = 5;
export const PROBES_PER_SECOND = 0.1;
/** A thread that has not answered by then is ended; its own limits are shorter. */
export const PROBE_LIMIT_MS = 40_000;

/** The name of the thread. */
const THREAD = "probe";

/** Every camera that is looked at is read by Orion's own client over TCP. */
const STREAM = {
  demuxer: "orion",
  file: null,
  allowRedirect: [],
  udpPorts: null,
  decoder: "auto",
} as const;

export interface CameraSetupParts {
  readonly settings: KnownSettings & Pick<Settings, "confinement">;
  readonly places: Places;
  /** Starts the thread of one probe, with these permissions and no others. */
  readonly spawn: (grant: Grant) => Spawn<ToProbe, FromProbe>;
  /** The number of such threads that were terminated and have not ended. */
  readonly abandoned: () => number;
  /** Whether this process has a permission. */
  readonly isGranted: IsGranted;
  readonly isCompiled: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** Starts real threads. What goes wrong in them is in the answer, not in the log. */
function probeThreads(
  entry: URL,
  threads: AbandonedThreads,
): Pick<CameraSetupParts, "spawn" | "abandoned"> {
  const log = logTo(() => undefined);
  return {
    spawn: (grant) => spawner({ entry, permissions: workerPermissions(grant), log, threads }),
    abandoned: () => threads.of(THREAD),
  };
}

/** The look at cameras of a running service, whose configuration may change. */
export function cameraSetup(
  options: Omit<CameraSetupParts, "settings" | "spawn" | "abandoned"> & {
    readonly entries: WorkerEntries;
  },
  { fleet, threads }: {
    readonly fleet: { readonly settings: CameraSetupParts["settings"] };
    readonly threads: AbandonedThreads;
  },
): CameraSetup {
  return new CameraSetup({
    ...options,
    get settings() {
      return fleet.settings;
    },
    ...probeThreads(options.entries.probe, threads),
  });
}

/**
 * Opens a camera's stream in a thread that may connect to that camera and to nothing else, as far as this
 * process may connect to it; says what is missing if it may not. Either way it writes the lines of the
 * configuration that add the camera. One at a time.
 */
export class CameraSetup {
  readonly #parts: CameraSetupParts;
  readonly #tokens: TokenBucket;
  /** Ends the probe that runs. */
  #end: ((error: ErrorData) => void) | null = null;
  #isClosed = false;

  constructor(parts: CameraSetupParts) {
    this.#parts = parts;
    const size = { burst: PROBE_BURST, perSecond: PROBES_PER_SECOND };
    this.#tokens = new TokenBucket(parts.clock, size);
  }

  /** Never rejects because of the camera. */
  async look({ url: text, id }: SetupRequest): Promise<SetupJson | Refusal> {
    const parsed = parseCameraUrl(text);
    if (!parsed.ok) return badAddress(parsed);
    const { endpoint } = parsed.value;
    if (endpoint === null) return badAddress(NOT_A_CAMERA);
    const refusal = this.#refusal();
    if (refusal !== null) return refusal;
    const camera = { url: parsed.value, endpoint, id };
    return setupJson(camera, await this.#find(camera), this.#parts);
  }

  /** Ends the probe that runs, and refuses further ones. */
  close(): void {
    this.#isClosed = true;
    this.#end?.(STOPPED);
  }

  #refusal(): Refusal | null {
    if (this.#isClosed) return PROBE_STOPPING;
    const hangs = this.#parts.abandoned() >= MAX_ABANDONED_PER_WORKER;
    if (hangs || this.#end !== null) return PROBE_BUSY;
    return this.#tokens.take() ? null : PROBE_TOO_OFTEN;
  }

  async #find(camera: NewCameraUrl): Promise<Found> {
    const { places, isGranted, log } = this.#parts;
    const grant = captureGrant({ ...STREAM, endpoint: camera.endpoint }, places.libav);
    const missing = missingFrom(grant, isGranted);
    if (missing.length > 0) return { missing };
    const url = shownAddress(camera);
    try {
      const found = await this.#probe(camera, grant);
      log.info("stream.probed", { url, codec: found.result.codec });
      return found;
    } catch (error) {
      if (!(error instanceof OrionError)) throw error;
      const problem = redactorOf(camera.url).error(errorData(error));
      log.info("stream.probe_failed", { url, code: problem.code, message: problem.message });
      return { problem };
    }
  }

  /** @throws {OrionError} why there is no picture */
  async #probe({ url, endpoint }: NewCameraUrl, grant: Grant): Promise<FromProbe> {
    const { spawn, places, settings, clock } = this.#parts;
    const { landlock } = settings.confinement;
    const ended = Promise.withResolvers<FromProbe>();
    const end = (error: ErrorData) => ended.reject(new StreamError(error));
    this.#end = end;
    const handle = spawn(grant)({ name: THREAD, onMessage: ended.resolve, onFailed: end });
    const cancel = clock.after(PROBE_LIMIT_MS, () => end(LATE));
    const library = places.libav.avutil;
    const confinement = landlock === "off"
      ? null
      : captureConfinement({ ...STREAM, endpoint }, { required: landlock === "required", library });
    try {
      handle.post({ kind: "probe", url: url.text, libraries: places.libav, confinement });
      return await ended.promise;
    } finally {
      cancel();
      this.#end = null;
      handle.terminate();
    }
  }
}

const LATE: ErrorData = {
  code: "STREAM_TIMEOUT",
  message: `Cannot look at the camera: there was no picture after ${PROBE_LIMIT_MS / 1000} s`,
  retryable: true,
  remedy: "Check that the camera is reachable from here, and that it streams.",
};

const STOPPED: ErrorData = {
  code: "STREAM_TIMEOUT",
  message: "Cannot look at the camera: Orion is shutting down",
  retryable: true,
  remedy: "Look again after the restart.",
};
