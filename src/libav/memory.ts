import { LibraryError, LifecycleError } from "../core/errors.ts";
import { type Calls, type Cell, NULL, pointer, type Ptr } from "./pointers.ts";
import type { AVUTIL } from "./symbols/avutil.ts";

const POINTER_BYTES = 8;
const SCRATCH_BYTES = 64;
/** Longer than any string that libav returns. */
const MAX_TEXT_BYTES = 4096;

/** Encodes a NUL-terminated string, for blocking calls. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) throw new LifecycleError("a text for libav holds a NUL character");
  return new TextEncoder().encode(`${text}\0`);
}

/**
 * Reads and writes native memory through `memcpy`, like `Deno.UnsafePointerView` but without its
 * unrestricted permission. Addresses are not checked; a wrong one crashes the process.
 */
export class NativeMemory {
  readonly #libc: Calls<typeof AVUTIL>;
  // Larger than 64 bytes: V8 allocates smaller buffers on the heap that it compacts.
  readonly #scratch = new DataView(new ArrayBuffer(2 * SCRATCH_BYTES));
  readonly #text = new Uint8Array(MAX_TEXT_BYTES);
  readonly #decoder = new TextDecoder();

  constructor(avutil: Calls<typeof AVUTIL>) {
    this.#libc = avutil;
  }

  /** Copies `bytes` bytes from `address` to the start of `into`. */
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

  /** The pointer in a cell. */
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

  /** Sets `bytes` bytes to `value`. */
  fill(address: Ptr<"void">, value: number, bytes: number): void {
    this.#libc.memset(address, value, BigInt(bytes));
  }

  /** Allocates zeroed native memory; the caller frees it. */
  allocate(bytes: number): Ptr<"void"> {
    const address = this.#libc.av_mallocz(BigInt(bytes));
    if (address === NULL) throw outOfMemory(`${bytes} bytes`);
    return address;
  }

  /** Allocates a pointer variable that holds `value`; the caller frees it. */
  cell<K>(value: Ptr<K> = NULL): Cell<K> {
    const cell = pointer<{ readonly cell: K }>(this.allocate(POINTER_BYTES));
    this.writeU64(cell, value);
    return cell;
  }

  /** Allocates a native copy of a string, for a nonblocking call; the caller frees it. */
  string(text: string): Ptr<"char"> {
    const bytes = cString(text);
    const address = this.allocate(bytes.byteLength);
    this.#libc.write(address, bytes, BigInt(bytes.byteLength));
    return pointer<"char">(address);
  }

  /** Frees memory allocated here; no-op for {@link NULL}. */
  free(address: bigint): void {
    this.#libc.av_free(pointer<"void">(address));
  }

  /** Calls one of libav's `*_free(&pointer)` functions for `value`. */
  freeBy<K>(free: (cell: Cell<K>) => void, value: Ptr<K>): void {
    const cell = this.cell(value);
    try {
      free(cell);
    } finally {
      this.free(cell);
    }
  }

  /** Reads the string at `address`, at most 4 KiB of it. */
  text(address: Ptr<"char">): string {
    if (address === NULL) return "";
    const length = this.#libc.strnlen(address, BigInt(MAX_TEXT_BYTES));
    this.#libc.read(this.#text, address, length);
    return this.#decoder.decode(this.#text.subarray(0, Number(length)));
  }

  /**
   * The address of a buffer's bytes, valid for the lifetime of the buffer and in any worker that it is
   * transferred to: a `memcpy` of 0 bytes returns its destination.
   */
  addressOf(buffer: ArrayBuffer): bigint {
    return this.#libc.read(buffer, 0n, 0n);
  }

  /** The address of a function of the C library, or of libav. */
  functionAddress(name: string): bigint {
    return this.#libc.dlsym(0n, cString(name));
  }
}

/** Makes the error of a failed allocation. */
export function outOfMemory(what: string): LibraryError {
  return new LibraryError({
    code: "LIBAV_MEMORY",
    message: `Cannot allocate ${what}: the system is out of memory`,
    retryable: true,
    remedy: "Free memory on this machine, or use fewer or smaller cameras.",
  });
}
