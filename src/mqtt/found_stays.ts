/** What the retained list of the stays says when it is read back. */
import type { Stay } from "../core/presence_types.ts";
import {
  type ListedStay,
  listedStays,
  type SentPayload,
  type StayEvent,
  type StaysPayload,
} from "./presence_payloads.ts";

/** The thread that reads. */
export interface Reader {
  readonly session: number;
  readonly thread: number;
  /** The number of the newest event of the threads before this one that main knows. */
  readonly known: number;
  /** Whether this thread reads for the first time. */
  readonly isFirst: boolean;
}

export interface Found {
  /** The broker has the events of this run up to this number. */
  readonly upTo: number;
  /** What is to be published so that each stay of an earlier run or thread has one start and one end. */
  readonly events: readonly StayEvent[];
  /** Stays that an earlier thread has ended, although main does not know it. */
  readonly ended: readonly string[];
}

const NOTHING: Found = { upTo: 0, events: [], ended: [] };

/** Compares what is retained with what this thread knows. */
export function foundStays(
  list: StaysPayload | null,
  sent: SentPayload | null,
  reader: Reader,
): Found {
  const writer = list ?? sent;
  if (writer === null) return NOTHING;
  // The number counts for the list only when the same thread wrote both.
  const isOfList = sent?.session === writer.session && sent.thread === writer.thread;
  const upTo = Math.max(writer.upTo, isOfList ? sent.upTo : 0);
  const stays = list === null ? [] : listedStays(list);
  if (writer.session !== reader.session) {
    return reader.isFirst ? { ...NOTHING, events: completed(stays, upTo) } : NOTHING;
  }
  if (writer.thread === reader.thread) return { ...NOTHING, upTo };
  // Events that an earlier thread numbered and main never heard of: this one gives their numbers again.
  const { known } = reader;
  const unknown = stays.filter(({ started }) => started > known && started <= upTo);
  const ended = stays.filter(({ started, ended }) =>
    started <= known && ended !== null && ended > known && ended <= upTo
  );
  return {
    upTo: Math.min(upTo, known),
    events: reader.isFirst ? completed(unknown, upTo) : [],
    ended: ended.map(({ stay }) => stay.id),
  };
}

/** The starts and ends beyond `upTo`, in order; those that are open end now. */
function completed(stays: readonly ListedStay[], upTo: number): StayEvent[] {
  const events: { readonly number: number; readonly event: StayEvent }[] = [];
  for (const { stay, started, ended } of stays) {
    if (started > upTo) {
      const open: Stay = { ...stay, endedAtMs: null, reason: null };
      events.push({ number: started, event: { kind: "start", stay: open } });
    }
    if (ended === null) {
      const restarted: Stay = { ...stay, endedAtMs: stay.seenAtMs, reason: "restart" };
      events.push({ number: Infinity, event: { kind: "end", stay: restarted } });
    } else if (ended > upTo) events.push({ number: ended, event: { kind: "end", stay } });
  }
  return events.sort((one, other) => one.number === other.number ? 0 : one.number - other.number)
    .map(({ event }) => event);
}
