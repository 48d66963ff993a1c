/** Which connections and clients the embedded broker admits: a bounded number, and always Orion's own. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Duplex } from "node:stream";
import type { OwnClient } from "../../core/publisher_types.ts";

/** Connected clients, Orion's own apart: dashboards and tools on the same machine. */
export const MAX_CLIENTS = 64;
/** Connections without a CONNECT; beyond it the oldest is closed. */
export const MAX_PENDING_CONNECTS = 64;
/** All connections; the two limits above keep their number below it. */
export const MAX_CONNECTIONS = 256;
/** How long a connection may take to send its CONNECT. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** The return codes with which CONNACK refuses a client (MQTT 3.1.1, section 3.2.2.3). */
export const RETURN_CODE = { identifierRejected: 2, serverUnavailable: 3 } as const;

export type ReturnCode = (typeof RETURN_CODE)[keyof typeof RETURN_CODE];

/** Counts connections and clients, and reserves the client id and the topics of Orion's own client. */
export class Admission {
  readonly #own: OwnClient | null;
  /** Connections without a CONNECT, oldest first. */
  readonly #pending = new Set<Duplex>();
  /** Client ids by connection, Orion's own apart. */
  readonly #clients = new Map<Duplex, string>();

  constructor(own: OwnClient | null) {
    this.#own = own;
  }

  /** Registers a connection that was accepted. */
  addConnection(connection: Duplex): void {
    const [oldest] = this.#pending;
    if (oldest !== undefined && this.#pending.size >= MAX_PENDING_CONNECTS) {
      this.#pending.delete(oldest);
      oldest.destroy();
    }
    this.#pending.add(connection);
    connection.on("close", () => {
      this.#pending.delete(connection);
      this.#clients.delete(connection);
    });
  }

  /**
   * Registers the client of a CONNECT. Refuses Orion's own client id without its password: a second client
   * of one id would also end the connection of the first.
   * @returns why it is refused, or null
   */
  addClient(
    connection: Duplex,
    clientId: string,
    password: Uint8Array | undefined,
  ): ReturnCode | null {
    this.#pending.delete(connection);
    // aedes handles CONNECT after the end of the connection as well, whose place nothing would free again.
    if (connection.destroyed) return RETURN_CODE.serverUnavailable;
    if (clientId === this.#own?.clientId) {
      return isPassword(password, this.#own.password) ? null : RETURN_CODE.identifierRejected;
    }
    if (this.#clients.size >= MAX_CLIENTS && !this.isConnected(clientId)) {
      return RETURN_CODE.serverUnavailable;
    }
    this.#clients.set(connection, clientId);
    return null;
  }

  isConnected(clientId: string): boolean {
    return [...this.#clients.values()].includes(clientId);
  }

  /** Whether a client may publish to a topic: only Orion's own may below its root, commands apart. */
  mayPublish(clientId: string | null, topic: string): boolean {
    if (this.#own === null || clientId === this.#own.clientId) return true;
    const root = `${this.#own.rootTopic}/`;
    if (!topic.startsWith(root)) return true;
    const rest = topic.slice(root.length);
    return rest === "control" || rest.endsWith("/set");
  }
}

/** Compares in constant time. */
function isPassword(given: Uint8Array | undefined, expected: string): boolean {
  const digest = (bytes: string | Uint8Array) => createHash("sha256").update(bytes).digest();
  return timingSafeEqual(digest(given ?? ""), digest(expected));
}
