/** A faulty camera's session with one client. */
import type { Cancel, Clock } from "../../../../src/core/clock.ts";
import { type Answer, answerText } from "./answer.ts";
import { answerAttack } from "./attack.ts";
import { Authenticator } from "./auth.ts";
import type { CameraLog, RequestEntry } from "./log.ts";
import type { Behaviour, Refusal, Stage, Track } from "./options.ts";
import { type Incoming, RequestReader } from "./requests.ts";
import { stampOf } from "./schedule.ts";
import { contentBase, describe } from "./sdp.ts";
import { Sender, type SentTrack } from "./sender.ts";
import { setUp } from "./set_up.ts";
import type { Wire } from "./wire.ts";

const READ_BYTES = 16 * 1024;

/** Shared by the sessions of one camera. */
export interface CameraContext {
  readonly tracks: readonly Track[];
  readonly behaviour: Behaviour;
  readonly log: CameraLog;
  readonly clock: Clock;
  readonly startedMs: number;
  /** Without a trailing slash. */
  readonly url: string;
  /** How often each method was refused so far. */
  readonly refused: Map<Refusal, number>;
}

/** Serves one connection: `await new Session(context, wire, id).run()`. */
export class Session {
  readonly #context: CameraContext;
  readonly #wire: Wire;
  readonly #id: number;
  readonly #authenticator: Authenticator;
  readonly #tracks: SentTrack[] = [];
  readonly #setUp = new Set<number>();
  #playing: Promise<void> | null = null;
  #isFrozen: boolean;
  #keptAliveMs = 0;
  #asked = 0;
  #cancelAsking: Cancel = () => {};

  constructor(context: CameraContext, wire: Wire, id: number) {
    this.#context = context;
    this.#wire = wire;
    this.#id = id;
    this.#authenticator = new Authenticator(context.clock);
    this.#isFrozen = context.behaviour.ending.freezeAt === "accept";
  }

