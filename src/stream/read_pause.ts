import { EARLY_FRAMES } from "../framebus/detector_mailbox.ts";

/** Reading rests no longer than this: what has changed is noticed at once all the same. */
const MAX_PAUSE_MS = 400;

/**
 * What may gather in the socket meanwhile: less than the smallest window that Linux opens by itself, so
 * that the camera never has to hold anything back.
 */
const MAX_GATHERED_BYTES = 48 * 1024;

/** Gathering fewer packets than this is not worth the timer. */
const MIN_PACKETS = 2;

/** The frame nearest to a due time comes up to half a frame before it; all before that must be done. */
const LEAD_FRAMES = 0.65;

/** Those before a frame that is due are decoded together with it if that takes no longer than this. */
const MAX_LATE_MS = 5;

/** After a frame is expected, and nobody need wait for it. */
const MARGIN_MS = 1;

/** Every so many times the frame itself is waited for, which tells when frames really come. */
const AWAITED_EVERY = 8;

/** So many packets show a connection's rhythm. */
const MIN_SEEN = 32;

/** How much one packet weighs in the running averages. */
const WEIGHT = 1 / 8;

/** Who waits for what at this moment. */
export interface Prospect {
  /** The time between the camera's frames. */
  readonly frameMs: number;
  /** Some detector would take a picture of this camera, now or later. */
  readonly wanted: boolean;
  /** Somebody waits for a picture, whichever comes first. */
  readonly pictureWanted: boolean;
  /** Until the next frame is expected; negative when it is overdue. */
  readonly nextInMs: number;
  /** Until the first detector is due; 0 while one is. */
  readonly dueInMs: number;
  /** Until the keyframe that decoding goes on with; null while the decoder works. */
  readonly keyInMs: number | null;
  /** Until a keyframe that is far larger than the packets before it; Infinity when that cannot be told. */
  readonly largeInMs: number;
}

/**
 * When reading may rest: packets that nobody waits for gather in the socket and are then read and
 * decoded together. A thread that wakes for each packet spends more on waking, and on filling the
 * processor's caches anew, than on the packet.
 *
 * Where few frames lie before the one that a detector will take, they are read together with it; the
 * rest otherwise ends early enough that it is not late at all.
 */
export class ReadPause {
  #seen = 0;
  #packetBytes = 0;
  #decodeMs = 0;
  #wasKey = false;
  #rests = 0;

  /**
   * A packet was read. Keyframes are large and few, and come when they are expected, unless there is
   * nothing else, as in MJPEG.
   */
  packet(sizeBytes: number, isKey: boolean): void {
    const isRare = isKey && !this.#wasKey;
    this.#wasKey = isKey;
    this.#seen++;
    if (isRare) return;
    this.#packetBytes += (sizeBytes - this.#packetBytes) * WEIGHT;
  }

  /** A packet was decoded in this time. */
  decoded(spentMs: number): void {
    this.#decodeMs += (spentMs - this.#decodeMs) * WEIGHT;
  }

  /** Milliseconds for which nothing need be read; 0 when the next packet is wanted, or soon will be. */
  waitMs(prospect: Prospect): number {
    if (prospect.pictureWanted || this.#seen < MIN_SEEN) return 0;
    const packets = Math.min(
      MAX_PAUSE_MS / prospect.frameMs,
      MAX_GATHERED_BYTES / Math.max(1, this.#packetBytes),
    );
    const together = this.#withDueMs(prospect, packets);
    const waitMs = together > 0 && ++this.#rests % AWAITED_EVERY !== 0
      ? together
      : this.#beforeDueMs(prospect, packets);
    // It is read while it comes.
    return Math.min(waitMs, prospect.largeInMs);
  }

  /** Until the frame that a detector will take is there, if what comes before it hardly delays it. */
  #withDueMs({ frameMs, wanted, nextInMs, dueInMs, keyInMs }: Prospect, packets: number): number {
    if (!wanted || keyInMs !== null || nextInMs <= 0) return 0;
    const before = Math.ceil((dueInMs - nextInMs) / frameMs - EARLY_FRAMES);
    if (before < 1 || before + 1 > packets || before * this.#decodeMs > MAX_LATE_MS) return 0;
    return nextInMs + before * frameMs + MARGIN_MS;
  }

  /** Until shortly before a frame that a detector will take. */
  #beforeDueMs({ frameMs, wanted, dueInMs, keyInMs }: Prospect, atMost: number): number {
    const packets = wanted ? Math.min(atMost, dueInMs / frameMs) : atMost;
    const workMs = keyInMs === null ? packets * this.#decodeMs : 0;
    const untilMs = wanted
      ? Math.min(dueInMs, keyInMs ?? Infinity) - LEAD_FRAMES * frameMs - workMs
      : Infinity;
    const waitMs = Math.min(untilMs, packets * frameMs);
    return waitMs >= MIN_PACKETS * frameMs ? waitMs : 0;
  }
}
