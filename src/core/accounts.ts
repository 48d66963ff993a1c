/**
 * The accounts of a camera and its detectors, as plain data that travels between threads and out
 * through HTTP. At every moment:
 *
 *     received = undecoded + corrupt + decoded
 *     decoded  = processed + dropped + waiting          (waiting is 0 or 1)
 */

/** Why a decoded frame did not reach a detector. */
export const DROP_REASONS = [
  /** A newer frame came while it waited for a busy worker. */
  "overwritten",
  /** The detector was not due yet. */
  "rate",
  /** It was decoded only because a later one refers to it. */
  "catchup",
  /** The detector is paused. */
  "paused",
  /** It waited longer than the camera's stall time, so that it shows the past. */
  "stale",
  /** It waited, or came, while the camera or the detector was being stopped. */
  "shutdown",
  /** Its worker died or hung while it had it. */
  "restart",
  /** Its picture could not be converted for the detector. */
  "unconvertible",
] as const;
export type DropReason = typeof DROP_REASONS[number];

/** Why a frame was not decoded: no detector would have taken it. */
export const UNDECODED_REASONS = [
  /** Nobody takes frames of this camera: no detector is registered, or all are paused. */
  "unwanted",
  /** The decode level leaves everything but keyframes out. */
  "keyframes",
  /** The decode level leaves frames out that no other frame refers to. */
  "nonref",
  /** The decoder sleeps until the next keyframe: no detector is due before it. */
  "asleep",
] as const;
export type UndecodedReason = typeof UNDECODED_REASONS[number];

/** Counts by reason, every reason present. */
export type DropCounts = Readonly<Record<DropReason, number>>;
/**
 * The same, and `buffered`: frames that were left out and may be decoded yet, because they are in the
 * GOP buffer. That one falls when they are settled, each as decoded, corrupt or left out for its reason.
 */
export type UndecodedCounts = Readonly<Record<UndecodedReason | "buffered", number>>;

/** What became of the frames that were offered to one detector. */
export interface MailboxAccount {
  readonly detector: string;
  readonly paused: boolean;
  /** The rate asked for, or null for as fast as the detector can. */
  readonly rateHz: number | null;
  /** Frames decoded since the detector was registered. */
  readonly decoded: number;
  /** Frames handed to a worker. */
  readonly processed: number;
  readonly dropped: DropCounts;
  readonly waiting: 0 | 1;
}

/** What became of every video frame of one camera. */
export interface CameraAccount {
  readonly received: number;
  readonly undecoded: UndecodedCounts;
  readonly corrupt: number;
  readonly decoded: number;
  readonly detectors: readonly MailboxAccount[];
}

/** Every reason, at zero. */
export function noDrops(): Record<DropReason, number> {
  return {
    overwritten: 0,
    rate: 0,
    catchup: 0,
    paused: 0,
    stale: 0,
    shutdown: 0,
    restart: 0,
    unconvertible: 0,
  };
}

/** Every reason, at zero. */
export function noUndecoded(): Record<UndecodedReason | "buffered", number> {
  return { unwanted: 0, keyframes: 0, nonref: 0, asleep: 0, buffered: 0 };
}

/** The thread that kept them is gone: frames of the GOP buffer will not be decoded any more. */
export function settleBuffered(undecoded: UndecodedCounts): UndecodedCounts {
  return { ...undecoded, asleep: undecoded.asleep + undecoded.buffered, buffered: 0 };
}

/** The sum over all reasons. */
export function total(counts: DropCounts | UndecodedCounts): number {
  let sum = 0;
  for (const count of Object.values(counts)) sum += count;
  return sum;
}

/** Two accounts of one camera as one. Both close, so their sum does. */
export function addAccounts(before: CameraAccount | null, now: CameraAccount): CameraAccount {
  if (before === null) return now;
  const mailboxes = new Map(before.detectors.map((mailbox) => [mailbox.detector, mailbox]));
  return {
    received: before.received + now.received,
    undecoded: addCounts(
      noUndecoded(),
      [...UNDECODED_REASONS, "buffered"],
      before.undecoded,
      now.undecoded,
    ),
    corrupt: before.corrupt + now.corrupt,
    decoded: before.decoded + now.decoded,
    detectors: now.detectors.map((mailbox) =>
      addMailboxes(mailboxes.get(mailbox.detector), mailbox)
    ),
  };
}

function addMailboxes(before: MailboxAccount | undefined, now: MailboxAccount): MailboxAccount {
  if (before === undefined) return now;
  return {
    ...now,
    decoded: before.decoded + now.decoded,
    processed: before.processed + now.processed,
    dropped: addCounts(noDrops(), DROP_REASONS, before.dropped, now.dropped),
  };
}

function addCounts<K extends string>(
  sum: Record<K, number>,
  reasons: readonly K[],
  ...counts: readonly Readonly<Record<K, number>>[]
): Record<K, number> {
  for (const reason of reasons) {
    for (const count of counts) sum[reason] += count[reason];
  }
  return sum;
}
