import { LibraryError, LifecycleError } from "../core/errors.ts";
import type { Libav } from "./library.ts";
import type { Ptr } from "./pointers.ts";

const CONTINUE = "0".charCodeAt(0);
const ABORT = "1".charCodeAt(0);

/**
 * Aborts libav's blocking calls from outside.
 *
 * libav calls an interrupt callback about every 100 ms. The callback is the C library's `atoi` over a
 * string of one digit, so that no JavaScript runs on a foreign thread. One interrupt can serve several
 * inputs in turn; {@link clear} it between them.
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

  /** Fails the pending call and all later ones on its inputs, within about 100 ms. */
  raise(): void {
    this.#set(true);
  }

  /** Allows calls again. */
  clear(): void {
    this.#set(false);
  }

  /** The argument of {@link callback}, allocated until {@link release} was called as often. */
  retain(): Ptr<"void"> {
    this.#assertUsable();
    this.#users++;
    return this.#digit;
  }

  /** Drops the reference of a closed input. */
  release(): void {
    this.#users--;
    this.#freeIfUnused();
  }

  /** Frees its memory once no input references it. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#freeIfUnused();
  }

  #set(raised: boolean): void {
    this.#assertUsable();
    this.#raised = raised;
    this.#libav.memory.fill(this.#digit, raised ? ABORT : CONTINUE, 1);
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
