/**
 * The part of aedes-persistence that the embedded broker uses. The package's own types demand a client with
 * its connection where only the id is read; the session of a disconnected client has no connection.
 */
import type { Readable } from "node:stream";

/** A client, or the session of a disconnected one. */
export interface SessionId {
  readonly id: string;
}

/** A packet that is queued or retained. */
export interface StoredPacket {
  readonly cmd: string;
  readonly brokerId: string;
  readonly brokerCounter: number;
  readonly topic?: string;
  readonly payload?: string | Uint8Array;
  /** The packet identifier, once it was sent to the client. */
  messageId?: number | undefined;
}

export interface StoredSubscription {
  readonly topic: string;
  readonly qos: number;
}

declare class MemoryPersistence {
  storeRetained(packet: StoredPacket): Promise<void>;
  addSubscriptions(client: SessionId, subscriptions: readonly StoredSubscription[]): Promise<void>;
  cleanSubscriptions(client: SessionId): Promise<void>;
  outgoingEnqueue(subscription: { readonly clientId: string }, packet: StoredPacket): Promise<void>;
  outgoingEnqueueCombi(
    subscriptions: readonly { readonly clientId: string }[],
    packet: StoredPacket,
  ): Promise<void>;
  outgoingUpdate(client: SessionId, packet: StoredPacket): Promise<void>;
  outgoingClearMessageId(
    client: SessionId,
    packet: StoredPacket,
  ): Promise<StoredPacket | undefined>;
  outgoingStream(client: SessionId): Readable;
  incomingStorePacket(client: SessionId, packet: StoredPacket): Promise<void>;
  cleanIncoming(client: SessionId): Promise<void>;
  countOffline(): Promise<{ readonly clientsCount: number }>;
}

export default MemoryPersistence;
