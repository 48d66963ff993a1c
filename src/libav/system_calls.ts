import { openLibrary } from "./open_library.ts";
import { NULL } from "./pointers.ts";
import { LIBC } from "./symbols/libc.ts";

/** `long syscall(long number, ...)` with five arguments; Linux passes them like declared ones. */
const SYSCALL = {
  name: "syscall",
  parameters: ["i64", "usize", "usize", "usize", "usize", "usize"],
  result: "i64",
} as const;

const SYMBOLS = {
  syscall: SYSCALL,
  syscallOnHelper: { ...SYSCALL, nonblocking: true },
  read: LIBC.read,
  errno: { name: "__errno_location", parameters: [], result: "usize" },
} as const satisfies Deno.ForeignLibraryInterface;

type Argument = number | bigint | ArrayBuffer;
type Arguments = [bigint, bigint, bigint, bigint, bigint];

/**
 * System calls through `syscall` of the C library, which is found in any library that is linked against
 * it. Needs the `ffi` permission for that library only.
 *
 * Of a buffer its address is passed; it must be larger than 64 bytes, since V8 moves smaller ones.
 */
export class SystemCalls implements Disposable {
  readonly #library;
  readonly #errno = new DataView(new ArrayBuffer(128));
  /** Arguments of calls in progress, whose buffers must not be collected. */
  #used: readonly Argument[] = [];
  readonly #usedOnHelpers = new Set<readonly Argument[]>();

  /** @throws {LibraryError} `LIBAV_MISSING` when the library cannot be loaded */
  constructor(library: string) {
    this.#library = openLibrary(library, SYMBOLS);
  }

  /** Makes a system call on this thread. @returns its result, or the negative `errno` */
  call(number: number, ...args: readonly Argument[]): number {
    const { syscall, errno, read } = this.#library.calls;
    this.#used = args;
    const result = syscall(BigInt(number), ...this.#padded(this.#used));
    if (result !== -1n) return Number(result);
    read(this.#errno, errno(), 4n);
    return -this.#errno.getInt32(0, true);
  }

  /**
   * Makes a system call on one of this thread's helper threads: those that Deno runs nonblocking native
   * calls, file operations and name resolution on.
   * @returns its result; -1 for any error, since `errno` stays on that thread
   */
  async callOnHelper(number: number, ...args: readonly Argument[]): Promise<number> {
    this.#usedOnHelpers.add(args);
    try {
      const { syscallOnHelper } = this.#library.calls;
      return Number(await syscallOnHelper(BigInt(number), ...this.#padded(args)));
    } finally {
      this.#usedOnHelpers.delete(args);
    }
  }

  /** Frees the library; no call may be in progress. */
  [Symbol.dispose](): void {
    this.#used = [];
    this.#library.close();
  }

  #padded(args: readonly Argument[]): Arguments {
    const [a = 0, b = 0, c = 0, d = 0, e = 0] = args;
    return [this.#word(a), this.#word(b), this.#word(c), this.#word(d), this.#word(e)];
  }

  /** A `memcpy` of 0 bytes returns its destination. */
  #word(argument: Argument): bigint {
    if (!(argument instanceof ArrayBuffer)) return BigInt(argument);
    return this.#library.calls.read(argument, NULL, 0n);
  }
}
