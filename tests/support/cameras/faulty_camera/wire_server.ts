import { listenPatiently } from "../../system/ports.ts";
import { behaviourOf } from "./options.ts";
import { Wire } from "./wire.ts";

/** A wire that does what a camera should. */
export const { wire: FAULTLESS } = behaviourOf({});

/** Accepts connections on 127.0.0.1 until it is disposed, and closes those that are open then. */
export class WireServer implements AsyncDisposable {
  /** Connections so far. */
  connections = 0;
  readonly #serve: (wire: Wire, connection: number) => Promise<void>;
  readonly #listener: Deno.TcpListener;
  readonly #serving = new Map<Wire, Promise<void>>();
  readonly #accepting: Promise<void>;

  /**
   * @param serve  runs for each connection, which has a number from 0, and is closed when that ends
   * @param port   default: any free one
   */
  constructor(serve: (wire: Wire, connection: number) => Promise<void>, port = 0) {
    this.#serve = serve;
    this.#listener = listenPatiently(() => Deno.listen({ hostname: "127.0.0.1", port }));
    this.#accepting = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const wire of this.#serving.keys()) wire.close();
    await Promise.all(this.#serving.values());
  }

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) {
      const wire = new Wire(connection, FAULTLESS);
      this.#serving.set(wire, this.#run(wire, this.connections++));
    }
  }

  async #run(wire: Wire, connection: number): Promise<void> {
    await this.#serve(wire, connection);
    wire.close();
    this.#serving.delete(wire);
  }
}
