import { Buffer } from "node:buffer";
import { createSocket, type Socket } from "node:dgram";
import { rtspError } from "../errors.ts";
import type { PortPair } from "../protocol/headers.ts";

/** Larger datagrams are no RTP of a camera, and dropped. */
const SLOT_BYTES = 2048;
/** The maximum payload of a UDP datagram over IPv4. */
const MAX_DATAGRAM_BYTES = 65_507;
/** An RTP packet without a payload (RFC 3550 5.1), and a receiver report without a source (6.4.2). */
const EMPTY_RTP = Uint8Array.of(0x80, ...new Uint8Array(11));
const EMPTY_RTCP = Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 0);
/** Capacity of the queue; on overflow the oldest datagrams are dropped, which shows as gaps. */
const SLOTS = 512;

/** Handles one datagram; its bytes are valid until it returns. */
type DatagramHandler = (bytes: Uint8Array<ArrayBuffer>, start: number, length: number) => void;

/**
 * The RTP and RTCP sockets of one track over UDP unicast (RFC 2326 12.39).
 *
 * Drops datagrams from other addresses than the camera's and, once its ports are known, from other ports:
 * Deno delivers those even to a connected socket.
 */
export class UdpPair {
  readonly rtpPort: number;
  /** Datagrams dropped because of their source or size. */
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
  /** {@link wake} was called while no wait was pending: the next one returns at once. */
  #isAwake = false;
  #remotePorts: PortPair | null = null;
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
   * Binds both sockets.
   * @param remoteAddress  the camera's address
   * @throws {RtspError} `STREAM_TRANSPORT` if a port is in use
   */
  static async bind(
    [rtpPort, rtcpPort]: readonly [number, number],
    remoteAddress: string,
  ): Promise<UdpPair> {
    const kind = remoteAddress.includes(":") ? "udp6" : "udp4";
    const rtp = createSocket(kind);
    const rtcp = createSocket(kind);
    try {
      await Promise.all([bind(rtp, rtpPort), bind(rtcp, rtcpPort)]);
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

  /**
   * Sets the ports that the camera sends from, and sends an empty packet to each: firewalls and NAT let only
   * those datagrams in that answer one.
   */
  acceptFrom(ports: PortPair | null): void {
    this.#remotePorts = ports;
    if (ports === null) return;
    const ignored = () => {
      // Not permitted for a host name, and needed only behind a firewall.
    };
    this.#send(this.#rtp, EMPTY_RTP, ports.rtp).catch(ignored);
    this.#send(this.#rtcp, EMPTY_RTCP, ports.rtcp).catch(ignored);
  }

  /** Sends a receiver report, if the camera's ports are known. */
  sendReport(report: Uint8Array<ArrayBuffer>): Promise<void> {
    const ports = this.#remotePorts;
    if (ports === null) return Promise.resolve();
    return this.#send(this.#rtcp, report, ports.rtcp);
  }

  #send(socket: Socket, bytes: Uint8Array, port: number): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const done = (error: Error | null) => error === null ? resolve() : reject(error);
      socket.send(Buffer.from(bytes), port, this.#remoteAddress, done);
    });
  }

  /** Waits until datagrams have arrived, or {@link wake} is called. */
  async wait(): Promise<void> {
    if (this.#count === 0 && !this.#isClosed && !this.#isAwake) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = null;
    }
    this.#isAwake = false;
  }

  /** Passes on all queued datagrams, the oldest first. */
  drain(onRtp: DatagramHandler, onRtcp: DatagramHandler): void {
    for (; this.#count > 0; this.#count--) {
      const slot = this.#first;
      const handle = this.#isRtp[slot] === 1 ? onRtp : onRtcp;
      handle(this.#slots, slot * SLOT_BYTES, this.#lengths[slot] ?? 0);
      this.#first = (slot + 1) % SLOTS;
    }
  }

  /** Ends the pending {@link wait}, or else the next one. */
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
    // An ICMP error (port unreachable): if it persists, the control connection ends as well.
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
    const expected = isRtp ? this.#remotePorts?.rtp : this.#remotePorts?.rtcp;
    const isFromCamera = address === this.#remoteAddress && port === (expected ?? port);
    if (!isFromCamera || datagram.byteLength > SLOT_BYTES) {
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
 * Frees a datagram's buffer at once instead of at the next garbage collection: Deno allocates the maximum
 * size for each, and a camera may send thousands a second.
 */
function free({ buffer }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= MAX_DATAGRAM_BYTES) buffer.transfer(0);
}

function bind(socket: Socket, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, () => {
      socket.off("error", reject);
      resolve();
    });
  });
}
