/** `orion probe URL`: prints what a camera sends, before it is configured. */
import { resolve } from "node:path";
import type { TrackInfo } from "../core/camera_types.ts";
import { systemClock } from "../core/clock.ts";
import { OrionError, UsageError } from "../core/errors.ts";
import { EXIT } from "../core/exit.ts";
import type { ProbeResult } from "../core/probe_types.ts";
import { cameraProblems } from "../config/camera_checks.ts";
import { PROBE_UDP_PORTS } from "../config/settings.ts";
import { type CameraUrl, parseCameraUrl, redactorOf } from "../config/urls.ts";
import { type IsGranted, missingFrom, PermissionsError } from "../permissions/missing.ts";
import { locateLibav } from "../libav/locate.ts";
import type { ProbeRequest } from "../service/probe/probe.ts";
import type { Invocation } from "./args.ts";
import type { Host } from "./host.ts";
import { probeGrant } from "./permissions.ts";
import { probeUrl } from "./probe_address.ts";

type ProbeArgs = Extract<Invocation, { command: "probe" }>;

/** The bundled clip that `demo:` stands for. */
const DEMO_CLIP = "assets/demo.mp4";

/**
 * Opens the stream and prints its properties.
 * @throws {OrionError} when it cannot be opened; without credentials
 */
export async function runProbe(args: ProbeArgs, host: Host): Promise<number> {
  const url = probeUrl(args.address, host);
  const parsed = parseCameraUrl(url);
  if (!parsed.ok) {
    throw new UsageError(`Cannot probe this address: ${parsed.message}`, parsed.remedy);
  }
  checkOptions(url, args);
  requireGrant(url, args, host);
  const request = requestOf(url, args, parsed.value, host);
  const { probe } = await import("../service/probe/probe.ts");
  try {
    const result = await probe(request);
    host.out(args.json ? `${JSON.stringify(result, null, 2)}\n` : text(result));
    return EXIT.done;
  } catch (error) {
    throw error instanceof OrionError ? explained(error, args, parsed.value) : error;
  }
}

/** @throws {PermissionsError} with every permission that this address needs and the process lacks */
function requireGrant(url: string, args: ProbeArgs, host: Host): void {
  const has: IsGranted = (kind, value) => host.isGranted(kind, value);
  const missing = missingFrom(probeGrant(url, args, host), has).map((one) => ({
    ...one,
    key: "probe",
  }));
  if (missing.length > 0) throw new PermissionsError(missing);
}

/** @throws {UsageError} when an option contradicts the address, as the same key of a camera would */
function checkOptions(
  url: string,
  { transport, demuxer, track, fingerprint, insecure }: ProbeArgs,
): void {
  const camera = {
    url,
    insecure,
    transport,
    ...(demuxer === "orion" ? {} : { demuxer }),
    ...(track === null ? {} : { track }),
    ...(fingerprint === null ? {} : { fingerprint }),
  };
  const [problem] = cameraProblems({ cameras: [camera] });
  if (problem === undefined) return;
  const option = `--${problem.at.at(-1)}`;
  throw new UsageError(`${option}: ${problem.message}`, `Remove ${option}.`);
}

function requestOf(
  url: string,
  args: ProbeArgs,
  { kind, file: named }: CameraUrl,
  host: Host,
): ProbeRequest {
  const { demuxer, transport, track, fingerprint, insecure } = args;
  const file = kind === "demo"
    ? `${host.root}/${DEMO_CLIP}`
    : named === null
    ? null
    : resolve(host.folder, named);
  return {
    ...{ file, demuxer, transport, track },
    url: file === null ? url : `file:${file}`,
    tls: { ca: null, fingerprint, insecure },
    udpPorts: transport === "tcp" ? null : PROBE_UDP_PORTS,
    libraries: locateLibav(),
    clock: systemClock,
    random: Math.random,
  };
}

/** The same error with the option of `probe` that helps, and without the address's secrets. */
function explained(
  error: OrionError,
  { transport }: ProbeArgs,
  parsed: CameraUrl,
): OrionError {
  const redactor = redactorOf(parsed);
  const { code, message, retryable, remedy } = error.toData();
  const fingerprint = "fingerprint" in error ? error.fingerprint : null;
  const option = typeof fingerprint === "string"
    ? ` To probe it anyway: --fingerprint sha256:${fingerprint}, or --insecure.`
    : code === "STREAM_TRANSPORT"
    ? ` To probe it: --transport ${transport === "tcp" ? "udp" : "tcp"}.`
    : "";
  return new OrionError({
    code,
    retryable,
    message: redactor.text(message),
    remedy: redactor.text(remedy + option),
  }, { cause: error });
}

function text(result: ProbeResult): string {
  const { track, tracks, fingerprint } = result;
  const known = (value: number | null, unit: string) =>
    value === null ? "unknown" : `${value}${unit}`;
  const rows: (readonly [string, string])[] = [
    ["codec", result.codec],
    ["size", `${result.width}x${result.height}, ${result.pixelFormat}${codedText(result)}`],
    ["frame rate", known(result.fps, " a second")],
    ["keyframes", known(result.keyframeIntervalSeconds, " s apart")],
    ["transport", result.transport],
  ];
  if (track !== null) {
    const others = tracks.filter(({ index }) => index !== track.index).map(trackText);
    const rest = others.length === 0 ? "" : ` (others: ${others.join(", ")})`;
    rows.push(["track", trackText(track) + rest]);
  }
  if (fingerprint !== null) rows.push(["fingerprint", fingerprint]);
  rows.push(["decoders", `${result.decoders.join(", ")} (FFmpeg ${result.libav})`]);
  return rows.map(([name, value]) => `${`${name}:`.padEnd(13)}${value}\n`).join("");
}

/** How a coded frame is transformed for display; "" when it is not. */
function codedText(result: ProbeResult): string {
  const { codedWidth, codedHeight, rotation, mirrored, sampleAspectRatio } = result;
  const steps = [
    ...mirrored ? ["mirrored"] : [],
    ...rotation === 0 ? [] : [`rotated by ${rotation} degrees`],
    ...sampleAspectRatio === 1 ? [] : [`pixels ${sampleAspectRatio}:1`],
  ];
  return steps.length === 0 ? "" : ` (coded ${codedWidth}x${codedHeight}, ${steps.join(", ")})`;
}

function trackText({ index, kind, encoding }: TrackInfo): string {
  return encoding === null ? `${index} ${kind}` : `${index} ${kind} ${encoding}`;
}
