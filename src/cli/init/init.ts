/** `orion init`: prints a configuration, commented with what its cameras send. */
import { resolve } from "node:path";
import { expandEnvironment } from "../../config/environment.ts";
import { DEFAULT_DETECTORS } from "../../config/schema.ts";
import { parseCameraUrl } from "../../config/urls.ts";
import { OrionError, UsageError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit.ts";
import type { ProbeResult } from "../../core/probe_types.ts";
import type { Host } from "../host.ts";
import { fingerprintIn, type Opened, openOnce, requireGranted, withoutSecrets } from "../probe.ts";
import { type Address, parseAddresses, readAddresses } from "./addresses.ts";
import { type CameraDraft, configText } from "./draft.ts";
import { fromFrigate } from "./frigate.ts";
import { DEFAULT_OPTIONS, fileGrant, type InitArgs, probesGrant } from "./grant.ts";
import { subStreamOf } from "./substream.ts";

/** How many cameras are open at once. */
const MAX_OPEN = 8;

/** Larger pictures cost decoding that a detector's input does not use. */
const LARGE_PIXELS = 1280 * 960;

/** Keyframes further apart than this make Orion decode more: see `docs/streams.md`. */
const SPARSE_KEYFRAME_SECONDS = 4.5;

/** The configuration of an invocation that names no camera. */
const EXAMPLE: CameraDraft = {
  id: "demo",
  url: "demo:",
  keys: {},
  notes: [
    "The bundled clip. A camera's url is like rtsp://viewer:${GATE_PASSWORD}@192.0.2.10/stream1;",
    '"orion init URL…" writes it and looks what the camera sends.',
  ],
  suggested: [],
};

/** What a camera sends, or why it could not be opened. */
type Seen = { readonly result: ProbeResult } | { readonly error: OrionError };

/** Where the JSON Schema of the configuration is. */
function schemaOf({ root }: Host): string {
  return `${root}/schema/orion.schema.json`;
}

/**
 * Prints the configuration.
 * @throws {OrionError} for addresses or a file that none can be made of
 */
export async function runInit(args: InitArgs, host: Host): Promise<number> {
  if (args.from.kind === "frigate") {
    const path = resolve(host.folder, args.from.file);
    requireGranted(fileGrant(args.from.file, host), "init", host);
    host.out(configText(fromFrigate(path, host), schemaOf(host)));
    return EXIT.done;
  }
  const addresses = parseAddresses(readAddresses(args.from, host));
  const seen = args.offline ? [] : await seeAll(addresses, host);
  const cameras = addresses.map((address, index) => cameraDraft(address, seen[index]));
  host.out(configText({
    notes: [],
    variables: addresses.flatMap(({ id, variables }) =>
      variables.map((name) => ({ name, meaning: `for ${id}` }))
    ).filter(({ name }, index, all) => all.findIndex((each) => each.name === name) === index),
    cameras: cameras.length === 0 ? [EXAMPLE] : cameras,
    detectors: DEFAULT_DETECTORS.map((detector) => ({ ...detector, cameras: null })),
    mqtt: null,
  }, schemaOf(host)));
  return EXIT.done;
}

/** Opens every camera once. */
async function seeAll(addresses: readonly Address[], host: Host): Promise<Seen[]> {
  requireGranted(probesGrant(addresses, host), "init", host);
  const streams = addresses.map((address, index) => streamOf(address, index, host));
  if (host.isInteractive && streams.length > 0) {
    host.err(`Opening ${streams.length === 1 ? "the camera" : `${streams.length} cameras`}…\n`);
  }
  const seen: Seen[] = [];
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < streams.length; index = next++) {
      const stream = streams[index];
      if (stream !== undefined) seen[index] = await see(stream, host);
    }
  };
  await Promise.all(Array.from({ length: MAX_OPEN }, lane));
  for (const [index, one] of seen.entries()) {
    if ("error" in one) host.err(`warning: ${addresses[index]?.id}: ${one.error.message}\n`);
  }
  return seen;
}

/** The stream of an address, with the values of its variables. */
function streamOf({ given }: Address, index: number, host: Host): Opened {
  const { value, problems: [problem] } = expandEnvironment(
    given,
    (name) => host.env(name),
    (name) => host.isGranted("env", name),
  );
  const place = `Address ${index + 1}`;
  if (problem !== undefined) {
    throw new UsageError(`${place}: ${problem.message}`, `${problem.remedy} Or use --offline.`);
  }
  const url = String(value);
  const parsed = parseCameraUrl(url);
  if (parsed.ok) return { url, camera: parsed.value, options: DEFAULT_OPTIONS };
  throw new UsageError(`${place} with its variables: ${parsed.message}`, parsed.remedy);
}

async function see(stream: Opened, host: Host): Promise<Seen> {
  try {
    return { result: await openOnce(stream, host) };
  } catch (error) {
    if (!(error instanceof OrionError)) throw error;
    return { error: withoutSecrets(error, stream) };
  }
}

function cameraDraft({ id, written }: Address, seen: Seen | undefined): CameraDraft {
  const draft = { id, url: written, keys: {}, notes: [], suggested: [] };
  if (seen === undefined) return draft;
  if ("result" in seen) return { ...draft, notes: seenNotes(seen.result, written) };
  const { error } = seen;
  const original = error.cause instanceof OrionError ? error.cause : error;
  const fingerprint = fingerprintIn(original);
  return {
    ...draft,
    keys: error.code === "STREAM_TRANSPORT" && written.startsWith("rtsp:")
      ? { transport: "udp" }
      : {},
    notes: [`Could not be opened: ${error.message}.`, `→ ${error.remedy}`],
    suggested: fingerprint === null ? [] : [`fingerprint: "sha256:${fingerprint}"`],
  };
}

/** What a camera sends, and what of it costs more than it has to. */
function seenNotes(result: ProbeResult, url: string): string[] {
  const { codec, width, height, fps, keyframeIntervalSeconds: interval, transport } = result;
  const notes = [
    [
      `${codec}, ${width}x${height}`,
      fps === null ? "unknown rate" : `${fps} frames a second`,
      ...interval === null ? [] : [`a keyframe every ${interval} s`],
      ...transport === "file" ? [] : [`over ${transport}`],
    ].join(", "),
  ];
  if (width * height > LARGE_PIXELS) {
    const sub = subStreamOf(url);
    notes.push(
      "Larger than a detector needs: the camera's sub-stream costs less. See docs/cameras.md" +
        (sub === null ? "" : "; it may be"),
      ...sub === null ? [] : [`  ${sub}`],
    );
  }
  if (interval !== null && interval > SPARSE_KEYFRAME_SECONDS) {
    notes.push("Few keyframes: with one every 1 or 2 s, Orion can skip more. See docs/streams.md");
  }
  return notes;
}
