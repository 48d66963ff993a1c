/** A broker that answers each connection with bytes that a test makes, whatever the client sends. */
import { listenPatiently } from "../system/ports.ts";
import { isGone } from "../cameras/faulty_camera/wire.ts";
import { WAIT_TIMEOUT_MS } from "../system/lines.ts";

/** The answer to one connection: pieces in order, and how it ends. */
export interface HostileAnswer {
  /** The first is sent at the client's CONNECT, each further one after its next bytes, or after a while. */
  readonly pieces: readonly Uint8Array[];
  readonly end: "close" | "half-close" | "silence";
}

/** Of a hostile broker: until its next piece to a silent client, and until its silence ends. */
const PAUSE_MS = 5;
const SILENCE_MS = 100;
const READ_BYTES = 65_536;

/** Listens on 127.0.0.1; closed when disposed. */
export class HostileBroker implements AsyncDisposable {
  readonly port: number;
  /** Connections that were answered to their ends. */
  answered = 0;
  readonly #listener: Deno.TcpListener;
  readonly #answer: (connection: number, isVersion5: boolean) => HostileAnswer;
  readonly #open = new Set<Promise<void>>();
  readonly #accepting: Promise<void>;
  #onAnswered: () => void = () => undefined;
  #accepted = 0;
  #isClosed = false;

  /** @param answer  for the nth connection, and whether its CONNECT is of MQTT 5 */
  constructor(port: number, answer: (connection: number, isVersion5: boolean) => HostileAnswer) {
    this.#answer = answer;
    this.#listener = listenPatiently(() => Deno.listen({ hostname: "127.0.0.1", port }));
    this.port = this.#listener.addr.port;
    this.#accepting = this.#accept();
  }

  /** Resolves when that many connections were answered; rejects when none comes for a long time. */
  async reached(count: number): Promise<void> {
    while (this.answered < count) {
      const next = Promise.withResolvers<void>();
      this.#onAnswered = next.resolve;
      const late = () => next.reject(new Error(`no connection came after ${this.answered}`));
      const timer = setTimeout(late, WAIT_TIMEOUT_MS);
      await next.promise.finally(() => clearTimeout(timer));
    }
  }

  /** Stops listening, and resolves when every connection has ended. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isClosed) this.#listener.close();
    this.#isClosed = true;
    await this.#accepting;
    await Promise.all(this.#open);
  }

  async #accept(): Promise<void> {
    try {
      for await (const connection of this.#listener) {
        const served = this.#serve(connection, this.#accepted++).then(() => {
          this.#open.delete(served);
          this.answered++;
          this.#onAnswered();
        });
        this.#open.add(served);
      }
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  async #serve(connection: Deno.TcpConn, index: number): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    let reading: Promise<number | null> | null = null;
    /** The next bytes, or null for the end; the same until they are taken. */
    const read = () =>
      reading ??= connection.read(buffer).catch((error: unknown) => {
        if (isGone(error)) return null;
        throw error;
      });
    /** Whether bytes or the end came within a time. */
    const came = async (withinMs: number) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<"late">((resolve) => {
        timer = setTimeout(resolve, withinMs, "late");
      });
      const first = await Promise.race([read(), late]);
      clearTimeout(timer);
      if (first !== "late") reading = null;
      return first;
    };
    try {
      if (await read() === null) return;
      reading = null;
      // The protocol level follows the name "MQTT" and the two lengths before it.
      const { pieces, end } = this.#answer(index, buffer[8] === 5 || buffer[9] === 5);
      for (const piece of pieces) {
        for (let at = 0; at < piece.length;) at += await connection.write(piece.subarray(at));
        if (await came(PAUSE_MS) === null) return;
      }
      if (end === "half-close") await connection.closeWrite();
      if (end !== "close") await came(SILENCE_MS);
    } catch (error) {
      if (!isGone(error)) throw error;
    } finally {
      connection.close();
      await reading;
    }
  }
}
