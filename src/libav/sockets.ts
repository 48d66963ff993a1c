import { bothClocks, type Clock, plusMs, sinceMs, type SteadyMs, wallMs } from "../core/clock.ts";
import type { Libav } from "./library.ts";

const ADDRESS_BYTES = 28;
const AF_INET = 2;
const AF_INET6 = 10;
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_RCVBUF = 8;
const SOCK_DGRAM = 2;
const FIONREAD = 0x541bn;
const SIOCGSTAMPNS = 0x8907n;
const VALUE_BYTES = Int32Array.BYTES_PER_ELEMENT;
/** Descriptors to search: a process has far fewer. */
const MAX_DESCRIPTORS = 4096;
/** Of packets sent at once; the kernel adds as much for its own needs. More would only grow old in it. */
const RECEIVE_BUFFER_BYTES = 1024 * 1024;

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
 * Bytes that can be read without blocking (`FIONREAD`), of a UDP socket those of the next datagram; or null.
 * @param value  takes the answer
 */
export function unreadBytes(
  libav: Libav,
  descriptor: number,
  value: Int32Array<ArrayBuffer>,
): number | null {
  const result = libav.avutil.ioctl(descriptor, FIONREAD, value);
  return result === 0 ? value[0] ?? null : null;
}

/** A UDP socket that Deno opened, as the kernel sees it. */
export class DatagramSocket {
  readonly #libav: Libav;
  readonly #descriptor: number;
  readonly #value = new Int32Array(32);
  readonly #stamp = new BigInt64Array(this.#value.buffer);

  private constructor(libav: Libav, descriptor: number) {
    this.#libav = libav;
    this.#descriptor = descriptor;
  }

  /** @returns null when no UDP socket of this process has that local port */
  static find(libav: Libav, localPort: number): DatagramSocket | null {
    for (const descriptor of descriptorsOf(libav, localPort)) {
      const socket = new DatagramSocket(libav, descriptor);
      if (socket.#option(SO_TYPE) === SOCK_DGRAM) return socket;
    }
    return null;
  }

  /** The size of the receive buffer as the kernel counts it, or null. */
  get bufferBytes(): number | null {
    return this.#option(SO_RCVBUF);
  }

  /** Whether a datagram waits that Deno has not read yet. */
  get hasUnread(): boolean {
    return (unreadBytes(this.#libav, this.#descriptor, this.#value) ?? 0) > 0;
  }

  /**
   * When the datagram that was read last had arrived, by the kernel (`SIOCGSTAMPNS`), to a few microseconds;
   * null if unknown. The first query asks the kernel to note it from then on.
   */
  receivedAt(clock: Clock): SteadyMs | null {
    const { avutil } = this.#libav;
    if (avutil.ioctl(this.#descriptor, SIOCGSTAMPNS, this.#value) !== 0) return null;
    // `struct timespec`, by the wall clock.
    const [seconds = 0n, nanoseconds = 0n] = this.#stamp;
    const receivedWall = wallMs(Number(seconds) * 1000 + Number(nanoseconds) / 1e6);
    const { steady, wall } = bothClocks(clock);
    return plusMs(steady, -sinceMs(receivedWall, wall));
  }

  /**
   * Enlarges the receive buffer as far as the kernel allows (`net.core.rmem_max`), since Deno cannot: by
   * default it holds some 90 packets, and many cameras send those of a keyframe at once.
   */
  enlargeBuffer(): void {
    this.#value[0] = RECEIVE_BUFFER_BYTES;
    const { avutil } = this.#libav;
    avutil.setsockopt(this.#descriptor, SOL_SOCKET, SO_RCVBUF, this.#value, VALUE_BYTES);
  }

  #option(option: number): number | null {
    const length = new Uint32Array(32);
    length[0] = VALUE_BYTES;
    const { avutil } = this.#libav;
    const result = avutil.getsockopt(this.#descriptor, SOL_SOCKET, option, this.#value, length);
    return result === 0 ? this.#value[0] ?? null : null;
  }
}
