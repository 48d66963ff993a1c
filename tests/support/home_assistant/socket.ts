/** Home Assistant's websocket interface: commands with their results, and events. */
import assert from "node:assert/strict";

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class Socket {
  /** The events of every subscription, in order. */
  readonly events: Json[] = [];
  readonly #socket: WebSocket;
  readonly #closed: Promise<void>;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  private constructor(socket: WebSocket, closed: Promise<void>) {
    this.#socket = socket;
    this.#closed = closed;
  }

  /** Opens one and logs in. */
  static async open(url: string, token: string): Promise<Socket> {
    const socket = new WebSocket(url);
    const closed = Promise.withResolvers<void>();
    const ready = Promise.withResolvers<void>();
    socket.onclose = () => {
      closed.resolve();
      ready.reject(new Error("Home Assistant closed the websocket"));
    };
    const opened = new Socket(socket, closed.promise);
    socket.onmessage = ({ data }) => {
      const message: unknown = JSON.parse(String(data));
      assert.ok(isRecord(message));
      if (message["type"] === "auth_required") {
        socket.send(JSON.stringify({ type: "auth", access_token: token }));
      } else if (message["type"] === "auth_ok") ready.resolve();
      else opened.#receive(message);
    };
    await ready.promise;
    return opened;
  }

  /** Sends a command. @returns its result */
  command(type: string, fields: Json = {}): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, type, ...fields }));
    });
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.#closed;
  }

  #receive(message: Json): void {
    if (message["type"] === "event" && isRecord(message["event"])) {
      this.events.push(message["event"]);
      return;
    }
    const pending = this.#pending.get(Number(message["id"]));
    if (pending === undefined) return;
    this.#pending.delete(Number(message["id"]));
    if (message["success"] === true) pending.resolve(message["result"]);
    else pending.reject(new Error(`Home Assistant: ${JSON.stringify(message["error"])}`));
  }
}
