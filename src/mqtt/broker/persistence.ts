/**
 * The state that the embedded broker keeps, within bounds: sessions of disconnected clients, their queued
 * messages, and retained messages.
 */
import { Readable } from "node:stream";
// @ts-types="./aedes_persistence.d.ts"
import MemoryPersistence from "aedes-persistence/asyncPersistence.js";
import type { SessionId, StoredPacket, StoredSubscription } from "./aedes_persistence.d.ts";

/** Clients whose subscriptions outlive their connection; beyond it the oldest session is deleted. */
export const MAX_SESSIONS = 64;
/** Queued messages of one session, and their bytes in all sessions; beyond it messages are dropped. */
export const MAX_QUEUED_MESSAGES = 1_000;
export const MAX_QUEUED_BYTES = 32 * 1024 * 1024;
/** Topics with a retained message, and the bytes of those messages. */
export const MAX_RETAINED_TOPICS = 4_096;
export const MAX_RETAINED_BYTES = 32 * 1024 * 1024;

/** A message for a client, or the PUBREL that replaced it (QoS 2). */
interface QueuedPacket {
  packet: StoredPacket;
  readonly sizeBytes: number;
}

/** The bytes of a message and its topic. */
function sizeOf({ topic = "", payload = "" }: Pick<StoredPacket, "topic" | "payload">): number {
  return payload.length + topic.length;
}

/** The in-memory persistence of aedes, with bounds on everything that clients can make grow. */
export class BoundedPersistence extends MemoryPersistence {
  readonly #isConnected: (clientId: string) => boolean;
  readonly #onDropped: (clientId: string) => void;
  /** Client ids with a session, the one that subscribed last at the end. */
  readonly #sessions = new Set<string>();
  readonly #queues = new Map<string, QueuedPacket[]>();
  /** Bytes of retained messages by topic. */
  readonly #retained = new Map<string, number>();
  #queuedBytes = 0;
  #retainedBytes = 0;

  /**
   * @param parts.isConnected  whether the client of a session is connected
   * @param parts.onDropped    called for every message that a session does not get
   */
  constructor(parts: {
    readonly isConnected: (clientId: string) => boolean;
    readonly onDropped: (clientId: string) => void;
  }) {
    super();
    this.#isConnected = parts.isConnected;
    this.#onDropped = parts.onDropped;
  }

  /** The bytes of the messages for disconnected or slow clients. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Whether a message can be retained; an empty one always can, since it deletes another. */
  canRetain(message: { readonly topic: string; readonly payload: Uint8Array | string }): boolean {
    if (message.payload.length === 0) return true;
    const before = this.#retained.get(message.topic);
    if (before === undefined && this.#retained.size >= MAX_RETAINED_TOPICS) return false;
    return this.#retainedBytes - (before ?? 0) + sizeOf(message) <= MAX_RETAINED_BYTES;
  }

  override async storeRetained(packet: StoredPacket): Promise<void> {
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

  override async addSubscriptions(
    { id }: SessionId,
    subscriptions: StoredSubscription[],
  ): Promise<void> {
    this.#sessions.delete(id);
    this.#sessions.add(id);
    if (this.#sessions.size > MAX_SESSIONS) {
      const oldest = [...this.#sessions].find((each) => each !== id && !this.#isConnected(each));
      if (oldest !== undefined) await this.#deleteSession(oldest);
    }
    await super.addSubscriptions({ id }, subscriptions);
  }

  override async cleanSubscriptions({ id }: SessionId): Promise<void> {
    this.#sessions.delete(id);
    for (const { sizeBytes } of this.#queues.get(id) ?? []) this.#queuedBytes -= sizeBytes;
    this.#queues.delete(id);
    await super.cleanSubscriptions({ id });
  }

  override outgoingEnqueue(
    { clientId }: { readonly clientId: string },
    packet: StoredPacket,
  ): Promise<void> {
    const queue = this.#queues.get(clientId) ?? [];
    const sizeBytes = sizeOf(packet);
    const isFull = queue.length >= MAX_QUEUED_MESSAGES ||
      this.#queuedBytes + sizeBytes > MAX_QUEUED_BYTES;
    if (isFull) this.#onDropped(clientId);
    else {
      // The packet identifier is the client's own, assigned when it is sent.
      queue.push({ packet: { ...packet, messageId: undefined }, sizeBytes });
      this.#queuedBytes += sizeBytes;
      this.#queues.set(clientId, queue);
    }
    return Promise.resolve();
  }

  override async outgoingEnqueueCombi(
    subscriptions: readonly { readonly clientId: string }[],
    packet: StoredPacket,
  ): Promise<void> {
    for (const each of subscriptions) await this.outgoingEnqueue(each, packet);
  }

  /** Notes the packet identifier of a queued message that was sent, or replaces it by its PUBREL. */
  override outgoingUpdate({ id }: SessionId, packet: StoredPacket): Promise<void> {
    const queued = this.#queues.get(id)?.find((each) =>
      each.packet.brokerId === packet.brokerId
        ? each.packet.brokerCounter === packet.brokerCounter
        : each.packet.messageId === packet.messageId
    );
    if (queued === undefined) return Promise.reject(new Error("no such packet"));
    if (queued.packet.brokerId !== packet.brokerId) queued.packet = packet;
    else queued.packet.messageId = packet.messageId;
    return Promise.resolve();
  }

  /** Removes a message that the client acknowledged. */
  override outgoingClearMessageId(
    { id }: SessionId,
    packet: StoredPacket,
  ): Promise<StoredPacket | undefined> {
    const queue = this.#queues.get(id) ?? [];
    const index = queue.findIndex((each) =>
      each.packet.messageId === packet.messageId &&
      // One that was never sent has no packet identifier.
      (packet.messageId !== undefined || each.packet.brokerCounter === packet.brokerCounter)
    );
    const [removed] = index < 0 ? [] : queue.splice(index, 1);
    this.#queuedBytes -= removed?.sizeBytes ?? 0;
    return Promise.resolve(removed?.packet);
  }

  override outgoingStream({ id }: SessionId): Readable {
    return Readable.from((this.#queues.get(id) ?? []).map(({ packet }) => packet));
  }

  /** Stores no payload: a message of QoS 2 is forwarded at once, only its packet identifier is read. */
  override incomingStorePacket(client: SessionId, packet: StoredPacket): Promise<void> {
    return super.incomingStorePacket(client, { ...packet, payload: "" });
  }

  async #deleteSession(id: string): Promise<void> {
    await this.cleanSubscriptions({ id });
    await this.cleanIncoming({ id });
  }
}
