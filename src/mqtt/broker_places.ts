/** Who has a place at the embedded broker: connections without a name, clients, and Orion's own. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Duplex } from "node:stream";
import type { OwnClient } from "../core/publisher_types.ts";

/** Clients at once, Orion's own apart: dashboards and tools on the same machine. */
export const MAX_CLIENTS = 64;
/** Connections that have not said who they are; the oldest makes room. */
export const MAX_UNNAMED = 64;
/** Connections of any kind; the two limits before keep their number below it. */
export const MAX_CONNECTIONS = 256;
/** How long a connection may take to say so. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** Why a client is refused, as CONNACK says it (MQTT 3.1.1, section 3.2.2.3). */
export type Refusal = "identifier" | "unavailable";

/** Keeps count of connections and clients, and a place for Orion's own. */
export class BrokerPlaces {
  readonly #own: OwnClient | null;
  /** In the order in which they came. */
  readonly #unnamed = new Set<Duplex>();
  /** Ids of the clients by their connections, Orion's own apart. */
  readonly #clients = new Map<Duplex, string>();

  constructor(own: OwnClient | null) {
    this.#own = own;
  }

  /** A connection was accepted. */
  accepted(connection: Duplex): void {
    const [oldest] = this.#unnamed;
    if (oldest !== undefined && this.#unnamed.size >= MAX_UNNAMED) {
      this.#unnamed.delete(oldest);
      oldest.destroy();
    }
    this.#unnamed.add(connection);
    connection.on("close", () => {
      this.#unnamed.delete(connection);
      this.#clients.delete(connection);
    });
  }

  /**
   * A connection names itself, and gets a place. No other is taken for Orion's own client: not to
   * connect, and so not to end that one's connection either, as a second client of one id does.
   * @returns why it is refused, or null
   */
  named(connection: Duplex, clientId: string, password: Uint8Array | undefined): Refusal | null {
    this.#unnamed.delete(connection);
    if (clientId === this.#own?.clientId) {
      return isPassword(password, this.#own.password) ? null : "identifier";
    }
    if (this.#clients.size >= MAX_CLIENTS && !this.isHere(clientId)) return "unavailable";
    this.#clients.set(connection, clientId);
    return null;
  }

  /** Whether a client of that id is connected. */
  isHere(clientId: string): boolean {
    return [...this.#clients.values()].includes(clientId);
  }

  isOwn(clientId: string | null): boolean {
    return this.#own !== null && clientId === this.#own.clientId;
  }

  /** Whether what is published there would be taken for Orion's own word. */
  isOwnTopic(topic: string): boolean {
    if (this.#own === null || !topic.startsWith(`${this.#own.rootTopic}/`)) return false;
    const rest = topic.slice(this.#own.rootTopic.length + 1);
    return rest !== "control" && !rest.endsWith("/set");
  }
}

/** Compares in a time that says nothing of where the two differ. */
function isPassword(given: Uint8Array | undefined, wanted: string): boolean {
  const digest = (bytes: string | Uint8Array) => createHash("sha256").update(bytes).digest();
  return timingSafeEqual(digest(given ?? ""), digest(wanted));
}
