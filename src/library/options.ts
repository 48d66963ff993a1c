/** What a program may ask of the library, checked before anything is opened. */
import type { CameraSource, LibavPaths } from "../core/camera_types.ts";
import { OrionError } from "../core/errors.ts";
import { MAX_INPUT_SIDE_PX, MIN_INPUT_SIDE_PX } from "../core/model_input.ts";
import { certificatesIn } from "../core/pem.ts";
import { parseFingerprint } from "../config/fingerprint.ts";
import { type CameraUrl, parseCameraUrl } from "../config/urls.ts";
import { MAX_UNIT_BYTES } from "../rtsp/limits.ts";
import { DEFAULT_MAX_PIXELS } from "../stream/bounds/limits.ts";
import { resolve } from "node:path";

/** A call of the library that cannot be carried out: `code` says why, `remedy` what to change. */
export class FramesError extends OrionError {
  /** The name of the class. */
  override readonly name = "FramesError";
}

/** How the certificate of an `rtsps:` camera is verified. */
export interface FramesTls {
  /** PEM of the authorities to trust in place of the system's. */
  readonly ca?: string;
  /** The only certificate to accept: `sha256:` and 64 hexadecimal digits, as `orion probe` prints it. */
  readonly fingerprint?: string;
}

/** How a stream is read. */
export interface FramesOptions {
  /** Frames a second at most. Default: each time the newest that there is. */
  readonly rateHz?: number;
  /** Plays a file again and again. Default: false. */
  readonly loop?: boolean;
  /** Clockwise, on top of the stream's own rotation. Default: 0. */
  readonly rotate?: 0 | 90 | 180 | 270;
  /** No usable frame for so long ends the connection. Default: 10 000. */
  readonly stallTimeoutMs?: number;
  /** Pictures of more pixels, width × height, are refused. Default: 8K. */
  readonly maxPixels?: number;
  /** For `rtsps:`. Default: by host name and the system's authorities. */
  readonly tls?: FramesTls;
  /**
   * Connects again when the connection ends, after a delay that grows to 10 seconds, and gets why it ended.
   * Default: the loop ends with that error.
   */
  readonly reconnect?: (reason: OrionError) => void;
  /** Ends the loop from outside, as the end of a file does. */
  readonly signal?: AbortSignal;
  /** libav's libraries. Default: {@link locateLibav} looks for them, which needs permission to read. */
  readonly libraries?: LibavPaths;
}

/** The default of `camera.stallTimeoutSeconds` and `camera.reconnectMaxSeconds`, which bounds both. */
const DEFAULT_TIMEOUT_MS = 10_000;
/** The bounds of `stallTimeoutMs`, as of the configuration. */
const TIMEOUTS_MS = { least: 1000, most: 3_600_000 } as const;
/** What `rotate` may be, also in programs that no compiler checks. */
const TURNS = [0, 90, 180, 270];
/** The fastest that frames are asked for. */
const MAX_RATE_HZ = 1000;

/**
 * The settings of the stream.
 * @throws {FramesError} `FRAMES_URL`, `FRAMES_OPTION`
 */
export function sourceOf(url: string, options: FramesOptions): CameraSource {
  const { text, file } = parsed(url);
  const { rateHz, stallTimeoutMs = DEFAULT_TIMEOUT_MS, maxPixels = DEFAULT_MAX_PIXELS } = options;
  const { rotate = 0 } = options;
  if (rateHz !== undefined) within("rateHz", rateHz, { above: 0, most: MAX_RATE_HZ });
  within("stallTimeoutMs", stallTimeoutMs, TIMEOUTS_MS);
  within("maxPixels", maxPixels, { above: 0, most: 2 * DEFAULT_MAX_PIXELS });
  if (!TURNS.includes(rotate)) throw wrongOption("rotate", rotate, "0, 90, 180 or 270");
  const path = file === null ? null : resolve(file);
  return {
    camera: "camera",
    url: path ?? text,
    file: path,
    loop: options.loop ?? false,
    ...{ demuxer: "orion", transport: "tcp", track: null, udpPorts: null, allowRedirect: [] },
    tls: options.tls === undefined ? null : tlsOf(options.tls),
    maxUnitBytes: MAX_UNIT_BYTES,
    ...{ maxPixels, stallTimeoutMs, reconnectMaxMs: DEFAULT_TIMEOUT_MS },
    ...{ decoder: "auto", decode: "auto", rotate, aspect: null },
    ...{ roi: null, masks: [], firstSeq: 0 },
  };
}

function tlsOf({ ca, fingerprint }: FramesTls): NonNullable<CameraSource["tls"]> {
  if (ca !== undefined && !certificatesIn(ca)?.length) {
    throw new FramesError({
      code: "FRAMES_OPTION",
      message:
        "Cannot use tls.ca: it holds no certificate as PEM, or one that cannot be understood",
      retryable: false,
      remedy: "Set it to the text of a PEM file with -----BEGIN CERTIFICATE----- in it.",
    });
  }
  const settings = { ca: ca ?? null, fingerprint: null, insecure: false };
  if (fingerprint === undefined) return settings;
  const found = parseFingerprint(fingerprint);
  if (found.ok) return { ...settings, fingerprint: found.value };
  throw new FramesError({
    code: "FRAMES_OPTION",
    message: `Cannot use tls.fingerprint: it ${found.message}`,
    retryable: false,
    remedy: found.remedy,
  });
}

/** Checks one side of a tensor. @throws {FramesError} `FRAMES_OPTION` */
export function checkedSide(name: string, px: number): number {
  if (Number.isInteger(px)) {
    return within(name, px, { least: MIN_INPUT_SIDE_PX, most: MAX_INPUT_SIDE_PX });
  }
  throw wrongOption(name, px, "a whole number of pixels");
}

/** Checks that a number is within its bounds. @throws {FramesError} `FRAMES_OPTION` */
export function within(
  name: string,
  value: number,
  bounds: { readonly most: number } & ({ readonly least: number } | { readonly above: number }),
): number {
  const { most } = bounds;
  const isEnough = "least" in bounds ? value >= bounds.least : value > bounds.above;
  if (isEnough && value <= most) return value;
  const from = "least" in bounds ? `from ${bounds.least}` : `above ${bounds.above}`;
  throw wrongOption(name, value, `a number ${from} to ${most}`);
}

function wrongOption(name: string, found: number, expected: string): FramesError {
  return new FramesError({
    code: "FRAMES_OPTION",
    message: `Cannot use ${name}: it is ${found}, expected ${expected}`,
    retryable: false,
    remedy: `Set ${name} to ${expected}, or leave it away.`,
  });
}

function parsed(url: string): Pick<CameraUrl, "text" | "file"> {
  const found = parseCameraUrl(url);
  if (found.ok && found.value.kind !== "demo") return found.value;
  const { message, remedy } = found.ok
    ? { message: "demo: is Orion's own clip", remedy: "Name a camera or a file." }
    : found;
  // The address is not quoted: it may hold a password.
  throw new FramesError({
    code: "FRAMES_URL",
    message: `Cannot read frames from this address: ${message}`,
    retryable: false,
    remedy,
  });
}
