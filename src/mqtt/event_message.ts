import type { WallMs } from "../core/clock.ts";
import type { PresenceEvent } from "../core/presence_types.ts";
import { crossingPayload, presencePayload } from "./presence_payloads.ts";
import type { OutgoingMessage } from "./session.ts";
import { MAX_BREAKS_OF_PRESENCE } from "./suspects.ts";
import type { Topics } from "./topics.ts";

/** An event that is published in order. */
export type QueuedEvent = Exclude<PresenceEvent, { readonly kind: "occupancy" }>;

export function topicKind({ kind }: QueuedEvent): "presence" | "crossing" {
  return kind === "crossing" ? "crossing" : "presence";
}

/** The message of an event. */
export function eventMessage(event: QueuedEvent, published: {
  readonly instance: string;
  readonly topics: Pick<Topics, "presence" | "crossing">;
  readonly atMs: WallMs;
  /** In base64. */
  readonly jpeg: string | null;
}): OutgoingMessage {
  const { topics } = published;
  const [topic, payload] = event.kind === "crossing"
    ? [topics.crossing(event.crossing.camera, event.crossing.line), crossingPayload(event.crossing)]
    : [topics.presence(event.stay.camera), presencePayload(event, published)];
  return {
    topic,
    payload: JSON.stringify(payload),
    qos: 1,
    retain: false,
    expirySeconds: null,
    maxBreaks: MAX_BREAKS_OF_PRESENCE,
  };
}
