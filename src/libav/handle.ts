import { LifecycleError } from "../core/errors.ts";
import type { Libav } from "./library.ts";
import { outOfMemory } from "./memory.ts";
import { type Cell, NULL, type Ptr } from "./pointers.ts";

/**
 * One native object and who may touch it: freed once, never used afterwards, never freed while a
 * nonblocking call works on it.
 */
export class Handle<K> {
  readonly #libav: Libav;
  readonly #kind: string;
  readonly #free: (cell: Cell<K>) => void;
  #address: Ptr<K>;
  #lent = false;

  /**
   * Takes over `address`.
   * @param kind  for messages: "packet"
   * @param free  libav's function that takes the address of the pointer and frees what it points to
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
   * The object's address, for a call that returns at once.
   * @throws {LifecycleError} after the object was disposed of, or while a nonblocking call has it
   */
  get address(): Ptr<K> {
    if (this.#address === NULL) throw new LifecycleError(`this ${this.#kind} was disposed of`);
    if (this.#lent) throw new LifecycleError(`this ${this.#kind} is in use by a pending call`);
    return this.#address;
  }

  /** Whether a nonblocking call works on it. */
  get lent(): boolean {
    return this.#lent;
  }

  get disposed(): boolean {
    return this.#address === NULL;
  }

  /**
   * Gives the object to a nonblocking call: nobody else may touch it until {@link giveBack}.
   * @throws {LifecycleError} as {@link address} does
   */
  lend(): Ptr<K> {
    const address = this.address;
    this.#lent = true;
    return address;
  }

  /** The call that it was lent to is over. */
  giveBack(): void {
    this.#lent = false;
  }

  /**
   * Frees the object; harmless when done twice.
   * @throws {LifecycleError} while a nonblocking call works on it: freeing it would crash
   */
  free(): void {
    if (this.#address === NULL) return;
    const address = this.address;
    this.#address = NULL;
    this.#libav.memory.freeBy(this.#free, address);
    this.#libav.count(this.#kind, -1);
  }
}
