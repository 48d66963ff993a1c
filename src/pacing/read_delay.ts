/** How long reading a drained socket may be delayed: pure functions of what is expected. */
import { EARLY_FRAMES, MIN_READ_DELAY_FRAMES } from "./tolerances.ts";

/** Reading is delayed by no more than this. */
export const MAX_READ_DELAY_MS = 400;

/**
 * Bytes that may lie unread meanwhile: less than the smallest receive window that Linux opens by itself,
 * so that the camera never has to throttle its sending.
 */
const MAX_UNREAD_BYTES = 48 * 1024;

/** Reading resumes this long before the wanted packet, which is then awaited in the socket. */
const LEAD_MS = 3;
/** On a loaded machine delays end late; no more than this is compensated for. */
const MAX_LATENESS_MS = 20;
/** Decoding may exceed its mean by this many mean deviations, as in RFC 6298. */
const DEVIATIONS = 4;
/** No more than this is compensated for either. */
const MAX_MARGIN_MS = 20;

/** What is expected at this moment. */
export interface ReadOutlook {
  /** Interval between the camera's frames. */
  readonly frameMs: number;
  /** Until the next frame is expected; negative when it is overdue. */
  readonly nextInMs: number;
  /** Some detector takes frames of this camera. */
  readonly isWanted: boolean;
  /** A snapshot of the next frame is requested. */
  readonly isSnapshotWanted: boolean;
  /** Until the first detector is due; 0 while one is. */
  readonly dueInMs: number;
  /** Until the keyframe that decoding continues with; null while the decoder works. */
  readonly keyInMs: number | null;
  /** Until a keyframe that is far larger than the packets before it; Infinity without one. */
  readonly largeInMs: number;
  /** Mean size of a packet that is no keyframe. */
  readonly packetBytes: number;
  /** Mean time in the decoder of one packet, and the mean deviation from it. */
  readonly decodeMs: number;
  readonly decodeDeviationMs: number;
  /** How late delays have ended recently. */
  readonly latenessMs: number;
}

/**
 * Milliseconds for which reading may be delayed: until shortly before the next wanted frame arrives, less
 * the time to decode the frames before it. 0: wait for the next packet.
 */
export function readDelayMs(outlook: ReadOutlook): number {
  const { frameMs, isSnapshotWanted, largeInMs, packetBytes } = outlook;
  if (isSnapshotWanted || !(frameMs > 0)) return 0;
  const maxFrames = MAX_UNREAD_BYTES / Math.max(1, packetBytes);
  const delayMs = Math.min(
    untilWantedMs(outlook),
    largeInMs - leadMs(outlook),
    maxFrames * frameMs,
    MAX_READ_DELAY_MS,
  );
  return delayMs >= MIN_READ_DELAY_FRAMES * frameMs ? delayMs : 0;
}

/** Until work on the next wanted frame has to begin; Infinity while none is wanted. */
function untilWantedMs(outlook: ReadOutlook): number {
  const { isWanted, keyInMs, dueInMs, nextInMs, frameMs } = outlook;
  if (!isWanted) return Infinity;
  if (keyInMs !== null) {
    // A detector that is due before the keyframe may make the decoder catch up.
    return Math.max(0, dueInMs > 0 ? Math.min(keyInMs, dueInMs) : keyInMs) - leadMs(outlook);
  }
  const before = framesBeforeDue(outlook);
  return nextInMs + before * frameMs - workMs(before, outlook) - leadMs(outlook);
}

/** Frames that arrive before the one that the mailbox will announce: see {@link EARLY_FRAMES}. */
export function framesBeforeDue(
  { dueInMs, nextInMs, frameMs }: Pick<ReadOutlook, "dueInMs" | "nextInMs" | "frameMs">,
): number {
  return Math.max(0, Math.ceil((dueInMs - nextInMs) / frameMs - EARLY_FRAMES));
}

/**
 * What decoding this many packets may take. Their deviations are assumed to be independent, so that the
 * deviation of the sum grows with the square root of their number.
 */
export function workMs(
  packets: number,
  { decodeMs, decodeDeviationMs }: Pick<ReadOutlook, "decodeMs" | "decodeDeviationMs">,
): number {
  const marginMs = DEVIATIONS * decodeDeviationMs * Math.sqrt(packets);
  return packets * decodeMs + Math.min(MAX_MARGIN_MS, marginMs);
}

function leadMs({ latenessMs }: ReadOutlook): number {
  return LEAD_MS + Math.min(MAX_LATENESS_MS, latenessMs);
}
