/** A publisher with presence, over the link of `publisher_rig.ts`. */
import type { PresenceEvent, SnapshotMode } from "../../../src/core/presence_types.ts";
import { SETTLE_MS } from "../../../src/mqtt/retained_reader.ts";
import type { OutgoingMessage } from "../../../src/mqtt/session.ts";
import { ended, presencePlan, STARTED_MS, stayOf } from "../../support/presence/stays.ts";
import { type FakeLink, rig } from "./publisher_rig.ts";

export const ROOT = "orion/lobby-1";

/** A publisher with presence; connected, and what is retained was read. */
export async function ready(
  { snapshot = "none", acknowledges = true }: {
    snapshot?: SnapshotMode;
    acknowledges?: boolean;
  } = {},
) {
  const started = rig({ acknowledges, plan: { presence: presencePlan(snapshot) } });
  started.link.connect();
  await started.clock.pass(SETTLE_MS);
  started.link.sent.splice(0).forEach(({ done }) => acknowledges || done(null));
  const emit = (event: PresenceEvent) => started.publisher.presence.emit(event);
  const start = (id: string) => emit({ kind: "start", stay: stayOf(id) });
  const end = (id: string) => emit({ kind: "end", stay: ended(stayOf(id)) });
  return { ...started, emit, start, end };
}

/** What was published of stays and crossings, as `start ID`. */
export function events(link: FakeLink): string[] {
  return link.sent.flatMap(({ message: { topic, payload } }) => {
    if (!topic.includes("/presence/") && !topic.includes("/crossings/")) return [];
    const json = JSON.parse(payload);
    return [topic.includes("/presence/") ? `${json.type} ${json.id}` : `crossing ${json.track}`];
  });
}

export function messages(link: FakeLink, topic: string): OutgoingMessage[] {
  return link.sent.map(({ message }) => message)
    .filter((message) => message.topic === `${ROOT}/${topic}`);
}

export function crossing(track: string): PresenceEvent {
  return {
    kind: "crossing",
    crossing: {
      ...{ camera: "gate", line: "step", direction: "left", class: "person" } as const,
      track,
      atMs: STARTED_MS,
    },
  };
}
