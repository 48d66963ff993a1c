/** A camera whose bytes are written by a test: for responses that no other server gives. */
import { systemClock } from "../../../src/core/clock.ts";
import { answerText } from "./faulty_camera/answer.ts";
import { type Incoming, RequestReader } from "./faulty_camera/requests.ts";
import type { Wire } from "./faulty_camera/wire.ts";
import { FAULTLESS, WireServer } from "./faulty_camera/wire_server.ts";
import { frame } from "./floods.ts";

/** A request of the client, and the number of its connection, from 0. */
export type ScriptedRequest = Extract<Incoming, { readonly kind: "request" }> & {
  readonly connection: number;
};

/** Sent as it is. */
type Text = string | Uint8Array<ArrayBuffer>;

export interface Script {
  /** Sent to each client at once. */
  readonly greeting?: Text;
  /** Replaces a response; undefined: the usual one; null: none. */
  readonly answer?: (request: ScriptedRequest, usual: string) => Text | null | undefined;
  /** After which responses the connection is closed. */
  readonly closesAfter?: (request: ScriptedRequest) => boolean;
  /** The response to DESCRIBE; default: one H.264 track without parameter sets. */
  readonly description?: string;
  /** Interleaved packets after PLAY was accepted, with their channels; then the connection is closed. */
  readonly packets?: readonly (readonly [channel: number, bytes: Uint8Array])[];
  /** Sends the packets this often; closes the connection at once when the client sends one. */
  readonly rounds?: number;
}

/** One or more H.264 tracks. */
export function h264Description(tracks = 1): string {
  const track = (index: number) =>
    `m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track${index + 1}\r\n`;
  return `v=0\r\nt=0 0\r\n${Array.from({ length: tracks }, (_, index) => track(index)).join("")}`;
}

/** Listens on 127.0.0.1: `await using camera = ScriptedCamera.start(script)`. */
export class ScriptedCamera implements AsyncDisposable {
  readonly requests: ScriptedRequest[] = [];
  /** The connections of the packets that clients sent. */
  readonly reports: number[] = [];
  readonly #script: Script;
  readonly #server = new WireServer((wire, connection) => this.#serve(wire, connection));

  private constructor(script: Script) {
    this.#script = script;
  }

  static start(script: Script): ScriptedCamera {
    return new ScriptedCamera(script);
  }

  get port(): number {
    return this.#server.port;
  }

  /** @param login  `user:password@`, or nothing */
  url(login = ""): string {
    return `rtsp://${login}127.0.0.1:${this.port}/cam`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  async #serve(wire: Wire, connection: number): Promise<void> {
    const { greeting } = this.#script;
    if (greeting !== undefined) await wire.write(bytesOf(greeting));
    const reader = new RequestReader();
    const buffer = new Uint8Array(4096);
    while (!wire.isClosed) {
      const bytes = await wire.read(buffer);
      if (bytes === null) break;
      for (const incoming of reader.push(bytes)) {
        if (incoming.kind === "request") await this.#respond(wire, { ...incoming, connection });
        if (incoming.kind !== "packet") continue;
        this.reports.push(connection);
        if (this.#script.rounds !== undefined) wire.close();
      }
    }
  }

  async #respond(wire: Wire, request: ScriptedRequest): Promise<void> {
    this.requests.push(request);
    const { answer, closesAfter, packets } = this.#script;
    const usual = this.#usual(request);
    const reply = answer?.(request, usual);
    if (reply !== null) await wire.write(bytesOf(reply ?? usual));
    const isRefused = typeof reply === "string" && /^\S+ [345]/.test(reply);
    if (request.method === "PLAY" && packets !== undefined && !isRefused) {
      const playing = this.#play(wire);
      // Else the client's packets are read only after the last round.
      if (this.#script.rounds === undefined) await playing;
    }
    if (closesAfter?.(request) === true) wire.close();
  }

  async #play(wire: Wire): Promise<void> {
    const { packets = [], rounds = 1 } = this.#script;
    for (let round = 0; round < rounds && !wire.isClosed; round++) {
      if (round > 0) await systemClock.sleep(1);
      for (const [channel, bytes] of packets) await wire.write(frame(channel, bytes));
    }
    wire.close();
  }

  #usual({ method, headers }: ScriptedRequest): string {
    const body = method === "DESCRIBE" ? this.#script.description ?? h264Description() : "";
    const setUp = [["Session", "1"], ["Transport", headers.get("transport") ?? ""]] as const;
    const answer = { status: 200, body, ...(method === "SETUP" ? { headers: setUp } : {}) };
    return answerText(answer, headers.get("cseq") ?? "", FAULTLESS);
  }
}

/** A response with a status and headers. */
export function response(
  { headers }: ScriptedRequest,
  status: number,
  ...more: readonly (readonly [string, string])[]
): string {
  return answerText({ status, headers: more }, headers.get("cseq") ?? "", FAULTLESS);
}

function bytesOf(text: Text): Uint8Array<ArrayBuffer> {
  return typeof text === "string" ? new TextEncoder().encode(text) : text;
}
