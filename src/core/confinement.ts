/** How a worker's thread is confined by the kernel, as planned by main and reported by the worker. */

/** `auto`: as far as the kernel goes. */
export const LANDLOCK_SETTINGS = ["auto", "required", "off"] as const;
export type LandlockSetting = (typeof LANDLOCK_SETTINGS)[number];

/** What a confined thread, and the native code on it, may still do. Everything else is refused. */
export interface Confinement {
  /** Whether the worker must fail where the kernel cannot confine it. */
  readonly required: boolean;
  /** A library of the worker's `ffi` grant, in which the system calls are looked up. */
  readonly library: string;
  /** Absolute paths that may be read; a folder includes everything below it. Missing ones are skipped. */
  readonly read: readonly string[];
  /** The same, for reading, writing and `ioctl`. */
  readonly devices: readonly string[];
  /** TCP ports that may be connected to, on any host: Landlock knows no addresses. */
  readonly ports: readonly number[];
  /** Whether host names are resolved: the resolver's files may be read. */
  readonly resolves: boolean;
}

/** `files`: opening files, starting programs, `ptrace`; `connections`: TCP; `signals`: also abstract sockets. */
export type ConfinedBy = "files" | "connections" | "signals";

/** What is enforced on a worker's thread. */
export interface ConfinementState {
  /** The version of Landlock that the kernel offers; 0: none. */
  readonly abi: number;
  /** Empty: nothing, the thread is not confined. */
  readonly enforced: readonly ConfinedBy[];
}

/** The state of a thread that is not confined. */
export const UNCONFINED: ConfinementState = { abi: 0, enforced: [] };
