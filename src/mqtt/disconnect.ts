import { type Cancel, type Clock, plusMs } from "../core/clock.ts";
import type { Link } from "./link.ts";
import type { MessageCounts } from "./message_counts.ts";
import type { OutgoingMessage } from "./session.ts";

/** How long a stop waits for the next of the messages in flight, and then for each of PUBACK and DISCONNECT. */
export const FLUSH_TIMEOUT_MS = 1_000;
export const DISCONNECT_TIMEOUT_MS = 500;

/** Messages that are sent before a stop. */
export interface StoppedQueue {
  /** Messages that the stop waits for. */
  readonly inflight: number;
  /** Messages neither published nor discarded yet: what is in flight is replaced from them. */
  readonly waiting: number;
  /** From now on discards what is put. */
  stop(): void;
  /** Sends what can be sent. */
  flush(): void;
  /** Calls back once, when nothing is in flight any more. */
  onDrained(callback: () => void): void;
  discardAll(): void;
}

interface DisconnectParts {
  readonly clock: Clock;
  readonly link: Link;
  readonly queues: readonly StoppedQueue[];
  readonly counts: MessageCounts;
  /** How long it waits for all messages in flight, as long as the broker takes one after the other. */
  readonly flushMs: number;
  /** Builds the status of a stopped instance. */
  readonly offline: () => OutgoingMessage;
}

/**
 * Flushes the queues, publishes `offline` and disconnects, each step with its own deadline; at once
 * where no broker is connected.
 */
export async function disconnectInOrder(parts: DisconnectParts): Promise<void> {
  const { queues, link } = parts;
  for (const queue of queues) {
    queue.stop();
    queue.flush();
  }
  const waiting = queues.filter(({ inflight }) => inflight > 0);
  if (waiting.length > 0 && link.connected) await drained(waiting, parts);
  for (const queue of queues) queue.discardAll();
  const isAcknowledged = link.connected && await publishOffline(parts);
  // Without a PUBACK for `offline` the broker has to publish the will, so no DISCONNECT may discard it.
  await link.close({ graceful: isAcknowledged, timeoutMs: DISCONNECT_TIMEOUT_MS });
}

/** Resolves when nothing is in flight any more, at the deadline, or when the broker takes nothing. */
async function drained(
  queues: readonly StoppedQueue[],
  { clock, flushMs }: Pick<DisconnectParts, "clock" | "flushMs">,
): Promise<void> {
  const endsAtMs = plusMs(clock.nowMs(), flushMs);
  const unsettled = () => queues.reduce((sum, each) => sum + each.inflight + each.waiting, 0);
  const { promise, resolve } = Promise.withResolvers<void>();
  const all = Promise.all(
    queues.map((queue) => new Promise<void>((done) => queue.onDrained(done))),
  );
  void all.then(() => resolve());
  let cancel: Cancel = () => undefined;
  const wait = (before: number) => {
    const waitMs = Math.min(FLUSH_TIMEOUT_MS, endsAtMs - clock.nowMs());
    cancel = clock.after(Math.max(0, waitMs), () => {
      if (unsettled() < before && clock.nowMs() < endsAtMs) wait(unsettled());
      else resolve();
    });
  };
  wait(unsettled());
  await promise;
  cancel();
}

/** @returns whether the broker acknowledged it before the deadline */
function publishOffline({ clock, link, counts, offline }: DisconnectParts): Promise<boolean> {
  counts.produced("status");
  return new Promise((resolve) => {
    const cancel = clock.after(DISCONNECT_TIMEOUT_MS, () => resolve(false));
    link.publish(offline(), (error) => {
      cancel();
      if (error === null) counts.published("status");
      else counts.discarded("status", "unacknowledged");
      resolve(error === null);
    });
  });
}
