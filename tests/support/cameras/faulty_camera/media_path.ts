/** Transports of the faulty camera: interleaved in the connection, or from a pair of UDP ports. */
import { Buffer } from "node:buffer";
import { createSocket, type Socket } from "node:dgram";
import { interleaved } from "./rtp.ts";
import type { Wire } from "./wire.ts";

/** A packet to send. */
export interface Outgoing {
  readonly bytes: Uint8Array;
  readonly kind: "rtp" | "rtcp" | "forged";
}

/** The transport of one track. */
export interface MediaPath {
  readonly kind: "tcp" | "udp";
  /** Sends in order; resolves when the operating system has accepted the last byte. */
  send(packets: readonly Outgoing[]): Promise<void>;
  close(): void;
}

/** Over the RTSP connection; skips forged packets, which need another port. */
export function tcpPath(wire: Wire, channel: number): MediaPath {
  return {
    kind: "tcp",
    send(packets) {
      const frames = packets.filter(({ kind }) => kind !== "forged").map(({ bytes, kind }) =>
        interleaved(kind === "rtcp" ? channel + 1 : channel, bytes)
      );
      return wire.write(concat(frames));
    },
    close: () => {},
  };
}

/** A pair of ports of 127.0.0.1, an even one and the next, and an unrelated third one. */
export interface UdpPath extends MediaPath {
  readonly serverPort: number;
}

const PAIR_ATTEMPTS = 50;

/**
 * Opens the ports.
 * @param clientPort  the client's RTP port; RTCP uses the next
 * @param onRtcp      receives the client's RTCP packets
 */
export async function udpPath(
  clientPort: number,
  onRtcp: (bytes: Uint8Array) => void,
): Promise<UdpPath> {
  const [rtp, rtcp] = await bindPair();
  const strange = await bind(0);
  rtcp?.on("message", onRtcp);
  const sockets = { rtp, rtcp, forged: strange };
  return {
    kind: "udp",
    serverPort: rtp.address().port,
    async send(packets) {
      await Promise.all(packets.map(({ bytes, kind }) => {
        const port = kind === "rtcp" ? clientPort + 1 : clientPort;
        return sendTo(sockets[kind], bytes, port);
      }));
    },
    close() {
      for (const socket of [rtp, rtcp, strange]) socket.close();
    },
  };
}

/** A refused datagram is lost, as on any network. */
function sendTo(socket: Socket, bytes: Uint8Array, port: number): Promise<void> {
  return new Promise((resolve) => {
    socket.send(Buffer.from(bytes), port, "127.0.0.1", () => resolve());
  });
}

async function bindPair(): Promise<readonly [Socket, Socket]> {
  for (let attempt = 0; attempt < PAIR_ATTEMPTS; attempt++) {
    const first = await bind(0);
    const { port } = first.address();
    if (port % 2 === 0) {
      try {
        return [first, await bind(port + 1)];
      } catch {
        // The next port is in use: tries another pair.
      }
    }
    first.close();
  }
  throw new Error("no two UDP ports in a row are free");
}

function bind(port: number): Promise<Socket> {
  const socket = createSocket("udp4");
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, "127.0.0.1", () => {
      socket.off("error", reject);
      // A closed client's port answers "connection refused".
      socket.on("error", () => {});
      resolve(socket);
    });
  });
}

/** Concatenates bytes. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
