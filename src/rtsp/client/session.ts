import { assert } from "../../core/assert.ts";
import type { Clock, SteadyMs } from "../../core/clock.ts";
import { type RtspError, rtspError, type RtspErrorCode } from "../errors.ts";
import type { AccessUnit, MediaDescription } from "../media.ts";
import type { SenderReport } from "../rtp/rtcp.ts";
import { type ByteStream, connectionError } from "../transport/byte_stream.ts";
import type { ReceiveResult, RtspConnection } from "../transport/connection.ts";
import type { UdpPair } from "../transport/udp.ts";
import type { CameraHints } from "./camera_hints.ts";
import { EventLoopYielder } from "./event_loop_yielder.ts";
import { KeepAlive } from "./keep_alive.ts";
import { requestPlay } from "./play.ts";
import { ReportSchedule } from "./report_schedule.ts";
import type { Requester } from "./requester.ts";
import { TrackReceiver } from "./track_receiver.ts";
import { TrackSelector } from "./track_selector.ts";
import { announcedPixels, type PlayableTrack } from "./tracks.ts";

/** How long to wait for the response to TEARDOWN. */
const TEARDOWN_WAIT_MS = 200;

export interface RtspSessionOptions {
  readonly connection: RtspConnection;
  readonly stream: ByteStream;
  readonly requester: Requester;
  /** `rtsp://host:port`, for error messages. */
  readonly origin: string;
  /** The methods that the server announces. */
  readonly methods: ReadonlySet<string>;
  /** All media sections of the session description. */
  readonly media: readonly MediaDescription[];
  /** The tracks to set up. */
  readonly tracks: readonly PlayableTrack[];
  /** The aggregate control URI, which stands for all tracks. */
  readonly aggregateUri: string;
  readonly maxUnitBytes: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly hints: CameraHints;
  readonly onTrackSelected: (track: PlayableTrack) => void;
  readonly onUnit: (unit: AccessUnit) => void;
  /** Receives each sender report of the selected track. The object is reused: copy what is kept. */
  readonly onReport: (report: SenderReport, receivedAt: SteadyMs) => void;
}

/** The outcome of one read of a session, which has `ended` also after a BYE. */
export interface SessionRead extends ReceiveResult {
  /** When the bytes were read. */
  readonly readAt: SteadyMs;
}

/** A session that plays. Access units are delivered during {@link read}, and only then. */
export class RtspSession {
  readonly receivers: readonly TrackReceiver[];
  /** The transport of its packets, set during SETUP. */
  transport: "tcp" | "udp" = "tcp";
  /** The newest packet has completed a unit. */
  hasCompletedUnit = false;
  readonly #options: RtspSessionOptions;
  readonly #selector: TrackSelector;
  readonly #byChannel = new Map<
    number,
    { readonly track: TrackReceiver; readonly isRtp: boolean }
  >();
  readonly #keepAlive: KeepAlive;
  readonly #reports: ReportSchedule;
  #udp: UdpPair | null = null;
  #controlReader: Promise<void> | null = null;
  #hasControlEnded = false;
  /** The error that ended the control connection, or null. */
  #controlError: unknown = null;
  #hasBye = false;
  #readAt: SteadyMs | null = null;
  #playedAt: SteadyMs | null = null;
  #closing: Promise<void> | null = null;

  constructor(options: RtspSessionOptions) {
    this.#options = options;
    const receiverOptions = {
      maxUnitBytes: options.maxUnitBytes,
      ownSsrc: Math.floor(options.random() * 2 ** 32),
      onUnit: (track: TrackReceiver, unit: AccessUnit) => this.#selector.unit(track, unit),
      onReport: (track: TrackReceiver, report: SenderReport, receivedAt: SteadyMs) => {
        if (track === this.selected) options.onReport(report, receivedAt);
      },
      onBye: (track: TrackReceiver) => {
        if (track === this.selected) this.#hasBye = true;
      },
    };
    this.receivers = options.tracks.map((track) => new TrackReceiver(track, receiverOptions));
    this.#selector = new TrackSelector(this.receivers, options);
    this.#keepAlive = new KeepAlive(options);
    this.#reports = new ReportSchedule(options.hints);
  }

