import { answerText } from "./faulty_camera/answer.ts";
import type { Wire as WireFaults } from "./faulty_camera/options.ts";
import { Wire } from "./faulty_camera/wire.ts";
import {
  ANSWER_FLOODS,
  type Chunks,
  type Flood,
  MANY_TRACKS,
  someStream,
  STREAM_FLOODS,
} from "./floods.ts";

/** Pictures of the first connection. */
const WARM_UP_PICTURES = 300;
/** As many as fit into the longest description. */
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
 * A camera that sends as much as the connection takes, of one kind, for as long as it is read. Its first
 * connection plays some pictures and ends: for the client to warm up.
 *
 * Listens on 127.0.0.1: `await using camera = FloodCamera.start("garbage")`.
 */
export class FloodCamera implements AsyncDisposable {
  /** Connections so far; the first one warms up. */
  connections = 0;
  /** Bytes of the flood that were taken. */
  sentBytes = 0;
  readonly #flood: Flood;
  readonly #listener: Deno.TcpListener;
  readonly #serving = new Map<Wire, Promise<void>>();
  readonly #accepting: Promise<void>;

  private constructor(flood: Flood) {
    this.#flood = flood;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#accepting = this.#accept();
  }

  static start(flood: Flood): FloodCamera {
    return new FloodCamera(flood);
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
      const flood = this.connections++ === 0 ? null : this.#flood;
      const wire = new Wire(connection, FAULTLESS);
      this.#serving.set(wire, this.#serve(wire, flood));
    }
  }

  async #serve(wire: Wire, flood: Flood | null): Promise<void> {
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

  async #answer(wire: Wire, request: string, flood: Flood | null): Promise<void> {
    const method = request.split(" ", 1)[0] ?? "";
    const isFlooded = flood !== null && method === floodedMethod(flood);
    if (isFlooded && isAnswerFlood(flood)) {
      if (flood === "headers") await wire.write(bytesOf("RTSP/1.0 200 OK\r\n"));
      return await this.#send(wire, ANSWER_FLOODS[flood]());
    }
    const cseq = /CSeq: *(\d+)/i.exec(request)?.[1] ?? "0";
    const headers: (readonly [string, string])[] = [["Session", "1"]];
    const channels = /interleaved=\d+-\d+/.exec(request)?.[0];
    if (channels !== undefined) headers.push(["Transport", `RTP/AVP/TCP;unicast;${channels}`]);
    const body = method === "DESCRIBE" ? description(flood) : "";
    const answer = bytesOf(answerText({ status: 200, headers, body }, cseq, FAULTLESS));
    await wire.write(answer);
    if (isFlooded && isStreamFlood(flood)) await this.#send(wire, STREAM_FLOODS[flood]());
    else if (isFlooded) this.sentBytes += answer.length;
    if (method !== "PLAY" || flood !== null) return;
    const pictures = someStream();
    for (let count = 0; count < WARM_UP_PICTURES; count++) await wire.write(pictures());
    wire.close();
  }

  async #send(wire: Wire, chunks: Chunks): Promise<void> {
    while (!wire.isClosed) {
      const chunk = chunks();
      await wire.write(chunk);
      this.sentBytes += chunk.length;
    }
  }
}

function floodedMethod(flood: Flood): string {
  return isStreamFlood(flood) ? "PLAY" : "DESCRIBE";
}

function isStreamFlood(flood: Flood): flood is keyof typeof STREAM_FLOODS {
  return flood in STREAM_FLOODS;
}

function isAnswerFlood(flood: Flood): flood is keyof typeof ANSWER_FLOODS {
  return flood in ANSWER_FLOODS;
}

function description(flood: Flood | null): string {
  const tracks: Partial<Record<Flood, number>> = {
    tracks: MANY_TRACKS,
    "tracks without end": MOST_TRACKS,
  };
  const count = flood === null ? 1 : tracks[flood] ?? 1;
  const media = Array.from({ length: count }, (_, index) =>
    "m=video 0 RTP/AVP 96\r\n" +
    `a=rtpmap:96 H264/90000\r\na=control:${index}\r\n`);
  return `v=0\r\ns=flood\r\nt=0 0\r\n${media.join("")}`;
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
