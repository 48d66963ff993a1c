/** The payloads of presence: their schemas, their types and the functions that build and read them. */
import { z } from "zod";
import { isoTime, type WallMs, wallMs } from "../core/clock.ts";
import { roundedBox } from "../core/geometry.ts";
import type { Crossing, Occupancy, PresenceEvent, Stay } from "../core/presence_types.ts";
import { dwellSeconds, stayFields } from "../core/stay_json.ts";
import { box, count, id, parsePayload, time } from "./payload_parts.ts";

const reason = z.enum([
  "left",
  "camera_lost",
  "detector_lost",
  "paused",
  "restart",
  "shutdown",
]);
const zones = z.looseObject({
  current: z.array(id).describe("those that it is in"),
  visited: z.array(id).describe("all that it was in, in the order of entering"),
});
const best = z.looseObject({
  capturedAt: time,
  seq: count.describe("the frame, as in orion.inference/1"),
  confidence: z.number().min(0).max(1),
  box,
});

/** What a message of a stay and the list of stays have in common. */
const stay = {
  camera: id,
  detector: id,
  class: z.string(),
  id: z.string().describe("the same in all messages of the stay; sorts by time"),
  track: z.string().describe("unique across restarts; as in orion.inference/1"),
  startedAt: time.describe("when it was first seen"),
  seenAt: time.describe("when it was last seen"),
  endedAt: time.nullable().describe("when it was last seen, once it has ended"),
  zones,
  reason: reason.nullable().describe("why it ended; restart: the next run found it open"),
};

export const presenceSchema = z.looseObject({
  schema: z.literal("orion.presence/1"),
  instance: id,
  ...stay,
  type: z.enum(["start", "update", "end"]).describe("one start and one end for each stay"),
  dwellSeconds: z.number().min(0).describe("from startedAt to seenAt"),
  best: best.extend({
    jpeg: z.string().nullable().describe(
      "of a start or an end: base64 of the frame that shows it best, where presence.snapshot allows it",
    ),
  }),
  time: time.describe("when it happened, however late it is published"),
});

export const occupancySchema = z.looseObject({
  schema: z.literal("orion.occupancy/1"),
  camera: id,
  zone: id.describe("all is the whole picture"),
  occupied: z.boolean(),
  counts: z.record(z.string(), count).describe("the number of open stays by class"),
  since: time.describe("since when occupied has its value"),
});

export const crossingSchema = z.looseObject({
  schema: z.literal("orion.crossing/1"),
  camera: id,
  line: id,
  direction: z.enum(["left", "right"]).describe(
    "the side that it came to, seen from the line's first point towards its second",
  ),
  class: z.string(),
  track: z.string(),
  time,
});

/** Where a list and a number belong to. */
const writer = {
  instance: id,
  session: count.describe("drawn at random by each run of Orion"),
  thread: count.describe("drawn at random by each thread that publishes"),
  upTo: count.describe("the number of the newest event of that run that was published"),
};

export const staysSchema = z.looseObject({
  schema: z.literal("orion.stays/1"),
  ...writer,
  stays: z.array(z.looseObject({
    ...stay,
    best,
    box: box.describe("where it was last seen"),
    size: z.looseObject({ width: z.int().positive(), height: z.int().positive() }),
    started: count.describe("the number of its start; 0 when that was published before the list"),
    ended: count.nullable().describe("the number of its end, or null while it is open"),
  })),
}).describe("Orion's own: what the next run reads to end what this one leaves open");

export const sentSchema = z.looseObject({ schema: z.literal("orion.sent/1"), ...writer })
  .describe("Orion's own: published directly behind each event of orion.stays/1");

export type PresencePayload = z.infer<typeof presenceSchema>;
export type OccupancyPayload = z.infer<typeof occupancySchema>;
export type CrossingPayload = z.infer<typeof crossingSchema>;
export type StaysPayload = z.infer<typeof staysSchema>;
export type SentPayload = z.infer<typeof sentSchema>;

/** Who writes a list, and up to which event it has published. */
export type ListWriter = Pick<SentPayload, "instance" | "session" | "thread" | "upTo">;

/** A stay with the numbers of its events. */
export interface ListedStay {
  readonly stay: Stay;
  /** 0 when the start was published before the list. */
  readonly started: number;
  readonly ended: number | null;
}

/** An event of a stay. */
export type StayEvent = Extract<PresenceEvent, { readonly stay: Stay }>;

/** `orion.presence/1`. */
export function presencePayload(
  { kind, stay }: StayEvent,
  published: {
    readonly instance: string;
    readonly atMs: WallMs;
    /** In base64. */
    readonly jpeg: string | null;
  },
): PresencePayload {
  const { best, ...rest } = stayFields(stay);
  return {
    schema: "orion.presence/1",
    instance: published.instance,
    ...rest,
    type: kind,
    dwellSeconds: dwellSeconds(stay),
    best: { ...best, jpeg: published.jpeg },
    time: isoTime(published.atMs),
  };
}

/** `orion.occupancy/1`. */
export function occupancyPayload(occupancy: Occupancy): OccupancyPayload {
  return {
    schema: "orion.occupancy/1",
    camera: occupancy.camera,
    zone: occupancy.zone,
    occupied: occupancy.occupied,
    counts: { ...occupancy.counts },
    since: isoTime(occupancy.sinceMs),
  };
}

/** `orion.crossing/1`. */
export function crossingPayload(crossing: Crossing): CrossingPayload {
  return {
    schema: "orion.crossing/1",
    camera: crossing.camera,
    line: crossing.line,
    direction: crossing.direction,
    class: crossing.class,
    track: crossing.track,
    time: isoTime(crossing.atMs),
  };
}

/** `orion.stays/1`. */
export function staysPayload(writer: ListWriter, stays: readonly ListedStay[]): StaysPayload {
  return {
    schema: "orion.stays/1",
    ...writer,
    stays: stays.map(({ stay, started, ended }) => ({
      ...stayFields(stay),
      box: roundedBox(stay.box, stay.size),
      size: { ...stay.size },
      started,
      ended,
    })),
  };
}

/** `orion.sent/1`. */
export function sentPayload(writer: ListWriter): SentPayload {
  return { schema: "orion.sent/1", ...writer };
}

/** Parses the list that is on the broker; null when it is none. */
export function parseStays(text: string): StaysPayload | null {
  return parsePayload(staysSchema, text);
}

/** Parses the number that is on the broker; null when it is none. */
export function parseSent(text: string): SentPayload | null {
  return parsePayload(sentSchema, text);
}

/** The stays of a list. */
export function listedStays({ stays }: StaysPayload): ListedStay[] {
  return stays.map(({ best, box, size, started, ended, ...listed }) => ({
    stay: {
      id: listed.id,
      camera: listed.camera,
      detector: listed.detector,
      class: listed.class,
      track: listed.track,
      startedAtMs: parsedTime(listed.startedAt),
      seenAtMs: parsedTime(listed.seenAt),
      endedAtMs: listed.endedAt === null ? null : parsedTime(listed.endedAt),
      reason: listed.reason,
      zones: { current: listed.zones.current, visited: listed.zones.visited },
      best: {
        capturedAtMs: parsedTime(best.capturedAt),
        seq: best.seq,
        confidence: best.confidence,
        box: boxOf(best.box),
      },
      box: boxOf(box),
      size: { width: size.width, height: size.height },
      path: [],
    },
    started,
    ended,
  }));
}

function parsedTime(text: string): WallMs {
  return wallMs(Date.parse(text));
}

function boxOf({ x, y, width, height }: z.infer<typeof box>) {
  return { x, y, width, height };
}