  /** The selected track; null until it is known which of several sends. */
  get selected(): TrackReceiver | null {
    return this.#selector.selected;
  }

  /** The selected track. Only after {@link play} has returned. */
  get track(): TrackReceiver {
    const { selected } = this;
    assert(selected !== null, "a session has selected no track yet");
    return selected;
  }

  /** All media sections of the session description. */
  get media(): readonly MediaDescription[] {
    return this.#options.media;
  }

  /**
   * The connection's local port, by which the operating system's count of unread bytes is found; null
   * over UDP and TLS, where that count does not apply.
   */
  get localPort(): number | null {
    const { stream } = this.#options;
    return this.transport === "tcp" && !stream.readsAhead ? stream.localPort : null;
  }

  /** SHA-256 of the camera's certificate, 64 hexadecimal digits in lower case; null without TLS. */
  get fingerprint(): string | null {
    return this.#options.stream.fingerprint;
  }

  /** Selects a track before any has sent, where only one can be set up: the largest as announced. */
  selectBeforePlay(): TrackReceiver {
    const { receivers } = this;
    const [first, ...others] = receivers;
    assert(first !== undefined, "a session has no track");
    const pixels = (track: TrackReceiver) => announcedPixels(track) ?? 0;
    const selected = this.selected ??
      others.reduce((best, track) => pixels(track) > pixels(best) ? track : best, first);
    if (this.selected === null) this.#selector.select(selected);
    return selected;
  }

