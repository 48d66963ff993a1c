import type { FromPublisher } from "../core/messages.ts";

/** Copies of payloads for the readers of `GET /events`; without readers none are made. */
export class Copies {
  /** Whether there are readers. */
  isOn = false;
  readonly #post: (message: FromPublisher) => void;

  constructor(post: (message: FromPublisher) => void) {
    this.#post = post;
  }

  inference(camera: string, detector: string, payload: string): void {
    this.#post({ kind: "copied", copy: { event: "inference", camera, detector, payload } });
  }

  presence(number: number, camera: string, payload: string): void {
    this.#post({ kind: "copied", copy: { event: "presence", camera, number, payload } });
  }
}
