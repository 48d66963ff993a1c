import type { Cancel, Clock } from "../core/clock.ts";
import type { StayPicture } from "../core/presence_types.ts";

/** How long an event waits for the picture of its stay. */
export const PICTURE_TIMEOUT_MS = 2_000;
/** Stays whose answers are awaited although nothing waits for them; of more, the oldest are forgotten. */
const MAX_LATE = 1_000;

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
    if (this.#stays.size > MAX_LATE) this.#forgetLate();
    const cancel = this.#clock.after(PICTURE_TIMEOUT_MS, () => {
      waiters.waiting.shift();
      onPicture(null);
    });
    waiters.unanswered += 1;
    waiters.waiting.push({ seq, onPicture, cancel });
  }

  /** An answer came. */
  answer(picture: StayPicture): void {
    const waiters = this.#stays.get(picture.stay);
    if (waiters === undefined) return;
    const [first] = waiters.waiting;
    const isLate = waiters.unanswered > waiters.waiting.length;
    waiters.unanswered -= 1;
    if (waiters.unanswered === 0) this.#stays.delete(picture.stay);
    // The answer to a request that nothing waits for any more may show the same frame.
    if (first === undefined || (isLate && picture.seq !== first.seq)) return;
    waiters.waiting.shift();
    first.cancel();
    first.onPicture(picture);
  }

  #forgetLate(): void {
    for (const [stay, { waiting }] of this.#stays) {
      if (waiting.length === 0) return void this.#stays.delete(stay);
    }
  }

  /** Waits for nothing any more, and calls nothing back. */
  stop(): void {
    for (const { waiting } of this.#stays.values()) {
      for (const { cancel } of waiting) cancel();
    }
    this.#stays.clear();
  }
}
