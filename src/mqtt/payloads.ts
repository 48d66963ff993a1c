/**
 * The payloads of every MQTT topic: their schemas, their types (derived from the schemas, so that the two
 * cannot drift) and the functions that build them. `scripts/schemas.ts` generates JSON Schemas from them.
 *
 * Objects are open: a later version may add keys, never change the meaning of one.
 */
import { z } from "zod";
import type { CameraStatus } from "../core/camera_types.ts";
import { isoTime, type WallMs } from "../core/clock.ts";
import type { InferenceResult } from "../core/detector_types.ts";
import type { ErrorData } from "../core/errors.ts";
import { roundedBox } from "../core/geometry.ts";
import type { Placement } from "../core/presence_types.ts";
import { round } from "../core/round.ts";
import { commandSchema } from "./commands.ts";
import { box, count, id, parsePayload, time } from "./payload_parts.ts";
import {
  crossingSchema,
  occupancySchema,
  presenceSchema,
  sentSchema,
  staysSchema,
} from "./presence_payloads.ts";
import { roundedTotal } from "./timed_payload.ts";

const ms = z.number().min(0).describe("milliseconds");

export const statusSchema = z.looseObject({
  schema: z.literal("orion.status/1"),
  state: z.enum(["online", "offline"]),
  since: time.describe(
    "when the service started or stopped; in a will, when the broken connection was opened",
  ),
  version: z.string(),
  session: z.int().min(0).optional().describe(
    "drawn at random when the publisher starts: two at once are two instances of one name",
  ),
});

export const cameraSchema = z.looseObject({
  schema: z.literal("orion.camera/1"),
  camera: id,
  state: z.enum(["connecting", "online", "stalled", "offline"]),
  since: time,
  reason: z.string().nullable().describe("the code of the error that led to the state"),
  reconnects: count,
});

export const inferenceSchema = z.looseObject({
  schema: z.literal("orion.inference/1"),
  instance: id,
  camera: id,
  detector: id,
  model: z.looseObject({
    name: z.string(),
    sha256: z.string().regex(/^[0-9a-f]{12}$/).describe("the first digits of its file's SHA-256"),
  }),
  frame: z.looseObject({
    seq: count.describe("counts the camera's video frames; never goes back within one run"),
    width: z.int().positive(),
    height: z.int().positive(),
    keyframe: z.boolean(),
    ptsSeconds: z.number().describe(
      "since the first frame of the connection; for files the position in the clip",
    ),
    capturedAt: time,
    clock: z.enum(["rtcp", "arrival", "file"]).describe("where capturedAt comes from"),
  }),
  roi: box.nullable().describe(
    "the part of the picture that the detector was given; null for all of it",
  ),
  detections: z.array(z.looseObject({
    class: z.string(),
    confidence: z.number().min(0).max(1),
    box,
    track: z.string().nullable().optional().describe(
      "where presence is on: stable while the stay lasts, unique across restarts; null beyond the " +
        "bound of tracks",
    ),
    zones: z.array(z.looseObject({ id, overlap: z.number().min(0).max(1) })).optional().describe(
      "where presence is on: the zones that the box touches, and the part of the box in each",
    ),
  })),
  timing: z.looseObject({
    queueMs: ms,
    convertMs: ms,
    inferenceMs: ms,
    postprocessMs: ms,
    totalMs: ms.describe("from the frame's arrival to the write to the broker's socket"),
  }),
  drops: z.looseObject({
    sinceLast: count.describe("frames skipped or dropped since the previous inference"),
  }),
});

export const healthSchema = z.looseObject({
  schema: z.literal("orion.health/1"),
  instance: id,
  version: z.string(),
}).describe("what GET /status answers");

export const ackSchema = z.looseObject({
  schema: z.literal("orion.ack/1"),
  id: z.string().nullable().describe(
    "the id of the command; null when it has none that can be read",
  ),
  command: z.string().nullable().describe(
    "the name of the command; null when it has none that can be read",
  ),
  status: z.enum(["ok", "error"]),
  data: z.unknown(),
  error: z.looseObject({
    code: z.string(),
    message: z.string(),
    problems: z.array(z.looseObject({
      path: z.string().describe("the key of the configuration; empty for the file as a whole"),
      line: z.int().positive().optional(),
      message: z.string(),
      remedy: z.string(),
    })).optional().describe("of reload: each thing that is wrong, as check lists it"),
  }).nullable(),
  replayed: z.literal(true).optional().describe(
    "true when the command was carried out before and this repeats its answer; else absent",
  ),
  time,
});

