import type { SteadyMs } from "../../core/clock.ts";
import { AccessUnitAssembler } from "../depacketize/access_unit_assembler.ts";
import type { AccessUnit, MediaDescription, VideoFormat } from "../media.ts";
import { RtpPacket } from "../rtp/packet.ts";
import { ReceptionStats } from "../rtp/reception_stats.ts";
import {
  MAX_RECEIVER_REPORT_BYTES,
  RtcpReader,
  type SenderReport,
  writeReceiverReport,
} from "../rtp/rtcp.ts";
import { ReorderBuffer } from "../rtp/reorder_buffer.ts";
import { SequenceChecker } from "../rtp/sequence_checker.ts";
import type { Sequencer } from "../rtp/sequencer.ts";
import type { PlayableTrack } from "./tracks.ts";

/** Consecutive packets of another SSRC or payload type after which that is adopted. */
const ADOPT_AFTER_PACKETS = 16;
/**
 * Of two sources on one channel, the active one is replaced when it has sent nothing for this long. The
 * announced one that has never sent is replaced by one that sends for as long.
 */
const SILENT_MS = 1000;
/** A source with this many times fewer packets than another is taken for stray packets. */
const STRAY_FACTOR = 4;

/** RTCP packet types (RFC 3550 12.1). As the second byte of RTP they are the reserved payload types 72 to 76. */
const FIRST_RTCP_TYPE = 200;
const LAST_RTCP_TYPE = 204;

const LINE_FEED = 0x0a;
/** Version 2, no report blocks, type 201, length 1 (RFC 3550 6.4.2). */
const EMPTY_RECEIVER_REPORT = 0x80c90001;
const EMPTY_REPORT_BYTES = 8;

export interface TrackReceiverOptions {
  readonly maxUnitBytes: number;
  /** The SSRC of receiver reports, 32 bits; the last 8 are replaced. */
  readonly ownSsrc: number;
  readonly onUnit: (track: TrackReceiver, unit: AccessUnit) => void;
  readonly onReport: (track: TrackReceiver, report: SenderReport, receivedAt: SteadyMs) => void;
  readonly onBye: (track: TrackReceiver) => void;
}

/** Receives the RTP and RTCP packets of one track: checks SSRC and sequence, assembles access units. */
export class TrackReceiver implements PlayableTrack {
  readonly media: MediaDescription;
  readonly format: VideoFormat;
  /** The SSRC of the camera's `Transport` header, or null. */
  announcedSsrc: number | null = null;
  /** Sends a receiver report; null before SETUP. */
  sendReport: ((report: Uint8Array<ArrayBuffer>) => Promise<void>) | null = null;
  receivedBytes = 0;
  /** Packets that are not this track's: of another payload type or SSRC, or no RTP. */
  foreignPackets = 0;
  readonly #options: TrackReceiverOptions;
  readonly #assembler: AccessUnitAssembler;
  readonly #stats: ReceptionStats;
  readonly #packet = new RtpPacket();
  readonly #rtcp = new RtcpReader();
  readonly #report = new Uint8Array(MAX_RECEIVER_REPORT_BYTES + EMPTY_REPORT_BYTES);
  readonly #ownSsrc: number;
  #sequencer: Sequencer;
  #ssrc: number | null = null;
  #isOrdered = true;
  #payloadType: number;
  /** Packets of other payload types, until one of the announced type has arrived. */
  #otherTypePackets = 0;
  /** Packets of the active source, and when the newest arrived. */
  #activePackets = 0;
  #activeAtMs = -Infinity;
  /** The active source before it, and its packets. */
  #previousSsrc: number | null = null;
  #previousPackets = 0;
  /** Two sources send on one channel. */
  #isMixed = false;
  /** The SSRC of the newest packets that are not the active source's, and how many in a row. */
  #otherSsrc = 0;
  #otherPackets = 0;
  #otherSinceMs = -Infinity;
  #isSendingReport = false;
  #reportReceivedAt: SteadyMs | null = null;

