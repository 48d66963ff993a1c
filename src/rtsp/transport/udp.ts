import { Buffer } from "node:buffer";
import { createSocket, type Socket } from "node:dgram";
import { rtspError } from "../errors.ts";
import type { PortPair } from "../protocol/headers.ts";
import { type DatagramHandler, DatagramQueue } from "./datagram_queue.ts";

/** The maximum payload of a UDP datagram over IPv4. */
const MAX_DATAGRAM_BYTES = 65_507;
/** An RTP packet without a payload (RFC 3550 5.1), and a receiver report without a source (6.4.2). */
const EMPTY_RTP = Uint8Array.of(0x80, ...new Uint8Array(11));
const EMPTY_RTCP = Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 0);
/** Consecutive datagrams from another port after which that is adopted, if none came from the announced one. */
const ADOPT_AFTER_DATAGRAMS = 16;

/**
 * The RTP and RTCP sockets of one track over UDP unicast (RFC 2326 12.39).
 *
 * Drops datagrams from other addresses than the camera's and, once its ports are known, from other ports:
 * Deno delivers those even to a connected socket.
 */
export class UdpPair {
  readonly rtpPort: number;
  /** Datagrams dropped because of their source. */
  strayDatagrams = 0;
  readonly #rtp: Socket;
  readonly #rtcp: Socket;
  readonly #remoteAddress: string;
  readonly #queue = new DatagramQueue();
  readonly #rtpSource = new SourcePort();
  readonly #rtcpSource = new SourcePort();
  /** Another address that the camera says it sends from, or null. */
  #otherAddress: string | null = null;
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
   * Sets the ports and the address that the camera says it sends from. Sends an empty packet to each port:
   * firewalls and NAT let only those datagrams in that answer one.
   */
  acceptFrom(ports: PortPair | null, address: string | null): void {
    this.#remotePorts = ports;
    this.#otherAddress = address;
    this.#rtpSource.expected = ports?.rtp ?? null;
    this.#rtcpSource.expected = ports?.rtcp ?? null;
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
    if (this.#queue.isEmpty && !this.#isClosed && !this.#isAwake) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = null;
    }
    this.#isAwake = false;
  }

  /** Passes on all queued datagrams, the oldest first. */
  drain(onRtp: DatagramHandler, onRtcp: DatagramHandler): void {
    this.#queue.drain(onRtp, onRtcp);
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
    const isAddress = address === this.#remoteAddress || address === this.#otherAddress;
    if (!isAddress || !(isRtp ? this.#rtpSource : this.#rtcpSource).accepts(port)) {
      this.strayDatagrams++;
      return;
    }
    this.#queue.push(datagram, isRtp);
    this.wake();
  }
}

/** The port that a camera sends RTP or RTCP from. Some send from another one than they announce. */
class SourcePort {
  /** null: any. */
  expected: number | null = null;
  #hasMatched = false;
  /** The port of the newest datagrams, and how many in a row. */
  #other = 0;
  #otherCount = 0;

  accepts(port: number): boolean {
    if (this.expected === null) return true;
    if (port === this.expected) return this.#hasMatched = true;
    if (this.#hasMatched) return false;
    this.#otherCount = port === this.#other ? this.#otherCount + 1 : 1;
    this.#other = port;
    if (this.#otherCount < ADOPT_AFTER_DATAGRAMS) return false;
    this.expected = port;
    return this.#hasMatched = true;
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
