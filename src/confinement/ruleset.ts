/** Landlock's rights by version of its interface (linux/landlock.h), and the binary form of its rules. */
import type { ConfinedBy, Confinement } from "../core/confinement.ts";
import { fixedBuffer } from "./kernel.ts";

const EXECUTE = 1n << 0n;
const WRITE_FILE = 1n << 1n;
const READ_FILE = 1n << 2n;
const READ_DIR = 1n << 3n;
const TRUNCATE = 1n << 14n;
const IOCTL_DEV = 1n << 15n;
const BIND_TCP = 1n << 0n;
const CONNECT_TCP = 1n << 1n;
const SCOPE_ABSTRACT_UNIX_SOCKET = 1n << 0n;
const SCOPE_SIGNAL = 1n << 1n;

/** Versions that brought more rights over files: 13 with the first, `refer`, `truncate`, `ioctl`. */
const FILE_RIGHTS: readonly (readonly [abi: number, count: bigint])[] = [
  [5, 16n],
  [3, 15n],
  [2, 14n],
  [1, 13n],
];
/** The version that limits TCP: Linux 6.7. */
export const NET_ABI = 4;
/** The version that limits signals and abstract sockets: Linux 6.12. */
const SCOPE_ABI = 6;

/** Rights that exist for a file; the others need a folder. */
const OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;

/** What a version of Landlock can refuse; everything in it that no rule permits is refused. */
export interface Handled {
  readonly files: bigint;
  readonly net: bigint;
  readonly scopes: bigint;
}

/** All that a version can refuse. */
export function handledBy(abi: number): Handled {
  const [, count] = FILE_RIGHTS.find(([since]) => abi >= since) ?? [0, 0n];
  return {
    files: (1n << count) - 1n,
    net: abi >= NET_ABI ? BIND_TCP | CONNECT_TCP : 0n,
    scopes: abi >= SCOPE_ABI ? SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL : 0n,
  };
}

/** The same in words. */
export function enforcedBy({ files, net, scopes }: Handled): ConfinedBy[] {
  return [
    ...(files === 0n ? [] : ["files"] as const),
    ...(net === 0n ? [] : ["connections"] as const),
    ...(scopes === 0n ? [] : ["signals"] as const),
  ];
}

/** `struct landlock_ruleset_attr`: an older kernel refuses fields that it does not know. */
export function rulesetAttribute(handled: Handled): { buffer: ArrayBuffer; bytes: number } {
  const { files, net, scopes } = handled;
  const buffer = fixedBuffer(24);
  new BigUint64Array(buffer).set([files, net, scopes]);
  return { buffer, bytes: scopes !== 0n ? 24 : net !== 0n ? 16 : 8 };
}

/** A path and the rights on it; `onFile` are those that exist where it is no folder. */
export interface PathRule {
  readonly path: string;
  readonly rights: bigint;
  readonly onFile: bigint;
}

/** The paths that stay open, limited to rights that the kernel knows. */
export function pathRules(paths: Pick<Confinement, "read" | "devices">, handled: Handled) {
  const rule = (path: string, wanted: bigint): PathRule => {
    const rights = wanted & handled.files;
    return { path, rights, onFile: rights & OF_FILES };
  };
  return [
    ...paths.read.map((path) => rule(path, READ_FILE | READ_DIR)),
    ...paths.devices.map((path) => rule(path, READ_FILE | READ_DIR | WRITE_FILE | IOCTL_DEV)),
  ];
}

/** `struct landlock_path_beneath_attr`, which is packed. */
export function pathAttribute(rights: bigint, descriptor: number): ArrayBuffer {
  const buffer = fixedBuffer(12);
  const view = new DataView(buffer);
  view.setBigUint64(0, rights, true);
  view.setInt32(8, descriptor, true);
  return buffer;
}

/** `struct landlock_net_port_attr`: connecting to one TCP port. */
export function portAttribute(port: number): ArrayBuffer {
  const buffer = fixedBuffer(16);
  new BigUint64Array(buffer).set([CONNECT_TCP, BigInt(port)]);
  return buffer;
}
