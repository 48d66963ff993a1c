import type { Clock } from "../core/clock.ts";
import type { InferenceQueue } from "./inference_queue.ts";
import type { Link } from "./link.ts";
import type { MessageCounts } from "./message_counts.ts";
import type { OutgoingMessage } from "./session.ts";

/** How long a stop waits for messages in flight, and then for each of PUBACK and DISCONNECT. */
export const FLUSH_TIMEOUT_MS = 1_000;
export const DISCONNECT_TIMEOUT_MS = 500;

interface DisconnectParts {
  readonly clock: Clock;
  readonly link: Link;
  readonly inferences: InferenceQueue;
  readonly counts: MessageCounts;
  /** Builds the status of a stopped instance. */
  readonly offline: () => OutgoingMessage;
}

/**
 * Flushes the inferences, publishes `offline` and disconnects, each step with its own deadline; at once
 * where no broker is connected.
 */
export async function disconnectInOrder(parts: DisconnectParts): Promise<void> {
  const { clock, inferences, link } = parts;
  inferences.stop();
  inferences.flush();
  if (inferences.inflight > 0 && link.connected) await drained(inferences, clock);
  inferences.discardAll();
  const isAcknowledged = link.connected && await publishOffline(parts);
  // Without a PUBACK for `offline` the broker has to publish the will, so no DISCONNECT may discard it.
  await link.close({ graceful: isAcknowledged, timeoutMs: DISCONNECT_TIMEOUT_MS });
}

/** Resolves when no inference is in flight any more, or at the deadline. */
function drained(inferences: InferenceQueue, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(FLUSH_TIMEOUT_MS, resolve);
    inferences.onDrained(() => {
      cancel();
      resolve();
    });
  });
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
