import { Buffer } from "node:buffer";
import { createSocket } from "node:dgram";
import { systemClock } from "../../../src/core/clock.ts";
import { answerText } from "./faulty_camera/answer.ts";
import type { Wire } from "./faulty_camera/wire.ts";
import { FAULTLESS, WireServer } from "./faulty_camera/wire_server.ts";
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

/**
 * A camera that sends one kind of data as fast as the connection accepts it. Its first connection plays some
 * pictures and ends, for the client to warm up.
 *
 * Listens on 127.0.0.1: `await using camera = FloodCamera.start("garbage")`.
 */
export class FloodCamera implements AsyncDisposable {
  /** Bytes of the flood that the operating system accepted. */
  sentBytes = 0;
  readonly #server: WireServer;
  #rtpPort: number | null = null;

  private constructor(flood: Flood | Chunks, port: number) {
    this.#server = new WireServer((wire, connection) => {
      const isWarmUp = connection === 0 && typeof flood === "string";
      return this.#serve(wire, isWarmUp ? null : flood);
    }, port);
  }

  /**
   * @param flood  a named flood, or a stream to send repeatedly, also to the first connection
   * @param port   default: any free one
   */
  static start(flood: Flood | Chunks, port = 0): FloodCamera {
    return new FloodCamera(flood, port);
  }

  get port(): number {
    return this.#server.port;
  }

  /** Connections so far, the warm-up included. */
  get connections(): number {
    return this.#server.connections;
  }

  get url(): string {
    return `rtsp://127.0.0.1:${this.port}/flood`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  async #serve(wire: Wire, flood: Flood | Chunks | null): Promise<void> {
    const buffer = new Uint8Array(4096);
    let text = "";
    for (;;) {
      const bytes = await wire.read(buffer);
      if (bytes === null) return;
      text += new TextDecoder("latin1").decode(bytes);
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        await this.#answer(wire, text.slice(0, end), flood);
        text = text.slice(end + 4);
      }
    }
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