  /** Receives a track over these interleaved channels. Some cameras name those of another track: ignored. */
  bindChannels(track: TrackReceiver, rtpChannel: number, rtcpChannel: number): void {
    const { connection } = this.#options;
    if ((this.#byChannel.get(rtpChannel)?.track ?? track) !== track) return;
    connection.rtpChannels.add(rtpChannel);
    connection.rtcpChannels.add(rtcpChannel);
    this.#byChannel.set(rtpChannel, { track, isRtp: true });
    this.#byChannel.set(rtcpChannel, { track, isRtp: false });
    track.sendReport = (report) => connection.sendPacket(rtcpChannel, report);
  }

  /** Receives a track over UDP. The session owns the sockets. */
  bindUdp(track: TrackReceiver, udp: UdpPair): void {
    this.transport = "udp";
    this.#udp = udp;
    track.allowReordering();
    track.sendReport = (report) => udp.sendReport(report);
  }

  /** Handles an interleaved packet; its bytes are the connection's, valid until this returns. */
  interleavedPacket(
    channel: number,
    bytes: Uint8Array<ArrayBuffer>,
    start: number,
    length: number,
  ): void {
    const target = this.#byChannel.get(channel);
    if (target === undefined) return;
    this.#readAt ??= this.#options.clock.nowMs();
    this.hasCompletedUnit = false;
    if (this.selected !== null && target.track !== this.selected) return;
    const { track } = target;
    if (!track.isRtp(bytes[start + 1] ?? 0, target.isRtp)) {
      return track.rtcp(bytes, start, length, this.#readAt);
    }
    track.rtp(bytes, start, length, this.#readAt);
    this.hasCompletedUnit = track.hasCompletedUnit;
  }

  /** Starts the stream, and reads until a track is selected. */
  async play(): Promise<void> {
    const { requester, aggregateUri, clock, hints } = this.#options;
    await requestPlay(requester, aggregateUri, this.receivers);
    this.#playedAt = clock.nowMs();
    this.#reports.start(this.#playedAt);
    this.#keepAlive.start();
    // Packets may have arrived before the response.
    this.#endBatch();
    const yielder = new EventLoopYielder(clock);
    while (this.selected === null) {
      const { ended } = await this.read();
      await yielder.afterRead(true);
      if (ended) throw this.#error("STREAM_ENDED", "none of the tracks has sent anything");
    }
    for (const other of this.receivers) if (other !== this.selected) other.release();
    hints.trackIndex = this.track.media.index;
  }

  /**
   * Waits for bytes, once, and passes the units that they complete to `onUnit` before it returns. Not
   * while another read is pending.
   */
  async read(): Promise<SessionRead> {
    const { connection, clock, origin } = this.#options;
    this.#readAt = null;
    let received: ReceiveResult;
    try {
      received = await (this.#udp === null ? connection.receive() : this.#readUdp(this.#udp));
    } catch (error) {
      // A camera that restarts resets the connection.
      this.#learnFromEnd();
      throw connectionError(error, { action: `Cannot read from ${origin}` });
    }
    this.#endBatch();
    const readAt = this.#readAt ?? clock.nowMs();
    if (received.ended) this.#learnFromEnd();
    if (this.#reports.isDue(readAt, this.transport)) this.selected?.report(readAt);
    return { ...received, ended: received.ended || this.#hasBye, readAt };
  }

  /**
   * Ends the session (TEARDOWN) and closes the connection; a pending read returns.
   * @param waitMs  how long to wait for the camera's response
   */
  close(waitMs = TEARDOWN_WAIT_MS): Promise<void> {
    return this.#closing ??= this.#close(waitMs);
  }

  /** Reads the control connection concurrently: for responses to keepalives, and for its end. */
  async #readUdp(udp: UdpPair): Promise<ReceiveResult> {
    const { clock } = this.#options;
    const { track } = this;
    this.#controlReader ??= this.#readControl(udp);
    const { dueMs } = track;
    const cancel = dueMs === null ? null : clock.after(dueMs - clock.nowMs(), () => udp.wake());
    await udp.wait();
    cancel?.();
    const readAt = this.#readAt = clock.nowMs();
    udp.drain(
      (bytes, start, length) => track.rtp(bytes, start, length, readAt),
      (bytes, start, length) => track.rtcp(bytes, start, length, readAt),
    );
    track.expire(readAt);
    this.hasCompletedUnit = track.hasCompletedUnit;
    if (this.#controlError !== null) throw this.#controlError;
    return { ended: this.#hasControlEnded, mayHaveMore: false, hasBuffered: false };
  }

  async #readControl(udp: UdpPair): Promise<void> {
    try {
      const yielder = new EventLoopYielder(this.#options.clock);
      while (!(await this.#options.connection.receive()).ended) await yielder.afterRead(true);
    } catch (error) {
      this.#controlError = error;
    } finally {
      this.#hasControlEnded = true;
      udp.wake();
    }
  }

  #endBatch(): void {
    for (const track of this.receivers) track.endBatch();
    const refused = this.selected?.hopelessName ?? null;
    if (refused !== null) throw this.#error("STREAM_CODEC", `${refused} is not supported`);
  }

  #error(code: RtspErrorCode, found: string): RtspError {
    return rtspError(code, { action: `Cannot play ${this.#options.origin}`, found });
  }

  #learnFromEnd(): void {
    const { clock, hints } = this.#options;
    if (this.#playedAt === null || this.#closing !== null) return;
    const now = clock.nowMs();
    if (this.transport === "tcp") this.#reports.detectRefusal(now);
    if (this.#keepAlive.mayHaveExpired(now - this.#playedAt)) {
      hints.alternatesKeepAlive = true;
    }
  }

  async #close(waitMs: number): Promise<void> {
    const { connection, stream, requester, aggregateUri: uri, clock } = this.#options;
    this.#keepAlive.stop();
    if (requester.sessionId !== null) {
      const answered = Promise.withResolvers<void>();
      const cancel = clock.after(waitMs, () => answered.resolve());
      const headers = requester.headersFor("TEARDOWN", uri);
      // A write that fails means that the connection is gone: the camera detects that as well.
      connection.send({ method: "TEARDOWN", uri, headers }, () => answered.resolve())
        .catch(() => answered.resolve());
      await answered.promise;
      cancel();
    }
    stream.close();
    this.#udp?.close();
  }
}
