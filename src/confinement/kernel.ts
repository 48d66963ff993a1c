/** The system calls that confine a thread, and their numbers. */

/** An argument of a system call; of a buffer, its address. */
export type CallArgument = number | bigint | ArrayBuffer;

/** The system calls of the running kernel, as `libav/system_calls.ts` finds them. */
export interface Kernel {
  /** Makes a system call on this thread. @returns its result, or the negative `errno` */
  call(number: number, ...args: readonly CallArgument[]): number;
  /** The same on one of this thread's helper threads. @returns its result; -1 for any error */
  callOnHelper(number: number, ...args: readonly CallArgument[]): Promise<number>;
}

/** Numbers of system calls; those of Landlock are the same on every architecture. */
export interface CallNumbers {
  readonly openat: number;
  readonly close: number;
  readonly prctl: number;
  readonly gettid: number;
  readonly statx: number;
  readonly pread64: number;
  readonly nanosleep: number;
  readonly getdents64: number;
}

export const LANDLOCK_CREATE_RULESET = 444;
export const LANDLOCK_ADD_RULE = 445;
export const LANDLOCK_RESTRICT_SELF = 446;

const NUMBERS: Readonly<Record<string, CallNumbers>> = {
  x86_64: {
    ...{ openat: 257, close: 3, pread64: 17, getdents64: 217, statx: 332 },
    ...{ prctl: 157, gettid: 186, nanosleep: 35 },
  },
  aarch64: {
    ...{ openat: 56, close: 57, pread64: 67, getdents64: 61, statx: 291 },
    ...{ prctl: 167, gettid: 178, nanosleep: 101 },
  },
};

/** The numbers on this machine; null on an architecture that Orion does not support. */
export function callNumbers(arch: string = Deno.build.arch): CallNumbers | null {
  return NUMBERS[arch] ?? null;
}

export const PR_SET_NO_NEW_PRIVS = 38;
export const O_CLOEXEC = 0o2000000;
export const O_DIRECTORY = Deno.build.arch === "aarch64" ? 0o40000 : 0o200000;
/** `AT_FDCWD`, as an unsigned argument. */
export const AT_FDCWD = BigInt.asUintN(64, -100n);

/** Buffers of at most 64 bytes lie on V8's heap, where they move. */
const MIN_BYTES = 128;

/** Makes a buffer that does not move, with the bytes of a C string or zeros. */
export function fixedBuffer(bytes: number | string): ArrayBuffer {
  const content = typeof bytes === "string" ? new TextEncoder().encode(`${bytes}\0`) : null;
  const buffer = new ArrayBuffer(Math.max(MIN_BYTES, content?.length ?? Number(bytes)));
  if (content !== null) new Uint8Array(buffer).set(content);
  return buffer;
}
