/** How long a drained socket may be left alone: pure functions of what is expected. */
import { EARLY_FRAMES } from "./tolerances.ts";

/** Reading rests no longer than this. */
export const MAX_REST_MS = 400;

/**
 * Bytes that may lie unread meanwhile: less than the smallest window that Linux opens by itself, so that
 * the camera never has to hold anything back.
 */
const MAX_UNREAD_BYTES = 48 * 1024;

/** A rest for fewer frames than this is not worth its timer. */
const MIN_FRAMES = 1.5;

/** A rest ends so long before what is wanted: that is waited for in the socket, not slept through. */
const LEAD_MS = 3;
/** On a loaded machine rests end late; no more than this is made up for. */
const MAX_LATENESS_MS = 20;
/** Decoding may take longer than its mean by so many mean deviations, as in RFC 6298. */
const DEVIATIONS = 4;
/** No more than this is made up for either. */
const MAX_MARGIN_MS = 20;

/** What is expected at this moment. */
export interface RestOutlook {
  /** Time between the camera's frames. */
  readonly frameMs: number;
  /** Until the next frame is expected; negative when it is overdue. */
  readonly nextInMs: number;
  /** Some detector takes frames of this camera. */
  readonly wanted: boolean;
  /** A picture is waited for, whichever comes first. */
  readonly pictureWanted: boolean;
  /** Until the first detector is due; 0 while one is. */
  readonly dueInMs: number;
  /** Until the keyframe that decoding goes on with; null while the decoder works. */
  readonly keyInMs: number | null;
  /** Until a keyframe that is far larger than the packets before it; Infinity without such. */
  readonly largeInMs: number;
  /** Mean size of a packet that is no keyframe. */
  readonly packetBytes: number;
  /** Mean time in the decoder of one packet, and the mean deviation from it. */
  readonly decodeMs: number;
  readonly decodeDeviationMs: number;
  /** How late rests have ended recently, more often than not. */
  readonly latenessMs: number;
}

/**
 * Milliseconds for which nothing need be read: until shortly before the next wanted frame arrives, less
 * the time that decoding the frames before it may take. 0: wait for the next packet.
 */
export function restMs(outlook: RestOutlook): number {
  const { frameMs, pictureWanted, largeInMs, packetBytes } = outlook;
  if (pictureWanted || !(frameMs > 0)) return 0;
  const mostFrames = MAX_UNREAD_BYTES / Math.max(1, packetBytes);
  const waitMs = Math.min(
    untilWantedMs(outlook),
    largeInMs - leadMs(outlook),
    mostFrames * frameMs,
    MAX_REST_MS,
  );
  return waitMs >= MIN_FRAMES * frameMs ? waitMs : 0;
}

/** Until work on what is wanted next has to begin; Infinity while nothing is wanted. */
function untilWantedMs(outlook: RestOutlook): number {
  const { wanted, keyInMs, dueInMs, nextInMs, frameMs } = outlook;
  if (!wanted) return Infinity;
  if (keyInMs !== null) {
    // A detector that is due before the keyframe may make the decoder catch up.
    return Math.max(0, dueInMs > 0 ? Math.min(keyInMs, dueInMs) : keyInMs) - leadMs(outlook);
  }
  // The mailbox announces the frame that is nearest to the due time: see EARLY_FRAMES.
  const framesBefore = Math.max(0, Math.ceil((dueInMs - nextInMs) / frameMs - EARLY_FRAMES));
  return nextInMs + framesBefore * frameMs - workMs(framesBefore, outlook) - leadMs(outlook);
}

/**
 * What decoding so many packets may take. Their deviations are taken for independent of one another, so
 * the deviation of the sum grows with the root of their number.
 */
export function workMs(
  packets: number,
  { decodeMs, decodeDeviationMs }: Pick<RestOutlook, "decodeMs" | "decodeDeviationMs">,
): number {
  const marginMs = DEVIATIONS * decodeDeviationMs * Math.sqrt(packets);
  return packets * decodeMs + Math.min(MAX_MARGIN_MS, marginMs);
}

function leadMs({ latenessMs }: RestOutlook): number {
  return LEAD_MS + Math.min(MAX_LATENESS_MS, latenessMs);
}
