import type { StayPicture } from "../../core/presence_types.ts";

/** Requests that one thread has not answered; a further one is answered at once, without a picture. */
export const MAX_PENDING_PICTURES = 256;

/** The requests to a camera's thread for the pictures of stays: each gets one answer, whatever fails. */
export class PictureRequests {
  readonly #answer: (picture: StayPicture) => void;
  /** How many are pending, by stay. */
  readonly #pending = new Map<string, number>();
  #count = 0;

  /** @param answer  called once for each request */
  constructor(answer: (picture: StayPicture) => void) {
    this.#answer = answer;
  }

  /** @param post  sends the request to the thread; null while there is none */
  request(stay: string, post: (() => void) | null): void {
    if (post === null || this.#count >= MAX_PENDING_PICTURES) return this.#answer(noPicture(stay));
    this.#pending.set(stay, (this.#pending.get(stay) ?? 0) + 1);
    this.#count += 1;
    post();
  }

  /** The thread's answer. */
  answered(picture: StayPicture): void {
    const pending = this.#pending.get(picture.stay) ?? 0;
    // An answer to no request.
    if (pending === 0) return;
    if (pending === 1) this.#pending.delete(picture.stay);
    else this.#pending.set(picture.stay, pending - 1);
    this.#count -= 1;
    this.#answer(picture);
  }

  /** The thread is gone: it will answer none of them. */
  threadEnded(): void {
    const pending = [...this.#pending];
    this.#pending.clear();
    this.#count = 0;
    for (const [stay, count] of pending) {
      for (let each = 0; each < count; each++) this.#answer(noPicture(stay));
    }
  }
}

/** The answer where there is no picture. */
export function noPicture(stay: string): StayPicture {
  return { stay, seq: null, bytes: null };
}
