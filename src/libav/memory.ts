import { LibraryError, LifecycleError } from "../core/errors.ts";
import { type Calls, type Cell, NULL, pointer, type Ptr } from "./pointers.ts";
import type { AVUTIL } from "./symbols/avutil.ts";

const POINTER_BYTES = 8;
const SCRATCH_BYTES = 64;
/** No text that libav hands out is longer. */
const MAX_TEXT_BYTES = 4096;

/** A text as C wants it, for calls that return before anything else runs. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) throw new LifecycleError("a text for libav holds a NUL character");
  return new TextEncoder().encode(`${text}\0`);
}

/**
 * Reads and writes native memory by way of `memcpy`: what `Deno.UnsafePointerView` does, without the
 * unrestricted permission it asks for. Nothing here checks an address; a wrong one ends the process.
 */
export class NativeMemory {
  readonly #libc: Calls<typeof AVUTIL>;
  // Larger than 64 bytes in all, so that V8 keeps it outside of the heap it compacts.
  readonly #scratch = new DataView(new ArrayBuffer(2 * SCRATCH_BYTES));
  readonly #text = new Uint8Array(MAX_TEXT_BYTES);
  readonly #decoder = new TextDecoder();

  constructor(avutil: Calls<typeof AVUTIL>) {
    this.#libc = avutil;
  }

  /** Copies `bytes` bytes from `address` to the beginning of `into`. */
  read(address: bigint, into: ArrayBuffer | DataView<ArrayBuffer>, bytes: number): void {
    if (bytes > into.byteLength) {
      throw new LifecycleError("a native read is longer than its buffer");
    }
    this.#libc.read(into, address, BigInt(bytes));
  }

  /** The 32-bit signed integer at `address`. */
  i32(address: bigint): number {
    this.#libc.read(this.#scratch, address, 4n);
    return this.#scratch.getInt32(0, true);
  }

  /** The byte at `address`. */
  u8(address: bigint): number {
    this.#libc.read(this.#scratch, address, 1n);
    return this.#scratch.getUint8(0);
  }

  /** The 64-bit unsigned integer at `address`. */
  u64(address: bigint): bigint {
    this.#libc.read(this.#scratch, address, 8n);
    return this.#scratch.getBigUint64(0, true);
  }

  /** The pointer at `address`. */
  pointer<K>(address: bigint): Ptr<K> {
    return pointer<K>(this.u64(address));
  }

  /** What a cell points to. */
  load<K>(cell: Cell<K>): Ptr<K> {
    return pointer<K>(this.u64(cell));
  }

  /** Writes a pointer, or any 64-bit unsigned integer. */
  writeU64(address: bigint, value: bigint): void {
    this.#scratch.setBigUint64(0, value, true);
    this.#libc.write(address, this.#scratch, 8n);
  }

  /** Writes a 32-bit signed integer. */
  writeI32(address: bigint, value: number): void {
    this.#scratch.setInt32(0, value, true);
    this.#libc.write(address, this.#scratch, 4n);
  }

  /** Copies all of `bytes` to `address`. */
  writeBytes(address: bigint, bytes: Uint8Array<ArrayBuffer>): void {
    this.#libc.write(address, bytes, BigInt(bytes.byteLength));
  }

  /** Sets every one of `bytes` bytes to `value`. */
  fill(address: Ptr<"void">, value: number, bytes: number): void {
    this.#libc.memset(address, value, BigInt(bytes));
  }

  /** Zeroed native memory; the caller frees it. */
  allocate(bytes: number): Ptr<"void"> {
    const address = this.#libc.av_mallocz(BigInt(bytes));
    if (address === NULL) throw outOfMemory(`${bytes} bytes`);
    return address;
  }

  /** A native variable that holds `value`; the caller frees it. */
  cell<K>(value: Ptr<K> = NULL): Cell<K> {
    const cell = pointer<{ readonly cell: K }>(this.allocate(POINTER_BYTES));
    this.writeU64(cell, value);
    return cell;
  }

  /** A native copy of a text, for a call that outlives this turn; the caller frees it. */
  string(text: string): Ptr<"char"> {
    const bytes = cString(text);
    const address = this.allocate(bytes.byteLength);
    this.#libc.write(address, bytes, BigInt(bytes.byteLength));
    return pointer<"char">(address);
  }

  /** Frees what came from here. {@link NULL} is harmless. */
  free(address: bigint): void {
    this.#libc.av_free(pointer<"void">(address));
  }

  /**
   * Hands a cell that holds `value` to one of libav's `*_free(&pointer)` functions.
   */
  freeBy<K>(free: (cell: Cell<K>) => void, value: Ptr<K>): void {
    const cell = this.cell(value);
    try {
      free(cell);
    } finally {
      this.free(cell);
    }
  }

  /** The text at `address`, at most 4 KiB of it. */
  text(address: Ptr<"char">): string {
    if (address === NULL) return "";
    const length = this.#libc.strnlen(address, BigInt(MAX_TEXT_BYTES));
    this.#libc.read(this.#text, address, length);
    return this.#decoder.decode(this.#text.subarray(0, Number(length)));
  }

  /**
   * Where a buffer's bytes are. Holds for as long as the buffer lives, and in whichever worker it was
   * transferred to; `memcpy` of nothing returns its destination.
   */
  addressOf(buffer: ArrayBuffer): bigint {
    return this.#libc.read(buffer, 0n, 0n);
  }

  /** The address of a function of the C library, or of the libraries themselves. */
  functionAddress(name: string): bigint {
    return this.#libc.dlsym(0n, cString(name));
  }
}

/** libav could not allocate. */
export function outOfMemory(what: string): LibraryError {
  return new LibraryError({
    code: "LIBAV_MEMORY",
    message: `Cannot allocate ${what}: the system is out of memory`,
    retryable: true,
    remedy: "Free memory on this machine, or use fewer or smaller cameras.",
  });
}
