import { assert } from "../../core/assert.ts";
import { type Clock, CLOCK_START, plusMs, type SteadyMs } from "../../core/clock.ts";
import { rtspError } from "../errors.ts";
import type { AccessUnit, MediaDescription } from "../media.ts";
import type { SenderReport } from "../rtp/rtcp.ts";
import type { ByteStream } from "../transport/byte_stream.ts";
import type { RtspLink } from "../transport/connection.ts";
import type { UdpPair } from "../transport/udp.ts";
import type { CameraMemory } from "./camera_hints.ts";
import { Turns } from "./event_loop_yielder.ts";
import { KeepAlive } from "./keep_alive.ts";
import type { Dialogue } from "./requester.ts";
import { TrackReceiver } from "./track_receiver.ts";
import { TrackChoice } from "./track_selector.ts";
import { announcedPixels, type PlayableTrack } from "./tracks.ts";

/** How often receiver reports are sent (RFC 3550 6.2: 5 s at least). */
const REPORT_INTERVAL_MS = 5000;
/** How long an answer to TEARDOWN is waited for. */
const TEARDOWN_WAIT_MS = 200;

export interface SessionParts {
  readonly link: RtspLink;
  readonly stream: ByteStream;
  readonly dialogue: Dialogue;
  /** `rtsp://host:port`, for messages. */
  readonly where: string;
  /** What the server says it understands. */
  readonly methods: ReadonlySet<string>;
  /** Every media section, the chosen one included. */
  readonly media: readonly MediaDescription[];
  /** The tracks to set up. */
  readonly tracks: readonly PlayableTrack[];
  /** The URI that stands for all tracks. */
  readonly aggregateUri: string;
  readonly maxUnitBytes: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly memory: CameraMemory;
  readonly onChosen: (track: PlayableTrack) => void;
  readonly onUnit: (unit: AccessUnit) => void;
  /** Receives each sender report of the chosen track. The report is used again: copy what is kept. */
  readonly onReport: (report: SenderReport, receivedAt: SteadyMs) => void;
}

/** What one read of a session brought. */
export interface SessionRead {
  /** Nothing follows: the connection ended, or the camera said good-bye. */
  readonly ended: boolean;
  /** More may have been ready than was read. */
  readonly isFull: boolean;
  /** There was no room for all units that were read: the next read brings the others, at once. */
  readonly isHeld: boolean;
  /** When the bytes were read. */
  readonly readAt: SteadyMs;
}

