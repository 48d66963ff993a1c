/**
 * What the embedded broker uses of aedes' memory. The package's own types ask for a client with its
 * connection where an id is all that is read; a session has no connection.
 */
import type { Readable } from "node:stream";

/** A client, or the session of one that is away. */
export interface Named {
  readonly id: string;
}

/** A packet as it is kept. */
export interface KeptPacket {
  readonly cmd: string;
  readonly brokerId: string;
  readonly brokerCounter: number;
  readonly topic?: string;
  readonly payload?: string | Uint8Array;
  /** The id under which it was sent to the client, once it was. */
  messageId?: number | undefined;
}

export interface Subscribed {
  readonly topic: string;
  readonly qos: number;
}

declare class MemoryPersistence {
  storeRetained(packet: KeptPacket): Promise<void>;
  addSubscriptions(client: Named, subscriptions: readonly Subscribed[]): Promise<void>;
  cleanSubscriptions(client: Named): Promise<void>;
  outgoingEnqueue(subscription: { readonly clientId: string }, packet: KeptPacket): Promise<void>;
  outgoingEnqueueCombi(
    subscriptions: readonly { readonly clientId: string }[],
    packet: KeptPacket,
  ): Promise<void>;
  outgoingUpdate(client: Named, packet: KeptPacket): Promise<void>;
  outgoingClearMessageId(client: Named, packet: KeptPacket): Promise<KeptPacket | undefined>;
  outgoingStream(client: Named): Readable;
  incomingStorePacket(client: Named, packet: KeptPacket): Promise<void>;
  cleanIncoming(client: Named): Promise<void>;
  countOffline(): Promise<{ readonly clientsCount: number }>;
}

export default MemoryPersistence;
