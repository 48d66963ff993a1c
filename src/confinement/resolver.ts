import { AT_FDCWD, type CallNumbers, callNumbers, fixedBuffer, type Kernel } from "./kernel.ts";

/** The files that the C library reads whenever it resolves a name. */
export const RESOLVER_FILES: readonly string[] = [
  "/etc/hosts",
  "/etc/resolv.conf",
  "/etc/nsswitch.conf",
  "/etc/host.conf",
  "/etc/gai.conf",
  "/etc/mdns.allow",
];

/** Where it finds the libraries that `nsswitch.conf` names; loading one needs no right to execute it. */
export const RESOLVER_LIBRARIES: readonly string[] = [
  "/etc/ld.so.cache",
  "/lib",
  "/lib64",
  "/usr/lib",
  "/usr/lib64",
];

/** Answers that do not fit a datagram are requested over TCP. */
export const DNS_PORT = 53;

/** `struct statx` (linux/stat.h). */
const STATX_BYTES = 256;
const STATX_INO = 0x100;
const INODE_OFFSET = 32;
const DEVICE_OFFSET = 136;

/**
 * Detects that one of the resolver's files was replaced.
 *
 * A rule of Landlock holds for a file, not for its name: what NetworkManager or a DHCP client writes to a
 * new file under the same name may not be read by a thread that was confined before. Reading a file's
 * number needs no right.
 */
export class ResolverFiles {
  readonly #kernel: Kernel;
  readonly #numbers: CallNumbers | null;
  readonly #stat = fixedBuffer(STATX_BYTES);
  readonly #paths: readonly (readonly [path: string, name: ArrayBuffer])[];
  readonly #known: ReadonlyMap<string, string>;

  /** Remembers the present files. @param paths  for tests */
  constructor(kernel: Kernel, paths: readonly string[] = RESOLVER_FILES) {
    this.#kernel = kernel;
    this.#numbers = callNumbers();
    this.#paths = paths.map((path) => [path, fixedBuffer(path)]);
    this.#known = new Map(this.#paths.map(([path, name]) => [path, this.#identity(name)]));
  }

  /** The first file that is another one than at the start; null when all are the same. */
  replaced(): string | null {
    const found = this.#paths.find(([path, name]) =>
      this.#known.get(path) !== this.#identity(name)
    );
    return found?.[0] ?? null;
  }

  /** Device and inode, following links; "" where there is no file. */
  #identity(name: ArrayBuffer): string {
    const kernel = this.#kernel;
    if (this.#numbers === null) return "";
    const { statx } = this.#numbers;
    if (kernel.call(statx, AT_FDCWD, name, 0, STATX_INO, this.#stat) !== 0) return "";
    const view = new DataView(this.#stat);
    const device = view.getBigUint64(DEVICE_OFFSET, true);
    return `${device} ${view.getBigUint64(INODE_OFFSET, true)}`;
  }
}
