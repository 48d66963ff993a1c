import type { Cancel, Clock } from "../core/clock.ts";
import type { StayPicture } from "../core/presence_types.ts";

/** How long an event waits for the picture of its stay. */
export const PICTURE_TIMEOUT_MS = 2_000;

/** Called with the picture, or with null where none came in time. */
type OnPicture = (picture: StayPicture | null) => void;

interface Waiter {
  readonly seq: number;
  readonly onPicture: OnPicture;
  readonly cancel: Cancel;
}

interface Waiters {
  /** Requests without an answer, those included that nothing waits for any more. */
  unanswered: number;
  readonly waiting: Waiter[];
}

/** Requests the pictures of stays. Each request is answered once, in order for each stay. */
export class PictureRequests {
  readonly #clock: Clock;
  readonly #stays = new Map<string, Waiters>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Waits for the picture of a stay that shows the frame `seq`. */
  add(stay: string, seq: number, onPicture: OnPicture): void {
    const waiters = this.#stays.get(stay) ?? { unanswered: 0, waiting: [] };
    this.#stays.set(stay, waiters);
    const cancel = this.#clock.after(PICTURE_TIMEOUT_MS, () => {
      waiters.waiting.shift();
      if (waiters.waiting.length === 0) this.#stays.delete(stay);
      onPicture(null);
    });
    waiters.unanswered += 1;
    waiters.waiting.push({ seq, onPicture, cancel });
  }

  /** An answer came. */
  answer(picture: StayPicture): void {
    const waiters = this.#stays.get(picture.stay);
    const [first] = waiters?.waiting ?? [];
    if (waiters === undefined || first === undefined) return;
    const isLate = waiters.unanswered > waiters.waiting.length;
    waiters.unanswered -= 1;
    // The answer to a request that nothing waits for any more may show the same frame.
    if (isLate && picture.seq !== first.seq) return;
    waiters.waiting.shift();
    if (waiters.waiting.length === 0) this.#stays.delete(picture.stay);
    first.cancel();
    first.onPicture(picture);
  }

  /** Waits for nothing any more, and calls nothing back. */
  stop(): void {
    for (const { waiting } of this.#stays.values()) {
      for (const { cancel } of waiting) cancel();
    }
    this.#stays.clear();
  }
}