  /** Answers requests until the connection ends, and releases its resources. */
  async run(): Promise<void> {
    const reader = new RequestReader();
    const buffer = new Uint8Array(READ_BYTES);
    try {
      for (;;) {
        const bytes = await this.#wire.read(buffer);
        if (bytes === null) break;
        for (const incoming of reader.push(bytes)) await this.#take(incoming);
      }
    } finally {
      this.#cancelAsking();
      this.#wire.close();
      await this.#playing;
      for (const { path } of this.#tracks) path.close();
    }
  }

  async #take(incoming: Incoming): Promise<void> {
    const { log, clock } = this.#context;
    if (incoming.kind === "packet") {
      log.rtcp.push({ connection: this.#id, type: incoming.bytes[1] ?? 0 });
    } else if (incoming.kind === "answer") {
      const { status, headers } = incoming;
      log.answers.push({ connection: this.#id, status, cseq: headers.get("cseq") ?? "" });
    } else {
      const { method, uri, headers } = incoming;
      const entry = { connection: this.#id, wallMs: clock.wallMs(), method, uri, headers };
      const request: RequestEntry = { ...entry, status: 0 };
      log.requests.push(request);
      if (!this.#isFrozen) await this.#answer(request);
    }
    log.changed();
  }

  async #answer(request: RequestEntry): Promise<void> {
    const { behaviour, log } = this.#context;
    const { method } = request;
    const cseq = request.headers.get("cseq") ?? "0";
    const answer = await this.#answerTo(request);
    const { attack, ending } = behaviour;
    if (method === "DESCRIBE" && attack !== null && answer.status === 200) {
      if (await this.#attack(cseq)) return;
    }
    let sender: Sender | null = null;
    if (method === "PLAY" && answer.status === 200 && this.#playing === null) {
      sender = this.#sender();
      await sender.sendAhead(behaviour.wire.framesBeforePlayAnswer);
    }
    request.status = answer.status;
    log.changed();
    const text = answerText(answer, cseq, behaviour.wire);
    await this.#wire.write(new TextEncoder().encode(text), true);
    if (isStage(method) && method === ending.freezeAt) this.#isFrozen = true;
    else if (sender !== null) this.#play(sender);
    if (method === "TEARDOWN") this.#wire.close();
  }

  async #answerTo(request: RequestEntry): Promise<Answer> {
    const { method, uri } = request;
    const { behaviour: { control, auth }, url } = this.#context;
    const refusal = this.#refusal(method);
    if (refusal !== null) return refusal;
    if (method === "OPTIONS") return this.#options();
    const result = this.#authenticator.check(request, auth);
    if (result.state === "refused") {
      const headers = result.challenges.map((value) => ["WWW-Authenticate", value] as const);
      return { status: 401, headers };
    }
    switch (method) {
      case "DESCRIBE":
        return this.#describe(uri);
      case "SETUP": {
        const { tracks, behaviour } = this.#context;
        const { answer, index, track } = await setUp(uri, request.headers.get("transport") ?? "", {
          ...{ tracks, behaviour, wire: this.#wire, taken: this.#setUp },
          onRtcp: ([, type = 0]) => this.#context.log.rtcp.push({ connection: this.#id, type }),
        });
        if (index >= 0) this.#setUp.add(index);
        if (track !== null) this.#tracks.push(track);
        return answer;
      }
      case "PLAY":
        this.#keepAlive();
        return {
          status: 200,
          headers: [this.#session, ["Range", "npt=0-"], ...this.#rtpInfo(url)],
        };
      case "GET_PARAMETER":
        return this.#getParameter();
      case "TEARDOWN":
        return { status: 200 };
      default:
        return { status: 405, headers: [["Allow", this.#public(control.keepalive)]] };
    }
  }

  get #session(): readonly [string, string] {
    return ["Session", this.#context.behaviour.control.sessionId];
  }

  #refusal(method: string): Answer | null {
    const { behaviour: { control }, refused } = this.#context;
    for (const refusal of control.refusals) {
      const count = refused.get(refusal) ?? 0;
      if (refusal.method !== method || count >= (refusal.times ?? Infinity)) continue;
      refused.set(refusal, count + 1);
      const { status, reason } = refusal;
      const headers = Object.entries(refusal.headers ?? {});
      return { status, headers, ...(reason === undefined ? {} : { reason }) };
    }
    return null;
  }

  #options(): Answer {
    const { control } = this.#context.behaviour;
    if (control.keepalive !== "GET_PARAMETER") this.#keepAlive();
    const methods = control.public ?? this.#public(control.keepalive);
    return { status: 200, headers: methods === "" ? [] : [["Public", methods]] };
  }

  #public(keepalive: Behaviour["control"]["keepalive"]): string {
    const base = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN";
    return keepalive === "OPTIONS" ? base : `${base}, GET_PARAMETER`;
  }

  #getParameter(): Answer {
    if (this.#context.behaviour.control.keepalive === "OPTIONS") return { status: 405 };
    this.#keepAlive();
    return { status: 200, headers: [this.#session] };
  }

  #describe(uri: string): Answer {
    const { tracks, url, behaviour: { control, description } } = this.#context;
    if (control.redirect !== null) {
      const { status, location } = control.redirect;
      return { status, headers: [["Location", location]] };
    }
    const path = uri.replace(/^rtsps?:\/\/[^/]*/, "");
    if (control.wantPath !== null && path !== control.wantPath) return { status: 404 };
    const base = contentBase(url, description);
    const headers: (readonly [string, string])[] = [["Content-Type", "application/sdp"]];
    if (base !== null) headers.push(["Content-Base", base]);
    return { status: 200, headers, body: describe(tracks, url, description) };
  }

  #rtpInfo(url: string): (readonly [string, string])[] {
    const { control, stamps, playback } = this.#context.behaviour;
    if (control.rtpInfo === "absent") return [];
    const isWrong = control.rtpInfo === "wrong";
    const parts = this.#tracks.map(({ index, packetizer }) => {
      const sequence = isWrong ? packetizer.sequence ^ 0x4000 : packetizer.sequence;
      const stamp = isWrong ? 0 : stampOf({ index: 0 }, stamps, playback);
      return `url=${url}/track${index + 1};seq=${sequence};rtptime=${stamp}`;
    });
    return parts.length === 0 ? [] : [["RTP-Info", parts.join(",")]];
  }

  #sender(): Sender {
    const { behaviour, log, clock, startedMs } = this.#context;
    return new Sender({
      ...{ connection: this.#id, tracks: this.#tracks, behaviour, log, wire: this.#wire, clock },
      cameraStartedMs: startedMs,
      isAlive: () => this.#isAlive(),
      onFreeze: () => this.#isFrozen = true,
    });
  }

  #play(sender: Sender): void {
    this.#playing = sender.run();
    // An error of the sender is thrown where the session is awaited.
    this.#playing.catch(() => this.#wire.close());
    this.#askLater();
  }

  #keepAlive(): void {
    this.#keptAliveMs = this.#context.clock.nowMs();
  }

  #isAlive(): boolean {
    if (this.#isFrozen) return false;
    const { clock, behaviour: { control } } = this.#context;
    const ageMs = clock.nowMs() - this.#keptAliveMs;
    if (!control.enforcesTimeout || ageMs <= 1000 * control.timeoutSeconds) return true;
    this.#wire.close();
    return false;
  }

  /** Sends requests to the client periodically. */
  #askLater(): void {
    const { behaviour: { control }, clock, url } = this.#context;
    if (control.asks.length === 0) return;
    this.#cancelAsking = clock.after(1000 * control.asksEverySeconds, () => {
      if (this.#wire.isClosed || this.#isFrozen) return;
      const method = control.asks[this.#asked++ % control.asks.length] ?? "OPTIONS";
      const head = `${method} ${url} RTSP/1.0\r\nCSeq: ${this.#asked}\r\n` +
        `Session: ${control.sessionId}\r\n`;
      const text = method === "ANNOUNCE"
        ? `${head}Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n`
        : `${head}\r\n`;
      this.#wire.write(new TextEncoder().encode(text));
      this.#askLater();
    });
  }

  /** Attacks instead of responding to DESCRIBE. @returns whether this was such an attack */
  async #attack(cseq: string): Promise<boolean> {
    const { behaviour, log } = this.#context;
    const attack = behaviour.attack === null ? null : answerAttack(behaviour.attack, cseq);
    if (attack === null) return false;
    const encoder = new TextEncoder();
    await this.#wire.write(encoder.encode(attack.head));
    const chunk = encoder.encode(attack.repeated);
    while (chunk.length > 0 && !this.#wire.isClosed) {
      await this.#wire.write(chunk);
      if (!this.#wire.isClosed) log.attackBytes += chunk.length;
      log.changed();
    }
    return true;
  }
}

function isStage(method: string): method is Stage {
  return ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"].includes(method);
}
