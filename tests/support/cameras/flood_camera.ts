import { Buffer } from "node:buffer";
import { createSocket } from "node:dgram";
import { systemClock } from "../../../src/core/clock.ts";
import { listenPatiently } from "../system/ports.ts";
import { answerText } from "./faulty_camera/answer.ts";
import type { Wire as WireFaults } from "./faulty_camera/options.ts";
import { Wire } from "./faulty_camera/wire.ts";
import {
  ANSWER_FLOODS,
  type Chunks,
  datagrams,
  type Flood,
  MANY_TRACKS,
  someStream,
  STREAM_FLOODS,
} from "./floods.ts";

/** Pictures of the first connection, over TCP. */
const WARM_UP_BYTES = 4 * 1024 * 1024;
/** Datagrams sent before yielding to the event loop. */
const DATAGRAMS_AT_ONCE = 64;
/** The number that fits into the longest description. */
const MOST_TRACKS = 3800;

const FAULTLESS: WireFaults = {
  lineEnd: "\r\n",
  cseqName: "CSeq",
  splitBytes: 0,
  trickleMs: 0,
  junkEveryFrames: 0,
  strayChannelEveryFrames: 0,
  framesBeforePlayAnswer: 0,
};

/**
 * A camera that sends one kind of data as fast as the connection accepts it. Its first connection plays some
 * pictures and ends, for the client to warm up.
 *
 * Listens on 127.0.0.1: `await using camera = FloodCamera.start("garbage")`.
 */
export class FloodCamera implements AsyncDisposable {
  /** Connections so far, the warm-up included. */
  connections = 0;
  /** Bytes of the flood that the operating system accepted. */
  sentBytes = 0;
  readonly #flood: Flood | Chunks;
  readonly #listener: Deno.TcpListener;
  readonly #serving = new Map<Wire, Promise<void>>();
  readonly #accepting: Promise<void>;
  #rtpPort: number | null = null;

  private constructor(flood: Flood | Chunks, port: number) {
    this.#flood = flood;
    this.#listener = listenPatiently(() => Deno.listen({ hostname: "127.0.0.1", port }));
    this.#accepting = this.#accept();
  }

  /**
   * @param flood  a named flood, or a stream to send repeatedly, also to the first connection
   * @param port   default: any free one
   */
  static start(flood: Flood | Chunks, port = 0): FloodCamera {
    return new FloodCamera(flood, port);
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  get url(): string {
    return `rtsp://127.0.0.1:${this.port}/flood`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const wire of this.#serving.keys()) wire.close();
    await Promise.all(this.#serving.values());
  }

  async #accept(): Promise<void> {
    for (;;) {
      let connection: Deno.TcpConn;
      try {
        connection = await this.#listener.accept();
      } catch (error) {
        if (error instanceof Deno.errors.BadResource) return;
        throw error;
      }
      const isFirst = this.connections++ === 0 && typeof this.#flood === "string";
      const flood = isFirst ? null : this.#flood;
      const wire = new Wire(connection, FAULTLESS);
      this.#serving.set(wire, this.#serve(wire, flood));
    }
  }

  async #serve(wire: Wire, flood: Flood | Chunks | null): Promise<void> {
    const buffer = new Uint8Array(4096);
    let text = "";
    for (;;) {
      const bytes = await wire.read(buffer);
      if (bytes === null) break;
      text += new TextDecoder("latin1").decode(bytes);
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        await this.#answer(wire, text.slice(0, end), flood);
        text = text.slice(end + 4);
      }
    }
    wire.close();
    this.#serving.delete(wire);
  }

  async #answer(wire: Wire, request: string, flood: Flood | Chunks | null): Promise<void> {
    const method = request.split(" ", 1)[0] ?? "";
    if (method === "DESCRIBE" && typeof flood === "string" && isAnswerFlood(flood)) {
      if (flood === "headers") await wire.write(bytesOf("RTSP/1.0 200 OK\r\n"));
      return await this.#send(wire, ANSWER_FLOODS[flood](), Infinity);
    }
    const cseq = /CSeq: *(\d+)/i.exec(request)?.[1] ?? "0";
    const headers: (readonly [string, string])[] = [["Session", "1"]];
    const [channels] = /interleaved=\d+-\d+/.exec(request) ?? [];
    if (channels !== undefined) headers.push(["Transport", `RTP/AVP/TCP;unicast;${channels}`]);
    const [ports, rtpPort] = /client_port=(\d+)-\d+/.exec(request) ?? [];
    if (ports !== undefined) headers.push(["Transport", `RTP/AVP;unicast;${ports}`]);
    if (rtpPort !== undefined) this.#rtpPort = Number(rtpPort);
    const body = method === "DESCRIBE" ? description(flood) : "";
    await wire.write(bytesOf(answerText({ status: 200, headers, body }, cseq, FAULTLESS)));
    if (method === "PLAY") await this.#play(wire, flood);
  }

  async #play(wire: Wire, flood: Flood | Chunks | null): Promise<void> {
    if (typeof flood === "function") await this.#send(wire, flood, Infinity);
    else if (flood !== null && isStreamFlood(flood)) {
      await this.#send(wire, STREAM_FLOODS[flood](), Infinity);
    } else if (this.#rtpPort === null) await this.#send(wire, someStream(), WARM_UP_BYTES);
    else await this.#sendDatagrams(wire, flood === null ? WARM_UP_BYTES / 10 : Infinity);
    wire.close();
  }

  async #send(wire: Wire, chunks: Chunks, mostBytes: number): Promise<void> {
    for (let sentBytes = 0; !wire.isClosed && sentBytes < mostBytes;) {
      const chunk = chunks();
      await wire.write(chunk);
      sentBytes += chunk.length;
      if (mostBytes === Infinity) this.sentBytes += chunk.length;
    }
  }

  /** Floods over UDP until the client closes the connection. */
  async #sendDatagrams(wire: Wire, mostBytes: number): Promise<void> {
    const socket = createSocket("udp4");
    const next = datagrams();
    const reading = wire.read(new Uint8Array(1)).then(() => wire.close());
    for (let sentBytes = 0; !wire.isClosed && sentBytes < mostBytes;) {
      for (let count = 0; count < DATAGRAMS_AT_ONCE; count++) {
        const datagram = Buffer.from(next());
        const sent = Promise.withResolvers<unknown>();
        socket.send(datagram, this.#rtpPort ?? 0, "127.0.0.1", sent.resolve);
        await sent.promise;
        sentBytes += datagram.length;
        if (mostBytes === Infinity) this.sentBytes += datagram.length;
      }
      await systemClock.sleep(0);
    }
    wire.close();
    await reading;
    socket.close();
  }
}

function isStreamFlood(flood: Flood): flood is keyof typeof STREAM_FLOODS {
  return flood in STREAM_FLOODS;
}

function isAnswerFlood(flood: Flood): flood is keyof typeof ANSWER_FLOODS {
  return flood in ANSWER_FLOODS;
}

function description(flood: Flood | Chunks | null): string {
  const tracks: Partial<Record<Flood, number>> = {
    tracks: MANY_TRACKS,
    "tracks without end": MOST_TRACKS,
  };
  const count = typeof flood === "string" ? tracks[flood] ?? 1 : 1;
  const media = Array.from({ length: count }, (_, index) =>
    "m=video 0 RTP/AVP 96\r\n" +
    `a=rtpmap:96 H264/90000\r\na=control:${index}\r\n`);
  return `v=0\r\ns=flood\r\nt=0 0\r\n${media.join("")}`;
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
