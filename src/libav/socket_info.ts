import { type Clock, plusMs } from "../core/clock.ts";
import { betweenTicks, findTick, type KernelTick, type ReceivedBetween } from "./kernel_tick.ts";
import type { Libav } from "./library.ts";
import { descriptorsOf, unreadBytes } from "./sockets.ts";

const IPPROTO_TCP = 6;
const TCP_INFO = 11;
/** Covers `tcpi_last_data_recv` of `struct tcp_info` (linux/tcp.h). */
const TCP_INFO_BYTES = 128;
const LAST_DATA_RECV_OFFSET = 52;
const CLOCK_MONOTONIC_COARSE = 6;
/** Of the kernel's timer (`CONFIG_HZ` of 100 to 1000). */
const MIN_PERIOD_MS = 1;
const MAX_PERIOD_MS = 10;

/**
 * Kernel state of a TCP connection that Deno opened: the number of unread bytes, and when the newest
 * arrived.
 *
 * Deno exposes no file descriptors, so the descriptor is found by the connection's local port. The socket
 * is only queried (`getsockname`, `ioctl(FIONREAD)`, `getsockopt(TCP_INFO)`), at about a microsecond per
 * call. Results are null where the kernel does not provide them; callers then work less precisely.
 */
export class SocketInfo {
  readonly #libav: Libav;
  readonly #descriptor: number;
  readonly #value = new Int32Array(32);
  readonly #info = new DataView(new ArrayBuffer(TCP_INFO_BYTES));
  readonly #infoLength = new Uint32Array(32);
  readonly #clock: Clock;
  readonly #periodMs: number;
  readonly #tick: KernelTick | null;

  private constructor(libav: Libav, descriptor: number, clock: Clock) {
    this.#libav = libav;
    this.#descriptor = descriptor;
    this.#clock = clock;
    this.#periodMs = tickPeriodMs(libav);
    this.#tick = findTick(() => this.#sinceReceivedMs(), this.#periodMs, clock);
  }

  /**
   * Occupies the thread for some 10 ms, 100 at most, to learn when the kernel's timer ticks.
   * @returns null when no TCP socket of this process has that local port
   */
  static find(libav: Libav, localPort: number, clock: Clock): SocketInfo | null {
    for (const descriptor of descriptorsOf(libav, localPort)) {
      const info = new SocketInfo(libav, descriptor, clock);
      // Skips a UDP socket with the same port.
      if (info.receivedBetween() !== null) return info;
    }
    return null;
  }

  /** Bytes that can be read without blocking (`FIONREAD`), or null. */
  unreadBytes(): number | null {
    return unreadBytes(this.#libav, this.#descriptor, this.#value);
  }

  /**
   * When the newest bytes arrived: to one period of the kernel's timer (1 to 10 ms), to two where its ticks
   * were not found; or null.
   */
  receivedBetween(): ReceivedBetween | null {
    const before = this.#clock.nowMs();
    const sinceMs = this.#sinceReceivedMs();
    const after = this.#clock.nowMs();
    if (sinceMs === null) return null;
    if (this.#tick !== null) return betweenTicks(this.#tick, sinceMs, { before, after });
    return {
      from: plusMs(before, -sinceMs - this.#periodMs),
      to: plusMs(after, -sinceMs + this.#periodMs),
    };
  }

  /** `tcpi_last_data_recv` */
  #sinceReceivedMs(): number | null {
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

/** Period of the kernel's timer, which is the resolution of its coarse clocks. */
function tickPeriodMs(libav: Libav): number {
  const resolution = new BigInt64Array(2);
  const result = libav.avutil.clock_getres(CLOCK_MONOTONIC_COARSE, resolution);
  const periodMs = result === 0 ? Number(resolution[1]) / 1e6 : MAX_PERIOD_MS;
  return Math.min(Math.max(periodMs, MIN_PERIOD_MS), MAX_PERIOD_MS);
}
