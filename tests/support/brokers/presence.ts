/** Messages of presence as a subscriber reads them. */
import type { BoxPx } from "../../../src/core/geometry.ts";
import type { Schemas } from "./messages.ts";
import type { Received } from "./mosquitto.ts";

/** The payload of `P/I/presence/CAMERA`. */
export interface PresenceMessage {
  readonly camera: string;
  readonly detector: string;
  readonly class: string;
  readonly id: string;
  readonly type: "start" | "update" | "end";
  readonly track: string;
  readonly startedAt: string;
  readonly seenAt: string;
  readonly endedAt: string | null;
  readonly dwellSeconds: number;
  readonly zones: { readonly current: readonly string[]; readonly visited: readonly string[] };
  readonly reason: string | null;
  readonly best: {
    readonly capturedAt: string;
    readonly seq: number;
    readonly confidence: number;
    readonly box: BoxPx;
    readonly jpeg: string | null;
  };
  readonly time: string;
}

/** The payload of `P/I/occupancy/CAMERA/ZONE`. */
export interface OccupancyMessage {
  readonly camera: string;
  readonly zone: string;
  readonly occupied: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly since: string;
}

/** The payload of `P/I/crossings/CAMERA/LINE`. */
export interface CrossingMessage {
  readonly camera: string;
  readonly line: string;
  readonly direction: "left" | "right";
  readonly class: string;
  readonly track: string;
  readonly time: string;
}

/** The messages of a camera's stays, in the order of their arrival, each validated against its schema. */
export function presenceOf(
  messages: readonly Received[],
  camera: string,
  schemas: Schemas,
): PresenceMessage[] {
  return messages.filter(({ topic }) => topic.endsWith(`/presence/${camera}`)).map((message) => {
    const parsed: PresenceMessage = JSON.parse(message.payload);
    schemas.validate("orion.presence.1", parsed);
    return parsed;
  });
}

/** The changes of a zone, in order. */
export function occupancyOf(
  messages: readonly Received[],
  camera: string,
  zone: string,
  schemas: Schemas,
): OccupancyMessage[] {
  const end = `/occupancy/${camera}/${zone}`;
  return messages.filter(({ topic }) => topic.endsWith(end)).map((message) => {
    const parsed: OccupancyMessage = JSON.parse(message.payload);
    schemas.validate("orion.occupancy.1", parsed);
    return parsed;
  });
}

/** The crossings of a line, in order. */
export function crossingsOf(
  messages: readonly Received[],
  camera: string,
  line: string,
  schemas: Schemas,
): CrossingMessage[] {
  const end = `/crossings/${camera}/${line}`;
  return messages.filter(({ topic }) => topic.endsWith(end)).map((message) => {
    const parsed: CrossingMessage = JSON.parse(message.payload);
    schemas.validate("orion.crossing.1", parsed);
    return parsed;
  });
}
