/**
 * The schema of the configuration file: the one source of its types, defaults and bounds, and of the
 * JSON Schema for editors. Checks between keys are in `checks.ts`.
 *
 * The error text of each part is the expected value, as a phrase that completes "Write …".
 */
import { z } from "zod";
import { EXECUTION_PROVIDERS } from "../core/execution_providers.ts";
import { MAX_INPUT_SIDE_PX, MIN_INPUT_SIDE_PX } from "../core/model_input.ts";
import { SNAPSHOT_MODES } from "../core/presence_types.ts";
import {
  canStart,
  endSeconds,
  hasDirection,
  lineList,
  lineShape,
  masks,
  startShape,
  updateSeconds,
  zoneList,
  zoneShape,
} from "../core/scene_schema.ts";
import {
  addProblem,
  fraction,
  FRACTION_TOLERANCE,
  id,
  list,
  number,
  whole,
} from "../core/schema_parts.ts";
import { parseAspect } from "./aspect.ts";
import { parseFingerprint } from "./fingerprint.ts";
import { family, preprocess } from "./model_schema.ts";
import { matching, object, oneOf, parsedBy, path, text } from "./schema_parts.ts";
import { confinement, control, health, mqtt, watchdog } from "./schema_services.ts";
import { parseCameraUrl, parseHost } from "./urls.ts";

/** Bounds of lists, and so of workers and memory. */
export const MAX_CAMERAS = 64;
export const MAX_DETECTORS = 16;
export const MAX_CLASSES = 1000;
export const MAX_REDIRECT_HOSTS = 16;
/** Index of the last media section that is considered. */
const MAX_TRACK = 31;
/** Bounds of `maxUnitBytes`: a keyframe of a small picture, and one of 8K. */
const MIN_UNIT_BYTES = 64 * 1024;
const DEFAULT_UNIT_BYTES = 8 * 1024 * 1024;
const MAX_UNIT_BYTES = 64 * 1024 * 1024;
/** Bounds of `maxPixels`: QVGA, 8K by default, and twice that (H.265 level 6.2 codes 8K). */
const MIN_PIXELS = 320 * 240;
const DEFAULT_PIXELS = 8192 * 4320;
const MAX_PIXELS = 2 * DEFAULT_PIXELS;

const DECODER_NAME = /^[a-z0-9_-]{1,64}$/;

const roi = object({
  x: fraction.describe("Its left edge."),
  y: fraction.describe("Its upper edge."),
  width: fraction.describe("Its width."),
  height: fraction.describe("Its height."),
}).superRefine((box, context) => {
  // Numbers out of bounds are reported by their own schemas.
  if (Object.values(box).some((value) => !(value >= 0 && value <= 1))) return;
  const problem = box.width <= 0 || box.height <= 0
    ? "has no area"
    : box.x + box.width > 1 + FRACTION_TOLERANCE || box.y + box.height > 1 + FRACTION_TOLERANCE
    ? "reaches beyond the frame"
    : null;
  if (problem === null) return;
  const remedy = "Write fractions of the frame: x + width and y + height are at most 1.";
  addProblem(context, { message: problem, remedy });
});

const camera = object({
  id: id.describe("Names the camera in topics, metrics and the dashboard; unique."),
  url: parsedBy(
    "a URL: rtsp://, rtsps://, file:PATH or demo:",
    parseCameraUrl,
  ).describe("rtsp://, rtsps://, file:PATH (from this file's folder) or demo: (the bundled clip)."),
  loop: z.boolean({ error: "true or false" }).default(false)
    .describe("Repeats a file for ever."),
  transport: oneOf(["tcp", "udp", "auto"]).default("tcp")
    .describe("auto: TCP, and UDP where the camera refuses TCP."),
  demuxer: oneOf(["orion", "libav"]).default("orion").describe(
    "orion: Orion's own RTSP, permitted to connect to this camera only; libav: FFmpeg's, whose " +
      "sockets Deno does not limit.",
  ),
  track: z.union([z.literal("auto"), whole(0, MAX_TRACK)], {
    error: `auto or a whole number within 0 and ${MAX_TRACK}`,
  }).default("auto")
    .describe("auto: the largest video track that sends; or a place among the tracks, from 0."),
  ca: path.optional().describe("rtsps: PEM file with the authorities that sign its certificate."),
  fingerprint: parsedBy('a text such as "sha256:…", as probe prints it', parseFingerprint)
    .optional().describe("rtsps: the certificate to accept, sha256: and 64 hexadecimal digits."),
  insecure: z.boolean({ error: "true or false" }).default(false)
    .describe("rtsps: accept any certificate, whichever host answers."),
  allowRedirect: list(
    parsedBy("a host, with or without a port", parseHost),
    `a list of at most ${MAX_REDIRECT_HOSTS} hosts`,
    { min: 0, max: MAX_REDIRECT_HOSTS },
  ).prefault([]).describe("Hosts that the camera may redirect to; they get no credentials."),
  udpPort: whole(1024, 65534).optional().describe(
    "UDP: the first, even one of the two local ports; absent for 61000 and on, two for each camera.",
  ),
  maxUnitBytes: whole(MIN_UNIT_BYTES, MAX_UNIT_BYTES).default(DEFAULT_UNIT_BYTES)
    .describe("Larger access units are dropped."),
  maxPixels: whole(MIN_PIXELS, MAX_PIXELS).default(DEFAULT_PIXELS)
    .describe(
      "Width times height of the largest picture that is decoded; a larger stream is refused.",
    ),
  reconnectMaxSeconds: number(1, 3600).default(10)
    .describe("The longest delay between two connections."),
  decoder: matching(DECODER_NAME, "auto or the name of a libav decoder, such as h264_v4l2m2m")
    .default("auto").describe("auto: libav's own, in software; or the name of another one."),
  decode: oneOf(["auto", "all", "nonref", "keyframes"]).default("auto")
    .describe("How much to decode; auto decodes only what detectors will consume."),
  rotate: z.union([z.literal(0), z.literal(90), z.literal(180), z.literal(270)], {
    error: "0, 90, 180 or 270",
  }).default(0).describe("Degrees clockwise, on top of the rotation that the stream signals."),
  aspect: parsedBy('auto or a shape such as "16:9"', parseAspect).prefault("auto").describe(
    "Width to height of the picture before rotate turns it, for recorders whose pixels are not " +
      "square and that do not signal it; auto: as the stream signals.",
  ),
  roi: roi.optional()
    .describe("The region of the displayed picture to detect in, in fractions of it."),
  masks: masks.default([])
    .describe("Polygons of points [x, y] in fractions, as roi, blacked out before inference."),
  zones: zoneList(object(zoneShape)).default([])
    .describe("Areas; an object is in one where the centre of its bottom edge is."),
  lines: lineList(object(lineShape).superRefine(hasDirection)).default([])
    .describe("Lines whose crossings are published, with their direction."),
  stallTimeoutSeconds: number(1, 3600).default(10)
    .describe("After this time without a frame the camera counts as stalled and is reconnected."),
});

