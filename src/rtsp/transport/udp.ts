import { Buffer } from "node:buffer";
import { createSocket, type Socket } from "node:dgram";
import { rtspError } from "../errors.ts";
import type { PortPair } from "../protocol/headers.ts";

/** A datagram is no longer than this: larger ones are no RTP of a camera. */
const SLOT_BYTES = 2048;
/** The most that IP can carry. */
const MAX_DATAGRAM_BYTES = 65_507;
/** Datagrams that wait to be read; beyond it the oldest are lost, and counted as gaps. */
const SLOTS = 512;

/** Hands over one datagram; its bytes are valid until it returns. */
type Take = (bytes: Uint8Array<ArrayBuffer>, start: number, length: number) => void;

/**
 * The two sockets of one track over UDP unicast (RFC 2326 12.39): RTP, and RTCP on the port after it.
 *
 * What comes from another address than the camera's is dropped, and once it has named its ports, what
 * comes from another port: Deno delivers it also to a connected socket.
 */
export class UdpPair {
  readonly rtpPort: number;
  /** Datagrams that came from somewhere else. */
  strayDatagrams = 0;
  readonly #rtp: Socket;
  readonly #rtcp: Socket;
  readonly #remoteAddress: string;
  readonly #slots = new Uint8Array(SLOTS * SLOT_BYTES);
  readonly #lengths = new Int32Array(SLOTS);
  readonly #isRtp = new Uint8Array(SLOTS);
  #first = 0;
  #count = 0;
  #wake: (() => void) | null = null;
  /** It was woken while nothing waited: the next wait is over at once. */
  #isAwake = false;
  #ports: PortPair | null = null;
  #isClosed = false;

  private constructor(rtp: Socket, rtcp: Socket, rtpPort: number, remoteAddress: string) {
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    this.rtpPort = rtpPort;
    this.#remoteAddress = remoteAddress;
    this.#listen(rtp, true);
    this.#listen(rtcp, false);
  }

  /**
   * @param remoteAddress  the camera's: datagrams from others are dropped
   * @throws {RtspError} `STREAM_TRANSPORT` when a port is taken
   */
  static async bind(
    [rtpPort, rtcpPort]: readonly [number, number],
    remoteAddress: string,
  ): Promise<UdpPair> {
    const kind = remoteAddress.includes(":") ? "udp6" : "udp4";
    const rtp = createSocket(kind);
    const rtcp = createSocket(kind);
    try {
      await Promise.all([bound(rtp, rtpPort), bound(rtcp, rtcpPort)]);
    } catch (error) {
      rtp.close();
      rtcp.close();
      throw rtspError("STREAM_TRANSPORT", {
        action: `Cannot receive on the UDP ports ${rtpPort} and ${rtcpPort}`,
        found: error instanceof Error ? error.message : String(error),
        transport: "udp",
      });
    }
    return new UdpPair(rtp, rtcp, rtpPort, remoteAddress);
  }

  /** The camera has named the ports it sends from. */
  expect(ports: PortPair | null): void {
    this.#ports = ports;
  }

  /** Sends a receiver report; one that does not arrive is no loss. */
  sendReport(report: Uint8Array<ArrayBuffer>): Promise<void> {
    const ports = this.#ports;
    if (ports === null || this.#isClosed) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const done = (error: Error | null) => error === null ? resolve() : reject(error);
      this.#rtcp.send(Buffer.from(report), ports.rtcp, this.#remoteAddress, done);
    });
  }

  /** Waits until datagrams have come, or it is woken. */
  async wait(): Promise<void> {
    if (this.#count === 0 && !this.#isClosed && !this.#isAwake) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = null;
    }
    this.#isAwake = false;
  }

  /** Hands over all datagrams that have come, the oldest first. */
  take(takeRtp: Take, takeRtcp: Take): void {
    for (; this.#count > 0; this.#count--) {
      const slot = this.#first;
      const take = this.#isRtp[slot] === 1 ? takeRtp : takeRtcp;
      take(this.#slots, slot * SLOT_BYTES, this.#lengths[slot] ?? 0);
      this.#first = (slot + 1) % SLOTS;
    }
  }

  /** A pending {@link wait} returns, or else the next one. */
  wake(): void {
    this.#isAwake = true;
    this.#wake?.();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#rtp.close();
    this.#rtcp.close();
    this.wake();
  }

  #listen(socket: Socket, isRtp: boolean): void {
    // An unreachable port, reported by ICMP: the session ends over TCP if that stays.
    socket.on("error", () => {});
    socket.on("message", (datagram, { address, port }) => {
      this.#receive(datagram, { address, port, isRtp });
      free(datagram);
    });
  }

  #receive(datagram: Buffer, { address, port, isRtp }: {
    readonly address: string;
    readonly port: number;
    readonly isRtp: boolean;
  }): void {
    const expected = isRtp ? this.#ports?.rtp : this.#ports?.rtcp;
    const isOurs = address === this.#remoteAddress && port === (expected ?? port);
    if (!isOurs || datagram.byteLength > SLOT_BYTES) {
      this.strayDatagrams++;
      return;
    }
    if (this.#count === SLOTS) {
      this.#first = (this.#first + 1) % SLOTS;
      this.#count--;
    }
    const slot = (this.#first + this.#count) % SLOTS;
    this.#slots.set(datagram, slot * SLOT_BYTES);
    this.#lengths[slot] = datagram.byteLength;
    this.#isRtp[slot] = isRtp ? 1 : 0;
    this.#count++;
    this.wake();
  }
}

/**
 * Deno reads each datagram into memory of its own, as large as the largest one. Free at once, not when
 * garbage is collected: a camera may send thousands a second.
 */
function free({ buffer }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= MAX_DATAGRAM_BYTES) buffer.transfer(0);
}

function bound(socket: Socket, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, () => {
      socket.off("error", reject);
      resolve();
    });
  });
}
