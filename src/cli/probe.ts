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
import type { Grant } from "../permissions/grant.ts";
import { missingFrom, PermissionsError } from "../permissions/missing.ts";
import { locateLibav } from "../libav/locate.ts";
import type { ProbeRequest } from "../service/probe/probe.ts";
import type { Invocation, ProbeOptions } from "./args.ts";
import type { Host } from "./host.ts";
import { probeUrl, variableOf } from "./probe_address.ts";
import { probeGrant } from "./probe_grant.ts";

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
  requireGranted(probeGrant(url, args, host, variableOf(args.address)), "probe", host);
  try {
    const result = await openOnce({ url, camera: parsed.value, options: args }, host);
    host.out(args.json ? `${JSON.stringify(result, null, 2)}\n` : text(result));
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof OrionError)) throw error;
    throw withoutSecrets(error, { camera: parsed.value }, optionFor(error, args));
  }
}

/** A stream to open, and how. */
export interface Opened {
  readonly url: string;
  readonly camera: CameraUrl;
  readonly options: ProbeOptions;
}

/**
 * Opens a stream and reads its properties.
 * @throws {OrionError} when it cannot be opened; its texts may hold what {@link withoutSecrets} removes
 */
export async function openOnce(opened: Opened, host: Host): Promise<ProbeResult> {
  const { probe } = await import("../service/probe/probe.ts");
  return await probe(requestOf(opened, host));
}

/** @throws {PermissionsError} with every permission that a command needs and the process lacks */
export function requireGranted(grant: Grant, command: string, host: Host): void {
  const missing = missingFrom(grant, (kind, value) => host.isGranted(kind, value));
  if (missing.length === 0) return;
  throw new PermissionsError(missing.map((one) => ({ ...one, key: command })));
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

function requestOf({ url, camera, options }: Opened, host: Host): ProbeRequest {
  const { demuxer, transport, track, fingerprint, insecure } = options;
  const { kind, file: named } = camera;
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

/** The option of `probe` that helps against an error, as a sentence; "" where none does. */
function optionFor(error: OrionError, { transport }: ProbeOptions): string {
  const fingerprint = fingerprintIn(error);
  if (fingerprint !== null) {
    return ` To probe it anyway: --fingerprint sha256:${fingerprint}, or --insecure.`;
  }
  if (error.code !== "STREAM_TRANSPORT") return "";
  return ` To probe it: --transport ${transport === "tcp" ? "udp" : "tcp"}.`;
}

/** The SHA-256 of the certificate that an error is about, as hexadecimal digits; or null. */
export function fingerprintIn(error: OrionError): string | null {
  const fingerprint = "fingerprint" in error ? error.fingerprint : null;
  return typeof fingerprint === "string" ? fingerprint : null;
}

/** The same error without the secrets of an address, and a sentence more in its remedy. */
export function withoutSecrets(
  error: OrionError,
  { camera }: Pick<Opened, "camera">,
  hint = "",
): OrionError {
  const redactor = redactorOf(camera);
  const { code, message, retryable, remedy } = error.toData();
  return new OrionError({
    code,
    retryable,
    message: redactor.text(message),
    remedy: redactor.text(remedy + hint),
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
