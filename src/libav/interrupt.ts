import { LibraryError, LifecycleError } from "../core/errors.ts";
import type { Libav } from "./library.ts";
import type { Ptr } from "./pointers.ts";

const GO_ON = "0".charCodeAt(0);
const GIVE_UP = "1".charCodeAt(0);

/**
 * Ends libav's blocking calls from outside.
 *
 * libav asks a function about every 100 ms whether to give up. That function is the C library's
 * `atoi` over a text of one digit: no JavaScript is called from a foreign thread. It can serve one
 * input after the other; {@link clear} it between them.
 */
export class Interrupt implements Disposable {
  readonly #libav: Libav;
  readonly #digit: Ptr<"void">;
  /** The address of `int (*callback)(void *)`. */
  readonly callback: bigint;
  #raised = false;
  #users = 0;
  #disposed = false;

  constructor(libav: Libav) {
    this.#libav = libav;
    this.callback = libav.memory.functionAddress("atoi");
    if (this.callback === 0n) {
      throw new LibraryError({
        code: "LIBAV_UNSUPPORTED",
        message: "Cannot find atoi in the C library",
        retryable: false,
        remedy: "Run on a Linux with the GNU C library.",
      });
    }
    this.#digit = libav.memory.allocate(2);
    libav.count("interrupt", 1);
    this.clear();
  }

  get raised(): boolean {
    return this.#raised;
  }

  /** Makes the pending and all later calls on its inputs fail, within about 100 ms. */
  raise(): void {
    this.#set(true);
  }

  /** Lets calls through again. */
  clear(): void {
    this.#set(false);
  }

  /** The argument of {@link callback}; stays allocated until as many {@link release} calls. */
  retain(): Ptr<"void"> {
    this.#assertUsable();
    this.#users++;
    return this.#digit;
  }

  /** An input that used it is closed. */
  release(): void {
    this.#users--;
    this.#freeIfUnused();
  }

  /** Its memory goes when the last input that uses it is closed. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#freeIfUnused();
  }

  #set(raised: boolean): void {
    this.#assertUsable();
    this.#raised = raised;
    this.#libav.memory.fill(this.#digit, raised ? GIVE_UP : GO_ON, 1);
  }

  #freeIfUnused(): void {
    if (!this.#disposed || this.#users > 0) return;
    this.#libav.memory.free(this.#digit);
    this.#libav.count("interrupt", -1);
  }

  #assertUsable(): void {
    if (this.#disposed) throw new LifecycleError("this interrupt was disposed of");
  }
}
