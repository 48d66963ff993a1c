import type { Libav } from "./library.ts";

const ADDRESS_BYTES = 28;
const AF_INET = 2;
const AF_INET6 = 10;
const IPPROTO_TCP = 6;
const TCP_INFO = 11;
const FIONREAD = 0x541bn;
/** Up to `tcpi_last_data_recv` of `struct tcp_info` (linux/tcp.h), with room to spare. */
const TCP_INFO_BYTES = 128;
const LAST_DATA_RECV_OFFSET = 52;
/** Descriptors that are looked at: a process has far fewer. */
const MAX_DESCRIPTORS = 4096;

/**
 * What the kernel knows of a TCP connection that Deno has opened: how many bytes lie unread, and how
 * long ago the newest came.
 *
 * Deno shows no file descriptor, so the one whose local address has the connection's port is looked for.
 * Only questions are asked of it (`getsockname`, `ioctl(FIONREAD)`, `getsockopt(TCP_INFO)`), each of
 * which takes about a microsecond. Everything works without the answers, only less precisely: they are
 * null where the kernel does not give them.
 */
export class SocketInfo {
  readonly #libav: Libav;
  readonly #descriptor: number;
  readonly #value = new Int32Array(32);
  readonly #info = new DataView(new ArrayBuffer(TCP_INFO_BYTES));
  readonly #infoLength = new Uint32Array(32);

  private constructor(libav: Libav, descriptor: number) {
    this.#libav = libav;
    this.#descriptor = descriptor;
  }

  /** @returns null when no descriptor of this process has that local port */
  static find(libav: Libav, localPort: number): SocketInfo | null {
    const address = new DataView(new ArrayBuffer(128));
    const length = new Uint32Array(32);
    for (let descriptor = 3; descriptor < MAX_DESCRIPTORS; descriptor++) {
      length[0] = ADDRESS_BYTES;
      if (libav.avutil.getsockname(descriptor, address, length) !== 0) continue;
      const family = address.getUint16(0, true);
      if (family !== AF_INET && family !== AF_INET6) continue;
      if (address.getUint16(2) !== localPort) continue;
      const info = new SocketInfo(libav, descriptor);
      // A UDP socket may have the same port.
      if (info.sinceReceivedMs() !== null) return info;
    }
    return null;
  }

  /** Bytes that can be read without waiting (`FIONREAD`), or null. */
  unreadBytes(): number | null {
    const result = this.#libav.avutil.ioctl(this.#descriptor, FIONREAD, this.#value);
    return result === 0 ? this.#value[0] ?? null : null;
  }

  /**
   * Milliseconds since the newest bytes arrived (`tcpi_last_data_recv`), in the kernel's steps of 1 to
   * 10 ms; or null.
   */
  sinceReceivedMs(): number | null {
    this.#infoLength[0] = TCP_INFO_BYTES;
    const result = this.#libav.avutil.getsockopt(
      this.#descriptor,
      IPPROTO_TCP,
      TCP_INFO,
      this.#info,
      this.#infoLength,
    );
    if (result !== 0 || (this.#infoLength[0] ?? 0) < LAST_DATA_RECV_OFFSET + 4) return null;
    return this.#info.getUint32(LAST_DATA_RECV_OFFSET, true);
  }
}
