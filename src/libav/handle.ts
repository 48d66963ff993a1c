import { LifecycleError } from "../core/errors.ts";
import type { Libav } from "./library.ts";
import { outOfMemory } from "./memory.ts";
import { type Cell, NULL, type Ptr } from "./pointers.ts";

/**
 * Owns one native object: frees it once, and prevents its use after it was freed or while a nonblocking
 * call uses it.
 */
export class Handle<K> {
  readonly #libav: Libav;
  readonly #kind: string;
  readonly #free: (cell: Cell<K>) => void;
  #address: Ptr<K>;
  #lent = false;

  /**
   * Takes ownership of `address`.
   * @param kind  for messages: "packet"
   * @param free  libav's function that frees the object, given the address of a pointer to it
   * @throws {LibraryError} `LIBAV_MEMORY` when the address is NULL
   */
  constructor(libav: Libav, kind: string, address: Ptr<K>, free: (cell: Cell<K>) => void) {
    if (address === NULL) throw outOfMemory(`a ${kind}`);
    this.#libav = libav;
    this.#kind = kind;
    this.#address = address;
    this.#free = free;
    libav.count(kind, 1);
  }

  /**
   * The object's address, for a blocking call.
   * @throws {LifecycleError} after the object was disposed of, or while a nonblocking call uses it
   */
  get address(): Ptr<K> {
    if (this.#address === NULL) throw new LifecycleError(`this ${this.#kind} was disposed of`);
    if (this.#lent) throw new LifecycleError(`this ${this.#kind} is in use by a pending call`);
    return this.#address;
  }

  get disposed(): boolean {
    return this.#address === NULL;
  }

  /**
   * Lends the object to a nonblocking call, exclusively until {@link giveBack}.
   * @throws {LifecycleError} as {@link address} does
   */
  lend(): Ptr<K> {
    const address = this.address;
    this.#lent = true;
    return address;
  }

  /** Ends the loan, once the call has returned. */
  giveBack(): void {
    this.#lent = false;
  }

  /**
   * Frees the object; idempotent.
   * @throws {LifecycleError} while a nonblocking call uses it: freeing it would crash
   */
  free(): void {
    if (this.#address === NULL) return;
    const address = this.address;
    this.#address = NULL;
    this.#libav.memory.freeBy(this.#free, address);
    this.#libav.count(this.#kind, -1);
  }
}
