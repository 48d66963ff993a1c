/** A camera with configurable misbehaviour: freezes at a stage, refuses, loses packets, sends wrong data. */
import { createSocket, type Socket } from "node:dgram";
import { Buffer } from "node:buffer";
import { freePort, listenPatiently } from "../system/ports.ts";
import { payloads, type RawClip, rtpPacket, senderReport } from "./rtp_h264.ts";

/** Where it stops answering, with the connection left open. */
export type Stage = "accept" | "describe" | "setup" | "play" | "frame" | "never";

/** How it behaves; may be changed while it runs. */
export interface Behaviour {
  /** Silent after accepting; after the response to DESCRIBE, SETUP or PLAY; or within a picture. */
  freezeAfter: Stage;
  /** The status of the response to DESCRIBE instead of 200. */
  status: number;
  /** The challenge of a 401 response. */
  challenge: string;
  /** The target of a 302 response. */
  location: string;
  /** Closes the connection within the response to DESCRIBE. */
  hangsUp: boolean;
  /** Replaces its own session description. */
  sdp: string | null;
  /** The fraction of UDP packets that it loses, 0..1. */
  loss: number;
  /** Sends a sender report with each keyframe, with this offset to the wall clock. */
  reportOffsetMs: number | null;
}

export interface HostileOptions extends Partial<Behaviour> {
  readonly clip: RawClip;
  /** Sends faster than 25 fps by this factor. */
  readonly speed?: number;
  /** Bytes of a packet's payload. */
  readonly payloadBytes?: number;
  readonly port?: number;
}

const CLOCK_HZ = 90_000;
const FPS = 25;
const REASONS: Readonly<Record<number, string>> = {
  302: "Moved Temporarily",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  500: "Internal Server Error",
};

