import type { FromPublisher } from "../core/messages.ts";
import type { DiscardReason, TopicKind } from "../core/publisher_types.ts";

/** Reports messages to main: each once as produced, and once more as published or discarded. */
export class MessageCounts {
  readonly #post: (message: FromPublisher) => void;

  constructor(post: (message: FromPublisher) => void) {
    this.#post = post;
  }

  produced(topicKind: Exclude<TopicKind, "inference">): void {
    this.#post({ kind: "produced", topicKind, frame: null });
  }

  published(topicKind: Exclude<TopicKind, "inference">): void {
    this.#post({ kind: "published", topicKind });
  }

  discarded(topicKind: TopicKind, reason: DiscardReason): void {
    this.#post({ kind: "discarded", topicKind, reason });
  }
}
