/**
 * The frame accounts of a camera and its detectors, as plain data for messages and HTTP. At every moment:
 *
 *     received = undecoded + corrupt + decoded
 *     decoded  = processed + dropped + waiting          (waiting is 0 or 1)
 */

/** Why a decoded frame did not reach a detector. */
export const DROP_REASONS = [
  /** A newer frame arrived while it waited for a busy worker. */
  "overwritten",
  /** The detector was not due yet. */
  "rate",
  /** It was decoded only as a reference of a later frame. */
  "catchup",
  /** The detector is paused. */
  "paused",
  /** It waited longer than the camera's stall timeout. */
  "stale",
  /** It waited or arrived while the camera or the detector was being stopped. */
  "shutdown",
  /** Its worker died or hung while holding it. */
  "restart",
  /** Its picture could not be converted for the detector. */
  "unconvertible",
] as const;
export type DropReason = typeof DROP_REASONS[number];

/** Why a frame was skipped before decoding: no detector would have consumed it. */
export const UNDECODED_REASONS = [
  /** The camera has no consumer: no detector is registered, or all are paused. */
  "unwanted",
  /** The decode level skips all but keyframes. */
  "keyframes",
  /** The decode level skips non-reference frames. */
  "nonref",
  /** The decoder is idle until the next keyframe: no detector is due before it. */
  "asleep",
] as const;
export type UndecodedReason = typeof UNDECODED_REASONS[number];

/** Counts by reason, every reason present. */
export type DropCounts = Readonly<Record<DropReason, number>>;
/**
 * The same, and `buffered`: frames that were skipped and may be decoded yet, because they are in the GOP
 * buffer. It falls as each of them is settled as decoded, corrupt or skipped for its reason.
 */
export type UndecodedCounts = Readonly<Record<UndecodedReason | "buffered", number>>;

/** The outcome of the frames that were offered to one detector. */
export interface MailboxAccount {
  readonly detector: string;
  readonly paused: boolean;
  /** The configured rate, or null for unlimited. */
  readonly rateHz: number | null;
  /** Frames decoded since the detector was registered. */
  readonly decoded: number;
  /** Frames handed to a worker. */
  readonly processed: number;
  readonly dropped: DropCounts;
  readonly waiting: 0 | 1;
}

/** The outcome of every video frame of one camera. */
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

/** Settles buffered frames as skipped: the thread that held the GOP buffer has ended. */
export function settleBuffered(undecoded: UndecodedCounts): UndecodedCounts {
  return { ...undecoded, asleep: undecoded.asleep + undecoded.buffered, buffered: 0 };
}

/** The sum over all reasons. */
export function total(counts: DropCounts | UndecodedCounts): number {
  let sum = 0;
  for (const count of Object.values(counts)) sum += count;
  return sum;
}

/** Adds two accounts of one camera. Both close, so their sum does. */
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
