import { EXIT } from "../core/exit.ts";
import { watchTerminal } from "../service/terminal.ts";

const STOPS = ["SIGINT", "SIGTERM"] as const;

/** What it uses of the process. */
export type SignalHost = Pick<typeof Deno, "addSignalListener" | "removeSignalListener" | "exit">;

/**
 * Handles the signals that come before the service does, while Orion's modules are loaded and the
 * configuration is read: nothing runs yet that would have to be stopped. It imports little, since a signal
 * that comes before it is loaded ends the process.
 */
export class FirstSignals {
  readonly #host: SignalHost;
  readonly #isTerminalGone: () => boolean;
  #hasAskedToReload = false;

  constructor(host: SignalHost = Deno, isTerminalGone = watchTerminal()) {
    this.#host = host;
    this.#isTerminalGone = isTerminalGone;
    for (const signal of STOPS) host.addSignalListener(signal, this.#stop);
    host.addSignalListener("SIGHUP", this.#hangUp);
  }

  /**
   * The service handles all signals from now on.
   * @returns whether the configuration, which may have been read before, is to be read again
   */
  release(): boolean {
    for (const signal of STOPS) this.#host.removeSignalListener(signal, this.#stop);
    this.#host.removeSignalListener("SIGHUP", this.#hangUp);
    return this.#hasAskedToReload;
  }

  readonly #stop = (): void => this.#host.exit(EXIT.done);

  readonly #hangUp = (): void => {
    if (this.#isTerminalGone()) this.#stop();
    this.#hasAskedToReload = true;
  };
}
