/** The TCP connections of this process, as the kernel has them. */
import type { Libav } from "../../../src/libav/library.ts";
import { descriptorsOf } from "../../../src/libav/sockets.ts";

const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_INFO = 11;
const ESTABLISHED = 1;
const VALUE_BYTES = 4;

/** Of each established connection of a local port, whether it sends small segments at once (`TCP_NODELAY`). */
export function sendAtOnce(libav: Libav, localPort: number): boolean[] {
  const value = new Int32Array(32);
  const length = new Uint32Array(32);
  const option = (descriptor: number, name: number): number | null => {
    length[0] = VALUE_BYTES;
    const result = libav.avutil.getsockopt(descriptor, IPPROTO_TCP, name, value, length);
    return result === 0 ? value[0] ?? null : null;
  };
  // The first byte of `struct tcp_info` is the state.
  return [...descriptorsOf(libav, localPort)]
    .filter((descriptor) => ((option(descriptor, TCP_INFO) ?? 0) & 0xff) === ESTABLISHED)
    .map((descriptor) => option(descriptor, TCP_NODELAY) !== 0);
}