export type StatusPayload = z.infer<typeof statusSchema>;
export type CameraPayload = z.infer<typeof cameraSchema>;
export type InferencePayload = z.infer<typeof inferenceSchema>;
export type HealthPayload = z.infer<typeof healthSchema>;
export type AckPayload = z.infer<typeof ackSchema>;

/** Every payload's schema by the name its `schema` key carries. */
export const PAYLOAD_SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  "orion.status/1": statusSchema,
  "orion.camera/1": cameraSchema,
  "orion.inference/1": inferenceSchema,
  "orion.health/1": healthSchema,
  "orion.ack/1": ackSchema,
  "orion.command/1": commandSchema,
  "orion.presence/1": presenceSchema,
  "orion.occupancy/1": occupancySchema,
  "orion.crossing/1": crossingSchema,
  "orion.stays/1": staysSchema,
  "orion.sent/1": sentSchema,
};

/** Parses a status from a broker, ours or another Orion's; null when it is none. */
export function parseStatus(text: string): StatusPayload | null {
  return parsePayload(statusSchema, text);
}

/** `orion.status/1`. */
export function statusPayload(
  status: { state: "online" | "offline"; sinceMs: WallMs; version: string; session: number },
): StatusPayload {
  return {
    schema: "orion.status/1",
    state: status.state,
    since: isoTime(status.sinceMs),
    version: status.version,
    session: status.session,
  };
}

/** `orion.camera/1`. */
export function cameraPayload(status: CameraStatus): CameraPayload {
  return {
    schema: "orion.camera/1",
    camera: status.camera,
    state: status.state,
    since: isoTime(status.sinceMs),
    reason: status.reason,
    reconnects: status.reconnects,
  };
}

/**
 * `orion.inference/1`.
 * @param published  the instance, and the time since the frame's arrival
 * @param placements  where each detection is; null without presence
 */
export function inferencePayload(
  result: InferenceResult,
  published: { readonly instance: string; readonly totalMs: number },
  placements: readonly Placement[] | null = null,
): InferencePayload {
  const { meta } = result;
  return {
    schema: "orion.inference/1",
    instance: published.instance,
    camera: meta.camera,
    detector: result.detector,
    model: { ...result.model },
    frame: {
      seq: meta.seq,
      width: meta.size.width,
      height: meta.size.height,
      keyframe: meta.keyframe,
      ptsSeconds: round(meta.ptsSeconds, 3),
      capturedAt: isoTime(meta.capturedAtMs),
      clock: meta.clock,
    },
    roi: meta.roi === null ? null : roundedBox(meta.roi, meta.size),
    detections: result.detections.map((detection, at) => ({
      class: detection.class,
      confidence: round(detection.confidence, 4),
      box: roundedBox(detection.box, meta.size),
      ...placed(placements?.[at]),
    })),
    timing: {
      queueMs: round(meta.queueMs, 1),
      convertMs: round(meta.convertMs, 1),
      inferenceMs: round(result.inferenceMs, 1),
      postprocessMs: round(result.postprocessMs, 1),
      totalMs: roundedTotal(published.totalMs),
    },
    drops: { sinceLast: meta.dropsSinceLast },
  };
}

function placed(placement: Placement | undefined) {
  if (placement === undefined) return {};
  const { track, zones } = placement;
  return { track, zones: zones.map(({ id, overlap }) => ({ id, overlap: round(overlap, 2) })) };
}

/** `orion.ack/1`. */
export function ackPayload(ack: {
  readonly id: string | null;
  readonly command: string | null;
  readonly atMs: WallMs;
  readonly outcome: { readonly data: unknown } | { readonly error: ErrorData };
  readonly replayed: boolean;
}): AckPayload {
  const failed = "error" in ack.outcome ? ack.outcome.error : null;
  return {
    schema: "orion.ack/1",
    id: ack.id,
    command: ack.command,
    status: failed === null ? "ok" : "error",
    data: "data" in ack.outcome ? ack.outcome.data : null,
    error: failed === null ? null : ackError(failed),
    ...(ack.replayed ? { replayed: true } : {}),
    time: isoTime(ack.atMs),
  };
}

function ackError({ code, message, problems }: ErrorData) {
  return problems === undefined
    ? { code, message }
    : { code, message, problems: problems.map((problem) => ({ ...problem })) };
}
