/** `orion probe URL`: what a camera sends, before it is configured. */
import { resolve } from "node:path";
import type { TrackInfo } from "../core/camera_types.ts";
import { systemClock } from "../core/clock.ts";
import { OrionError, UsageError } from "../core/errors.ts";
import { EXIT } from "../core/exit.ts";
import { Redactor } from "../core/redact.ts";
import { cameraProblems } from "../config/camera_checks.ts";
import { PROBE_UDP_PORTS } from "../config/settings.ts";
import { type CameraUrl, parseCameraUrl, querySecrets } from "../config/urls.ts";
import { type IsGranted, lacksOf, PermissionsError } from "../permissions/lacks.ts";
import { locateLibav } from "../libav/locate.ts";
import type { ProbeRequest, ProbeResult } from "../service/probe/probe.ts";
import type { Invocation } from "./args.ts";
import type { Host } from "./host.ts";
import { probeGrant } from "./permissions.ts";
import { probeUrl } from "./probe_address.ts";

type ProbeArgs = Extract<Invocation, { command: "probe" }>;

/** The bundled clip that `demo:` stands for. */
const DEMO_CLIP = "assets/demo.mp4";

/**
 * Opens the stream and prints what is known of it.
 * @throws {OrionError} why it cannot be opened; without a credential
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
    throw error instanceof OrionError ? explained(error, { url, ...args }, parsed.value) : error;
  }
}

/** @throws {PermissionsError} with what the process needs for this address and has not */
function requireGrant(url: string, args: ProbeArgs, host: Host): void {
  const has: IsGranted = (kind, value) => host.isGranted(kind, value);
  const lacks = lacksOf(probeGrant(url, args, host), has).map((lack) => ({
    ...lack,
    key: "probe",
  }));
  if (lacks.length > 0) throw new PermissionsError(lacks);
}

/** @throws {UsageError} when an option does not go with the address, as the same key of a camera */
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
  throw new UsageError(`${option}: ${problem.message}`, `Leave out ${option}.`);
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

/** The same error with what can be done on the command line, and without the address's secrets. */
function explained(
  error: OrionError,
  { url, transport }: ProbeArgs & { readonly url: string },
  parsed: CameraUrl,
): OrionError {
  const { password, rest } = parsed;
  const redactor = new Redactor([password ?? "", rest, ...querySecrets(url)]);
  const { code, message, retryable, remedy } = error.toData();
  const fingerprint = "fingerprint" in error ? error.fingerprint : null;
  const option = typeof fingerprint === "string"
    ? ` To probe it all the same: --fingerprint sha256:${fingerprint}, or --insecure.`
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
    value === null ? "not known" : `${value}${unit}`;
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

/** What a coded picture goes through to be shown; "" for nothing. */
function codedText(result: ProbeResult): string {
  const { codedWidth, codedHeight, rotation, mirrored, sampleAspectRatio } = result;
  const steps = [
    ...mirrored ? ["mirrored"] : [],
    ...rotation === 0 ? [] : [`turned by ${rotation} degrees`],
    ...sampleAspectRatio === 1 ? [] : [`pixels ${sampleAspectRatio}:1`],
  ];
  return steps.length === 0 ? "" : ` (coded ${codedWidth}x${codedHeight}, ${steps.join(", ")})`;
}

function trackText({ index, kind, encoding }: TrackInfo): string {
  return encoding === null ? `${index} ${kind}` : `${index} ${kind} ${encoding}`;
}
