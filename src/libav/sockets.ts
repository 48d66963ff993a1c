import type { Libav } from "./library.ts";

const ADDRESS_BYTES = 28;
const AF_INET = 2;
const AF_INET6 = 10;
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_RCVBUF = 8;
const SOCK_DGRAM = 2;
/** Descriptors to search: a process has far fewer. */
const MAX_DESCRIPTORS = 4096;
/** Of packets sent at once; the kernel adds as much for its own needs. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/** The descriptors of this process's sockets with that local port: Deno exposes none. */
export function* descriptorsOf(libav: Libav, localPort: number): Generator<number> {
  const address = new DataView(new ArrayBuffer(128));
  const length = new Uint32Array(32);
  for (let descriptor = 3; descriptor < MAX_DESCRIPTORS; descriptor++) {
    length[0] = ADDRESS_BYTES;
    if (libav.avutil.getsockname(descriptor, address, length) !== 0) continue;
    const family = address.getUint16(0, true);
    if (family !== AF_INET && family !== AF_INET6) continue;
    if (address.getUint16(2) === localPort) yield descriptor;
  }
}

/**
 * Enlarges the receive buffer of a UDP socket as far as the kernel allows (`net.core.rmem_max`), since Deno
 * cannot: by default it holds some 90 packets, and many cameras send those of a keyframe at once.
 */
export function enlargeReceiveBuffer(libav: Libav, localPort: number): void {
  const descriptor = datagramSocket(libav, localPort);
  if (descriptor === null) return;
  const value = new Int32Array(32);
  value[0] = RECEIVE_BUFFER_BYTES;
  libav.avutil.setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, value, value.BYTES_PER_ELEMENT);
}

/** The size of a UDP socket's receive buffer as the kernel counts it; null: there is no such socket. */
export function receiveBufferBytes(libav: Libav, localPort: number): number | null {
  const descriptor = datagramSocket(libav, localPort);
  return descriptor === null ? null : readOption(libav, descriptor, SO_RCVBUF);
}

function datagramSocket(libav: Libav, localPort: number): number | null {
  for (const descriptor of descriptorsOf(libav, localPort)) {
    if (readOption(libav, descriptor, SO_TYPE) === SOCK_DGRAM) return descriptor;
  }
  return null;
}

function readOption(libav: Libav, descriptor: number, option: number): number | null {
  const value = new Int32Array(32);
  const length = new Uint32Array(32);
  length[0] = value.BYTES_PER_ELEMENT;
  const result = libav.avutil.getsockopt(descriptor, SOL_SOCKET, option, value, length);
  return result === 0 ? value[0] ?? null : null;
}