/** A session that plays: its access units come in {@link read}, and nowhere else. */
export class RtspSession {
  readonly receivers: readonly TrackReceiver[];
  /** How its packets travel; set by the set-up. */
  transport: "tcp" | "udp" = "tcp";
  /** The newest packet has completed a unit. */
  hasEndedUnit = false;
  readonly #parts: SessionParts;
  readonly #choice: TrackChoice;
  readonly #byChannel = new Map<
    number,
    { readonly track: TrackReceiver; readonly isRtp: boolean }
  >();
  readonly #keepAlive: KeepAlive;
  #udp: UdpPair | null = null;
  #control: Promise<void> | null = null;
  #isControlEnded = false;
  /** What ended it, where that was an error. */
  #controlError: unknown = null;
  #hasBye = false;
  #readAt: SteadyMs | null = null;
  #reportAtMs: SteadyMs = CLOCK_START;
  #playedAtMs: SteadyMs | null = null;
  #closing: Promise<void> | null = null;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    const options = {
      maxUnitBytes: parts.maxUnitBytes,
      ownSsrc: Math.floor(parts.random() * 2 ** 32),
      onUnit: (track: TrackReceiver, unit: AccessUnit) => this.#choice.unit(track, unit),
      onReport: (track: TrackReceiver, report: SenderReport, receivedAt: SteadyMs) => {
        if (track === this.chosen) parts.onReport(report, receivedAt);
      },
      onBye: (track: TrackReceiver) => {
        if (track === this.chosen) this.#hasBye = true;
      },
    };
    this.receivers = parts.tracks.map((track) => new TrackReceiver(track, options));
    this.#choice = new TrackChoice(this.receivers, {
      clock: parts.clock,
      onChosen: parts.onChosen,
      onUnit: parts.onUnit,
    });
    this.#keepAlive = new KeepAlive(parts);
  }

  /** The track that is played; null until it is known which of several sends. */
  get chosen(): TrackReceiver | null {
    return this.#choice.chosen;
  }

  /** The track that is played. Not before {@link play} has returned. */
  get track(): TrackReceiver {
    const { chosen } = this;
    assert(chosen !== null, "a session plays no track yet");
    return chosen;
  }

  /** Every media section of the camera's description. */
  get media(): readonly MediaDescription[] {
    return this.#parts.media;
  }

  /**
   * The connection's local port, where the operating system knows what of the stream is unread: not over
   * UDP, and not over TLS. Else null.
   */
  get localPort(): number | null {
    const { stream } = this.#parts;
    return this.transport === "tcp" && !stream.readsAhead ? stream.localPort : null;
  }

  /** SHA-256 of the camera's certificate, 64 hexadecimal digits in lower case; null without TLS. */
  get fingerprint(): string | null {
    return this.#parts.stream.fingerprint;
  }

  /** Chooses between the tracks before any has sent: where only one can be set up. */
  chooseBeforehand(): TrackReceiver {
    const { receivers } = this;
    const [first, ...others] = receivers;
    assert(first !== undefined, "a session has no track");
    const pixels = (one: TrackReceiver) => announcedPixels(one) ?? 0;
    const chosen = this.#choice.chosen ??
      others.reduce((best, one) => pixels(one) > pixels(best) ? one : best, first);
    if (this.#choice.chosen === null) this.#choice.choose(chosen);
    return chosen;
  }

  /** A track was set up to come over these channels. */
  useChannels(track: TrackReceiver, rtpChannel: number, rtcpChannel: number): void {
    const { link } = this.#parts;
    link.rtpChannels.add(rtpChannel);
    link.rtcpChannels.add(rtcpChannel);
    this.#byChannel.set(rtpChannel, { track, isRtp: true });
    this.#byChannel.set(rtcpChannel, { track, isRtp: false });
    track.sendReport = (report) => link.sendPacket(rtcpChannel, report);
  }

  /** A track was set up to come over UDP. The session owns the sockets. */
  useUdp(track: TrackReceiver, udp: UdpPair): void {
    this.transport = "udp";
    this.#udp = udp;
    track.toleratesReordering();
    track.sendReport = (report) => udp.sendReport(report);
  }

  /** An interleaved packet came; its bytes are the connection's, valid until this returns. */
  packet(channel: number, bytes: Uint8Array<ArrayBuffer>, start: number, length: number): void {
    const target = this.#byChannel.get(channel);
    if (target === undefined) return;
    this.#readAt ??= this.#parts.clock.nowMs();
    this.hasEndedUnit = false;
    if (this.chosen !== null && target.track !== this.chosen) return;
    const { track, isRtp } = target;
    if (!isRtp) return track.rtcp(bytes, start, length, this.#readAt);
    track.rtp(bytes, start, length, this.#readAt);
    this.hasEndedUnit = track.hasEndedUnit;
  }

  /** Starts the stream, and waits until it is known which of several tracks to take. */
  async play(): Promise<void> {
    const { dialogue, aggregateUri, clock } = this.#parts;
    await dialogue.request({
      method: "PLAY",
      uri: aggregateUri,
      headers: [["Range", "npt=0.000-"]],
    });
    this.#playedAtMs = clock.nowMs();
    this.#reportAtMs = plusMs(this.#playedAtMs, REPORT_INTERVAL_MS);
    this.#keepAlive.start();
    // What came before the answer.
    this.#settle();
    const turns = new Turns(clock);
    while (this.chosen === null) {
      const { ended } = await this.read();
      await turns.afterRead(true);
      if (!ended) continue;
      const found = "none of the tracks has sent anything";
      throw rtspError("STREAM_ENDED", { action: `Cannot play ${this.#parts.where}`, found });
    }
    for (const other of this.receivers) if (other !== this.chosen) other.release();
    this.#parts.memory.track = this.track.media.index;
  }

  /**
   * Waits for bytes, once; the units that they complete are handed to `onUnit` before it returns. Not
   * while another read is pending.
   */
  async read(): Promise<SessionRead> {
    const { link, clock } = this.#parts;
    this.#readAt = null;
    let ended = false;
    let isFull = false;
    let isHeld = false;
    if (this.#udp === null) ({ ended, isFull, isHeld } = await link.receive());
    else ended = await this.#readUdp(this.#udp);
    this.#settle();
    const readAt = this.#readAt ?? clock.nowMs();
    if (ended) this.#noteExpiry();
    if (readAt >= this.#reportAtMs) this.#report(readAt);
    return { ended: ended || this.#hasBye, isFull, isHeld, readAt };
  }

  /**
   * Ends the session (TEARDOWN) and the connection; a pending read returns.
   * @param waitMs  how long the camera may take to answer
   */
  close(waitMs = TEARDOWN_WAIT_MS): Promise<void> {
    return this.#closing ??= this.#close(waitMs);
  }

  /** The control connection is read beside the sockets: it answers keepalives, and its end ends all. */
  async #readUdp(udp: UdpPair): Promise<boolean> {
    const { clock } = this.#parts;
    const track = this.chosen;
    if (track === null) return true;
    this.#control ??= this.#readControl(udp);
    const dueMs = track.dueMs;
    const cancel = dueMs === null ? null : clock.after(dueMs - clock.nowMs(), () => udp.wake());
    await udp.wait();
    cancel?.();
    const readAt = clock.nowMs();
    this.#readAt = readAt;
    udp.take(
      (bytes, start, length) => track.rtp(bytes, start, length, readAt),
      (bytes, start, length) => track.rtcp(bytes, start, length, readAt),
    );
    track.expire(readAt);
    if (this.#controlError !== null) throw this.#controlError;
    return this.#isControlEnded;
  }

  async #readControl(udp: UdpPair): Promise<void> {
    try {
      const turns = new Turns(this.#parts.clock);
      while (!(await this.#parts.link.receive()).ended) await turns.afterRead(true);
    } catch (error) {
      this.#controlError = error;
    } finally {
      this.#isControlEnded = true;
      udp.wake();
    }
  }

  /** All packets that have come were handed out. */
  #settle(): void {
    for (const track of this.receivers) track.settle();
  }

  #report(nowMs: SteadyMs): void {
    this.#reportAtMs = plusMs(nowMs, REPORT_INTERVAL_MS);
    this.chosen?.report(nowMs);
  }

  #noteExpiry(): void {
    const { clock, memory } = this.#parts;
    if (this.#playedAtMs === null || this.#closing !== null) return;
    if (this.#keepAlive.mayHaveExpired(clock.nowMs() - this.#playedAtMs)) {
      memory.keepsAliveByAll = true;
    }
  }

  async #close(waitMs: number): Promise<void> {
    const { link, stream, dialogue, aggregateUri, clock } = this.#parts;
    this.#keepAlive.stop();
    if (dialogue.sessionId !== null) {
      const answered = Promise.withResolvers<void>();
      const cancel = clock.after(waitMs, () => answered.resolve());
      const uri = aggregateUri;
      const headers = dialogue.headersFor("TEARDOWN", uri);
      // A connection that is gone can't be told; the camera notices by itself.
      link.send({ method: "TEARDOWN", uri, headers }, () => answered.resolve())
        .catch(() => answered.resolve());
      await answered.promise;
      cancel();
    }
    stream.close();
    this.#udp?.close();
  }
}
