import type { DiscardReason, MessageAccounts, TopicKind } from "../../core/publisher_types.ts";

interface Counts {
  produced: number;
  published: number;
  readonly discarded: Partial<Record<DiscardReason, number>>;
}

/** Counts the messages of every kind, over all threads of the publisher. */
export class MessageLedger {
  readonly #kinds = new Map<TopicKind, Counts>();

  produced(kind: TopicKind): void {
    this.#of(kind).produced += 1;
  }

  published(kind: TopicKind): void {
    this.#of(kind).published += 1;
  }

  discarded(kind: TopicKind, reason: DiscardReason): void {
    const { discarded } = this.#of(kind);
    discarded[reason] = (discarded[reason] ?? 0) + 1;
  }

  /** The publisher's thread is gone, and with it what waited there. */
  threadEnded(): void {
    for (const counts of this.#kinds.values()) {
      const lost = waiting(counts);
      if (lost > 0) counts.discarded.restart = (counts.discarded.restart ?? 0) + lost;
    }
  }

  /** The account of every kind, at this moment. */
  accounts(): MessageAccounts {
    const accounts: { -readonly [Kind in keyof MessageAccounts]: MessageAccounts[Kind] } = {};
    for (const [kind, counts] of this.#kinds) {
      const { produced, published, discarded } = counts;
      const account = { produced, published, discarded: { ...discarded } };
      accounts[kind] = { ...account, waiting: waiting(counts) };
    }
    return accounts;
  }

  #of(kind: TopicKind): Counts {
    const known = this.#kinds.get(kind);
    if (known !== undefined) return known;
    const counts = { produced: 0, published: 0, discarded: {} };
    this.#kinds.set(kind, counts);
    return counts;
  }
}

function waiting({ produced, published, discarded }: Counts): number {
  let settled = published;
  for (const count of Object.values(discarded)) settled += count;
  return produced - settled;
}