  constructor({ media, format }: PlayableTrack, options: TrackReceiverOptions) {
    this.media = media;
    this.format = format;
    this.#options = options;
    this.#payloadType = format.payloadType;
    this.#ownSsrc = (options.ownSsrc & ~0xff | LINE_FEED) >>> 0;
    this.#assembler = new AccessUnitAssembler(format, {
      maxUnitBytes: options.maxUnitBytes,
      onUnit: (unit) => options.onUnit(this, unit),
    });
    this.#stats = new ReceptionStats(format.clockRate);
    this.#sequencer = new SequenceChecker(this.#target);
  }

  /** Packets lost by the network or the camera. */
  get lostPackets(): number {
    return this.#sequencer.counts.lost;
  }

  /** When {@link expire} is due, or null. */
  get dueMs(): SteadyMs | null {
    return this.#sequencer.dueMs;
  }

  /** The unsupported kind of payload that is all the camera sends, or null. */
  get hopelessName(): string | null {
    return this.#assembler.hopelessName;
  }

  /** The present size limit of units, at most `maxUnitBytes`; larger ones are emitted without data. */
  set unitLimitBytes(limitBytes: number) {
    this.#assembler.limitBytes = limitBytes;
  }

  /** Drops the open unit and frees its memory, when another track is selected. Not while a unit is emitted. */
  release(): void {
    this.#assembler.release();
  }

  /** The newest packet has completed a unit. */
  get hasCompletedUnit(): boolean {
    return this.#assembler.hasCompletedUnit;
  }

  /** Ends a batch of packets: emits the unit that the newest marker bit has ended. */
  endBatch(): void {
    this.#assembler.endBatch();
  }

  /** Packets arrive over UDP: they may be reordered, and other hosts may send to the port. */
  allowReordering(): void {
    this.#isOrdered = false;
    this.#sequencer = new ReorderBuffer(this.#target);
  }

  /**
   * Whether an interleaved packet is RTP, by its second byte. Some cameras send RTP and RTCP on one channel,
   * or swap the channels that they announced.
   */
  isRtp(secondByte: number, isRtpChannel: boolean): boolean {
    if (!isRtpChannel) return (secondByte & 0x7f) === this.#payloadType;
    return secondByte < FIRST_RTCP_TYPE || secondByte > LAST_RTCP_TYPE;
  }

  /** Handles an RTP packet; its bytes are copied. */
  rtp(bytes: Uint8Array<ArrayBuffer>, start: number, length: number, atMs: SteadyMs): void {
    const packet = this.#packet;
    const isPacket = packet.parse(bytes, start, length);
    const hasType = isPacket && this.#acceptsType(packet.payloadType);
    if (!hasType || !this.#acceptsSource(packet.ssrc, atMs)) {
      this.foreignPackets++;
      // One source numbers its packets of all payload types together (RFC 3550 5.1): error correction,
      // and metadata that some cameras send between the packets of a picture.
      if (isPacket && packet.ssrc === this.#ssrc) this.#sequencer.pushForeign(packet, atMs);
      return;
    }
    this.receivedBytes += length;
    this.#stats.packet(packet, atMs);
    this.#sequencer.push(packet, atMs);
  }

  /** Handles an RTCP packet. */
  rtcp(bytes: Uint8Array<ArrayBuffer>, start: number, length: number, atMs: SteadyMs): void {
    this.#reportReceivedAt = atMs;
    this.#rtcp.read(bytes, start, length, this.#visitor);
  }

  /** Skips missing packets whose waiting time is over. */
  expire(nowMs: SteadyMs): void {
    this.#sequencer.expire(nowMs);
  }

  /** Sends a receiver report (RFC 3550 6.4), unless the previous one is still being written. */
  report(nowMs: SteadyMs): void {
    if (this.#ssrc === null || this.sendReport === null || this.#isSendingReport) return;
    const ssrcs = { ssrc: this.#ownSsrc, source: this.#ssrc };
    let sizeBytes = writeReceiverReport(this.#report, this.#stats.report(ssrcs, nowMs));
    // Some cameras read a TCP connection line by line and lose the request that follows a report without
    // a line feed at its end. The last byte of the SSRC is one: see LINE_FEED.
    if (this.#isOrdered) sizeBytes += this.#appendEmptyReport(sizeBytes);
    this.#isSendingReport = true;
    const done = () => {
      this.#isSendingReport = false;
    };
    // A connection that fails to write fails to read as well, and is closed by the reader.
    this.sendReport(this.#report.slice(0, sizeBytes)).then(done, done);
  }

  /** Appends an empty receiver report, whose last byte is the last byte of the SSRC. */
  #appendEmptyReport(at: number): number {
    const view = new DataView(this.#report.buffer, at);
    view.setUint32(0, EMPTY_RECEIVER_REPORT);
    view.setUint32(4, this.#ownSsrc);
    return EMPTY_REPORT_BYTES;
  }

  readonly #target = {
    onPacket: (packet: RtpPacket) => {
      if (packet.payloadType === this.#payloadType) this.#assembler.push(packet);
    },
    onGap: () => this.#assembler.gap(),
  };

  readonly #visitor = {
    onSenderReport: (report: SenderReport) => {
      // A sender report of another stream does not apply to this one's timestamps.
      if (this.#ssrc !== null && report.ssrc !== this.#ssrc) return;
      const receivedAt = this.#reportReceivedAt;
      if (receivedAt === null) return;
      this.#stats.senderReport(report, receivedAt);
      this.#options.onReport(this, report, receivedAt);
    },
    onBye: (sources: readonly number[]) => {
      // Before the first packet it is of an earlier session: over UDP the ports are the same.
      if (this.#ssrc === null) return;
      if (sources.length === 0 || sources.includes(this.#ssrc)) this.#options.onBye(this);
    },
  };

  /**
   * Whether packets of this payload type are the track's. Some cameras announce one type and send another:
   * that is adopted if none of the announced type arrives.
   */
  #acceptsType(payloadType: number): boolean {
    if (payloadType === this.#payloadType) {
      this.#otherTypePackets = -Infinity;
      return true;
    }
    if (++this.#otherTypePackets < ADOPT_AFTER_PACKETS) return false;
    this.#payloadType = payloadType;
    this.#otherTypePackets = -Infinity;
    return true;
  }

  /** Whether packets of this SSRC are the track's. */
  #acceptsSource(ssrc: number, atMs: SteadyMs): boolean {
    if (ssrc !== this.#ssrc && !this.#tryAdopt(ssrc, atMs)) return false;
    this.#otherPackets = 0;
    this.#activePackets++;
    this.#activeAtMs = atMs;
    return true;
  }

  /**
   * Adopts an SSRC that is not the active one, if it is the camera's.
   *
   * - Over UDP, where other hosts may send to the port: the announced one at once, others after some
   *   consecutive packets.
   * - Over TCP, where only the camera can send: at once, since it has started a new stream. If packets of
   *   the previous source continue, two sources are mixed: the announced one stays active, else the
   *   present one, until it falls silent.
   */
  #tryAdopt(ssrc: number, atMs: SteadyMs): boolean {
    if (!this.#isOrdered) return this.#tryAdoptOverUdp(ssrc, atMs);
    if (this.#isMixed || (this.#ssrc !== null && this.#ssrc === this.announcedSsrc)) {
      return atMs - this.#activeAtMs >= SILENT_MS && this.#adopt(ssrc);
    }
    this.#isMixed = ssrc === this.#previousSsrc;
    // A few stray packets of another source, even if they arrived first.
    const isStray = this.#isMixed && this.#activePackets > STRAY_FACTOR * this.#previousPackets;
    return !isStray && this.#adopt(ssrc);
  }

  #tryAdoptOverUdp(ssrc: number, atMs: SteadyMs): boolean {
    if (this.#ssrc === null && (this.announcedSsrc ?? ssrc) === ssrc) return this.#adopt(ssrc);
    if (ssrc !== this.#otherSsrc || this.#otherPackets === 0) this.#otherSinceMs = atMs;
    this.#otherPackets = ssrc === this.#otherSsrc ? this.#otherPackets + 1 : 1;
    this.#otherSsrc = ssrc;
    const isAlone = this.#ssrc === null && atMs - this.#otherSinceMs >= SILENT_MS;
    return (isAlone || this.#otherPackets >= ADOPT_AFTER_PACKETS) && this.#adopt(ssrc);
  }

  #adopt(ssrc: number): true {
    if (this.#ssrc !== null) {
      this.#sequencer.reset();
      this.#assembler.gap();
    }
    this.#previousSsrc = this.#ssrc;
    this.#previousPackets = this.#activePackets;
    this.#ssrc = ssrc;
    this.#activePackets = 0;
    return true;
  }
}
