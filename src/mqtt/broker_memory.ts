/**
 * What the embedded broker remembers, within bounds: sessions of clients that are away, the messages
 * that wait for them, and retained messages.
 */
import { Readable } from "node:stream";
// @ts-types="./aedes_memory.d.ts"
import MemoryPersistence from "aedes-persistence/asyncPersistence.js";
import type { KeptPacket, Named, Subscribed } from "./aedes_memory.d.ts";

/** Clients whose subscriptions outlive their connection; the one that came first makes room. */
export const MAX_SESSIONS = 64;
/** Messages that wait for one of them, and what they hold for all; beyond that they are dropped. */
export const MAX_QUEUED_MESSAGES = 1_000;
export const MAX_QUEUED_BYTES = 32 * 1024 * 1024;
/** Topics whose last message is kept, and what those messages hold. */
export const MAX_RETAINED_TOPICS = 4_096;
export const MAX_RETAINED_BYTES = 32 * 1024 * 1024;

/** A message that waits for a client, or the PUBREL that has taken its place (QoS 2). */
interface Waiting {
  packet: KeptPacket;
  readonly sizeBytes: number;
}

/** The bytes that a message holds, its topic included. */
function sizeOf({ topic = "", payload = "" }: Pick<KeptPacket, "topic" | "payload">): number {
  return payload.length + topic.length;
}

/** aedes' memory with an upper end: what grows with what clients do is kept here. */
export class BoundedMemory extends MemoryPersistence {
  readonly #isConnected: (clientId: string) => boolean;
  readonly #onDropped: (clientId: string) => void;
  /** Ids of clients with a session, the one that subscribed last at the end. */
  readonly #sessions = new Set<string>();
  readonly #queues = new Map<string, Waiting[]>();
  /** Sizes of retained messages by topic. */
  readonly #retained = new Map<string, number>();
  #queuedBytes = 0;
  #retainedBytes = 0;

  /**
   * @param parts.isConnected  whether the client of a session is here
   * @param parts.onDropped    a message for a session was dropped
   */
  constructor(parts: {
    readonly isConnected: (clientId: string) => boolean;
    readonly onDropped: (clientId: string) => void;
  }) {
    super();
    this.#isConnected = parts.isConnected;
    this.#onDropped = parts.onDropped;
  }

  /** What waits for clients that are away or slow. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Whether a message can be retained; an empty one always can, since it makes room. */
  canRetain(message: { readonly topic: string; readonly payload: Uint8Array | string }): boolean {
    if (message.payload.length === 0) return true;
    const before = this.#retained.get(message.topic);
    if (before === undefined && this.#retained.size >= MAX_RETAINED_TOPICS) return false;
    return this.#retainedBytes - (before ?? 0) + sizeOf(message) <= MAX_RETAINED_BYTES;
  }

  override async storeRetained(packet: KeptPacket): Promise<void> {
    const { topic = "", payload = "" } = packet;
    if (!this.canRetain({ topic, payload })) return;
    this.#retainedBytes -= this.#retained.get(topic) ?? 0;
    this.#retained.delete(topic);
    if (payload.length > 0) {
      this.#retained.set(topic, sizeOf(packet));
      this.#retainedBytes += sizeOf(packet);
    }
    await super.storeRetained(packet);
  }

  override async addSubscriptions({ id }: Named, subscriptions: Subscribed[]): Promise<void> {
    this.#sessions.delete(id);
    this.#sessions.add(id);
    if (this.#sessions.size > MAX_SESSIONS) {
      const away = [...this.#sessions].find((each) => each !== id && !this.#isConnected(each));
      if (away !== undefined) await this.#forget(away);
    }
    await super.addSubscriptions({ id }, subscriptions);
  }

  override async cleanSubscriptions({ id }: Named): Promise<void> {
    this.#sessions.delete(id);
    for (const { sizeBytes } of this.#queues.get(id) ?? []) this.#queuedBytes -= sizeBytes;
    this.#queues.delete(id);
    await super.cleanSubscriptions({ id });
  }

  override outgoingEnqueue(
    { clientId }: { readonly clientId: string },
    packet: KeptPacket,
  ): Promise<void> {
    const queue = this.#queues.get(clientId) ?? [];
    const sizeBytes = sizeOf(packet);
    const isTooMuch = this.#queuedBytes + sizeBytes > MAX_QUEUED_BYTES;
    if (queue.length >= MAX_QUEUED_MESSAGES || isTooMuch) this.#onDropped(clientId);
    else {
      // Each client gets an id of its own for it, when it is sent.
      queue.push({ packet: { ...packet, messageId: undefined }, sizeBytes });
      this.#queuedBytes += sizeBytes;
      this.#queues.set(clientId, queue);
    }
    return Promise.resolve();
  }

  override async outgoingEnqueueCombi(
    subscriptions: readonly { readonly clientId: string }[],
    packet: KeptPacket,
  ): Promise<void> {
    for (const each of subscriptions) await this.outgoingEnqueue(each, packet);
  }

  /** Notes the id under which a waiting message was sent, or puts a PUBREL in its place. */
  override outgoingUpdate({ id }: Named, packet: KeptPacket): Promise<void> {
    const waiting = this.#queues.get(id)?.find((each) =>
      each.packet.brokerId === packet.brokerId
        ? each.packet.brokerCounter === packet.brokerCounter
        : each.packet.messageId === packet.messageId
    );
    if (waiting === undefined) return Promise.reject(new Error("no such packet"));
    if (waiting.packet.brokerId !== packet.brokerId) waiting.packet = packet;
    else waiting.packet.messageId = packet.messageId;
    return Promise.resolve();
  }

  /** The client has acknowledged a message. */
  override outgoingClearMessageId(
    { id }: Named,
    packet: KeptPacket,
  ): Promise<KeptPacket | undefined> {
    const queue = this.#queues.get(id) ?? [];
    const at = queue.findIndex((each) =>
      each.packet.messageId === packet.messageId &&
      // One that was never sent has no id yet.
      (packet.messageId !== undefined || each.packet.brokerCounter === packet.brokerCounter)
    );
    const [waiting] = at < 0 ? [] : queue.splice(at, 1);
    this.#queuedBytes -= waiting?.sizeBytes ?? 0;
    return Promise.resolve(waiting?.packet);
  }

  override outgoingStream({ id }: Named): Readable {
    return Readable.from((this.#queues.get(id) ?? []).map(({ packet }) => packet));
  }

  /** Of a message of QoS 2 only that it came is asked for: its payload went on at once. */
  override incomingStorePacket(client: Named, packet: KeptPacket): Promise<void> {
    return super.incomingStorePacket(client, { ...packet, payload: "" });
  }

  async #forget(id: string): Promise<void> {
    await this.cleanSubscriptions({ id });
    await this.cleanIncoming({ id });
  }
}