const detectorClass = z.union([
  text("a class name"),
  whole(0, 65535),
], { error: "a class name or number" });

const presence = object({
  start: object({
    frames: startShape.frames.default(2),
    of: startShape.of.default(3),
  }).superRefine(canStart).prefault({}).describe("When a stay starts."),
  endSeconds: endSeconds.default(5),
  updateSeconds: updateSeconds.default(0),
  snapshot: oneOf(SNAPSHOT_MODES).default("none").describe(
    "Whether pictures of stays leave the process: none; crop, of the object; frame, of all.",
  ),
});

const inputSide = whole(MIN_INPUT_SIDE_PX, MAX_INPUT_SIDE_PX);

const detector = object({
  id: id.describe("Names the detector in topics and metrics; unique."),
  model: text("builtin:person or the path of an .onnx file").default("builtin:person")
    .describe(
      "builtin:person, builtin:person-fast, builtin:person-accurate, builtin:person-int8 or the path " +
        "of an .onnx file.",
    ),
  input: z.union([
    z.literal("auto"),
    object({
      width: inputSide.describe("In pixels."),
      height: inputSide.describe("In pixels."),
    }),
  ], {
    error: "auto or { width: PIXELS, height: PIXELS }",
  }).default("auto").describe(
    "The size of the model's input. auto: the model's own; where that is free, by the shape of each " +
      "camera's picture or region.",
  ),
  family,
  preprocess,
  providers: list(oneOf(EXECUTION_PROVIDERS), "a list of execution providers", {
    min: 1,
    max: EXECUTION_PROVIDERS.length,
  }).default(["cpu"]).describe(
    "What computes, the preferred first: openvino, or an execution provider of ONNX Runtime's; cpu " +
      "where none of them can be used.",
  ),
  cameras: list(id, "a list of camera ids", { min: 1, max: MAX_CAMERAS }).optional()
    .describe("Ids of its cameras; absent for all."),
  rateHz: number(0.1, 30).optional().describe("Per camera; absent for unlimited."),
  confidence: fraction.default(0.45).describe("Detections below it are dropped."),
  iou: fraction.default(0.5).describe(
    "Of two boxes of a class that overlap by more, the less confident is dropped.",
  ),
  classes: list(detectorClass, "a list of class names or numbers", { min: 1, max: MAX_CLASSES })
    .optional().describe("Names or numbers; absent for all of the model's."),
  presence: z.union([z.literal(false), presence], {
    error: "false or the keys start, endSeconds, updateSeconds, snapshot",
  }).prefault({}).describe("Tracks, stays, zones and lines; false for none of them."),
  threads: whole(1, 64).default(1).describe("ONNX Runtime's intra-op threads."),
  workers: whole(1, 16).default(1).describe("Size of this detector's worker pool."),
});

/** The detectors of a configuration without any. */
export const DEFAULT_DETECTORS = [{ id: "person", rateHz: 5, classes: ["person"] }];

/** The configuration file. */
export const configSchema = object({
  instance: id.default("orion").describe("Names this box in topics and metrics."),
  cameras: list(camera, `a list of 1 to ${MAX_CAMERAS} cameras, each with id and url`, {
    min: 1,
    max: MAX_CAMERAS,
  }).describe("The cameras."),
  detectors: list(detector, `a list of at most ${MAX_DETECTORS} detectors`, {
    min: 0,
    max: MAX_DETECTORS,
  }).prefault(DEFAULT_DETECTORS)
    .describe("Absent: the bundled person detector on all cameras, five times a second."),
  mqtt: mqtt.prefault({}).describe("The broker, and what is published."),
  health: health.prefault({}).describe("The HTTP interface with the page, and the figures."),
  watchdog: watchdog.prefault({}).describe("When a worker counts as hanging, and is replaced."),
  shutdownTimeoutSeconds: number(1, 300).default(5)
    .describe("After this time an ordered shutdown is cut short."),
  control: control.prefault({}).describe("What may be commanded."),
  confinement: confinement.prefault({}).describe("How far the kernel limits native code."),
  models: object({
    folder: path.default("models").describe("The folder of models for set_model."),
  }).prefault({}).describe("Models beside the bundled ones."),
});

/** A configuration with its texts parsed and its defaults filled in; nothing is resolved yet. */
export type Config = z.output<typeof configSchema>;
export type CameraConfig = Config["cameras"][number];
export type DetectorConfig = Config["detectors"][number];