/** A pseudo-random number in 0..1 from the previous one: losses are reproducible. */
function pseudoRandom(): () => number {
  let seed = 12345;
  return () => (seed = seed * 48271 % 2147483647) / 2147483647;
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** Listens on 127.0.0.1: `await using camera = HostileCamera.start({ clip })`. */
export class HostileCamera implements AsyncDisposable {
  readonly behaviour: Behaviour;
  readonly #options: HostileOptions;
  readonly #listener: Deno.TcpListener;
  readonly #clients = new Set<Client>();
  readonly #accepting: Promise<void>;
  /** Connections so far. */
  accepted = 0;
  /** Pictures sent so far. */
  pictures = 0;
  /** Packets lost on purpose so far. */
  lost = 0;
  readonly random = pseudoRandom();

  private constructor(options: HostileOptions) {
    this.#options = options;
    this.behaviour = {
      freezeAfter: "never",
      status: 200,
      challenge: 'Basic realm="camera"',
      location: "",
      hangsUp: false,
      sdp: null,
      loss: 0,
      reportOffsetMs: null,
      ...options,
    };
    const port = options.port ?? freePort();
    this.#listener = listenPatiently(() => Deno.listen({ hostname: "127.0.0.1", port }));
    this.#accepting = this.#accept();
  }

  static start(options: HostileOptions): HostileCamera {
    return new HostileCamera(options);
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  get url(): string {
    return `rtsp://127.0.0.1:${this.port}/stream`;
  }

  /** Closes every connection and keeps listening. */
  kick(): void {
    for (const client of this.#clients) client.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.kick();
    await this.#accepting;
    await Promise.all([...this.#clients].map((client) => client.done));
  }

  async #accept(): Promise<void> {
    try {
      for await (const connection of this.#listener) {
        this.accepted++;
        const client = new Client(this, this.#options, connection);
        this.#clients.add(client);
        client.done.then(() => this.#clients.delete(client));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }
}

/** One connection. */
class Client {
  readonly done: Promise<void>;
  readonly #camera: HostileCamera;
  readonly #options: HostileOptions;
  readonly #connection: Deno.TcpConn;
  #udp: { readonly socket: Socket; readonly port: number } | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  #frozen: boolean;
  #sending: Promise<unknown> = Promise.resolve();
  #sequence = 65_500;
  #picture = 0;
  #startedAtMs = 0;

  constructor(camera: HostileCamera, options: HostileOptions, connection: Deno.TcpConn) {
    this.#camera = camera;
    this.#options = options;
    this.#connection = connection;
    this.#frozen = camera.behaviour.freezeAfter === "accept";
    this.done = this.#serve().catch(() => undefined).finally(() => this.close());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#udp?.socket.close();
    this.#connection.close();
  }

  async #serve(): Promise<void> {
    let text = "";
    const buffer = new Uint8Array(4096);
    for (;;) {
      const count = await this.#connection.read(buffer);
      if (count === null) return;
      // Interleaved receiver reports between requests are ignored.
      text += new TextDecoder("latin1").decode(buffer.subarray(0, count));
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        const request = text.slice(0, end).replace(
          /^[^]*?(?=(OPTIONS|DESCRIBE|SETUP|PLAY|GET_P|TEARD))/,
          "",
        );
        text = text.slice(end + 4);
        if (!this.#frozen) await this.#answer(request);
      }
    }
  }

  async #answer(request: string): Promise<void> {
    const method = request.split(" ", 1)[0] ?? "";
    const sequence = /CSeq: *(\d+)/i.exec(request)?.[1] ?? "0";
    const { behaviour } = this.#camera;
    let status = 200;
    let headers = "";
    let body = "";
    if (method === "OPTIONS") {
      headers = "Public: DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n";
    }
    if (method === "DESCRIBE") {
      status = behaviour.status;
      if (status === 200) body = behaviour.sdp ?? this.#description();
      else if (status === 401) headers = `WWW-Authenticate: ${behaviour.challenge}\r\n`;
      else if (status === 302) headers = `Location: ${behaviour.location}\r\n`;
      headers += `Content-Type: application/sdp\r\nContent-Length: ${body.length}\r\n`;
    }
    if (method === "SETUP") headers = `Transport: ${this.#setUp(request)}\r\n`;
    if (method !== "OPTIONS" && method !== "DESCRIBE") headers += "Session: 1234;timeout=60\r\n";
    const reason = REASONS[status] ?? "OK";
    if (method === "DESCRIBE" && behaviour.hangsUp) {
      await this.#write(`RTSP/1.0 ${status}`);
      return this.close();
    }
    await this.#write(`RTSP/1.0 ${status} ${reason}\r\nCSeq: ${sequence}\r\n${headers}\r\n${body}`);
    if (method.toLowerCase() === behaviour.freezeAfter) this.#frozen = true;
    else if (method === "PLAY") this.#play();
  }

  #setUp(request: string): string {
    const ports = /client_port=(\d+)-(\d+)/.exec(request);
    if (ports === null) return "RTP/AVP/TCP;unicast;interleaved=0-1";
    const socket = createSocket("udp4");
    socket.on("error", () => undefined);
    socket.bind(0, "127.0.0.1");
    this.#udp = { socket, port: Number(ports[1]) };
    return `RTP/AVP;unicast;client_port=${ports[1]}-${ports[2]}`;
  }

  #description(): string {
    const sets = this.#options.clip.parameterSets.map(base64).join(",");
    return "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n" +
      "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n" +
      `a=fmtp:96 packetization-mode=1;sprop-parameter-sets=${sets}\r\na=control:video\r\n`;
  }

  #play(): void {
    this.#startedAtMs = performance.now();
    this.#next();
  }

  /** Sends a picture and starts the timer of the next. */
  #next(): void {
    if (this.#closed || this.#frozen) return;
    const { clip, speed = 1 } = this.#options;
    const picture = clip.pictures[this.#picture % clip.pictures.length];
    if (picture === undefined) return;
    const { behaviour } = this.#camera;
    const timestamp = 1000 + this.#picture * CLOCK_HZ / FPS;
    if (behaviour.reportOffsetMs !== null && picture.isKey) {
      // The time of capture by the camera's clock: when the picture was due.
      const takenMs = performance.timeOrigin + this.#startedAtMs +
        this.#picture * 1000 / FPS / speed;
      this.#send(senderReport(takenMs + behaviour.reportOffsetMs, timestamp), 1);
    }
    picture.units.forEach((unit, index) => {
      const parts = payloads(unit, this.#options.payloadBytes ?? 1200);
      parts.forEach((payload, part) => {
        if (this.#frozen) return;
        const isLast = index === picture.units.length - 1 && part === parts.length - 1;
        const sequence = this.#sequence++;
        this.#send(rtpPacket({ payload, sequence, timestamp, isLast }), 0);
        // Within the third picture, so that two are complete.
        if (behaviour.freezeAfter === "frame" && this.#picture === 2) this.#frozen = true;
      });
    });
    this.#picture++;
    this.#camera.pictures++;
    const dueMs = this.#startedAtMs + this.#picture * 1000 / FPS / speed;
    this.#timer = setTimeout(() => this.#next(), Math.max(0, dueMs - performance.now()));
  }

  #send(packet: Uint8Array, channel: 0 | 1): void {
    if (this.#udp !== null) {
      if (channel === 0 && this.#camera.random() < this.#camera.behaviour.loss) {
        this.#camera.lost++;
        return;
      }
      this.#udp.socket.send(Buffer.from(packet), this.#udp.port + channel, "127.0.0.1");
      return;
    }
    const framed = new Uint8Array(4 + packet.length);
    framed.set([0x24, channel, packet.length >> 8, packet.length & 255]);
    framed.set(packet, 4);
    this.#sending = this.#sending.then(() => this.#write(framed)).catch(() => this.close());
  }

  async #write(data: string | Uint8Array): Promise<void> {
    let rest = typeof data === "string" ? new TextEncoder().encode(data) : data;
    while (rest.length > 0 && !this.#closed) {
      rest = rest.subarray(await this.#connection.write(rest));
    }
  }
}
