import { Buffer } from "node:buffer";
import { createSocket, type Socket } from "node:dgram";
import { rtspError } from "./errors.ts";
import type { PortPair } from "./transport_header.ts";

/** A datagram is no longer than this: larger ones are no RTP of a camera. */
const SLOT_BYTES = 2048;
/** Datagrams that wait to be read; beyond it the oldest are lost, and counted as gaps. */
const SLOTS = 512;

/** Hands over one datagram; its bytes are valid until it returns. */
type Take = (bytes: Uint8Array<ArrayBuffer>, start: number, length: number) => void;

/**
 * The two sockets of one track over UDP unicast (RFC 2326 12.39): RTP, and RTCP on the port after it.
 *
 * Once the camera has named its ports the sockets are connected to them, so that the kernel drops what
 * comes from elsewhere; until then, and where it names none, the address alone is checked.
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
  #rtcpTarget: number | null = null;
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
    if (ports === null) return;
    this.#rtcpTarget = ports.rtcp;
    this.#rtp.connect(ports.rtp, this.#remoteAddress);
    this.#rtcp.connect(ports.rtcp, this.#remoteAddress);
  }

  /** Sends a receiver report; one that does not arrive is no loss. */
  sendReport(report: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.#rtcpTarget !== null && !this.#isClosed) this.#rtcp.send(Buffer.from(report));
    return Promise.resolve();
  }

  /** Waits until datagrams have come, or it is woken. */
  async wait(): Promise<void> {
    if (this.#count > 0 || this.#isClosed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
    this.#wake = null;
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

  /** A pending {@link wait} returns. */
  wake(): void {
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
    socket.on("message", (datagram, { address }) => {
      if (address !== this.#remoteAddress || datagram.byteLength > SLOT_BYTES) {
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
    });
  }
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
