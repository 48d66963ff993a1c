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
import { ActiveSource } from "./active_source.ts";
import type { PlayableTrack } from "./tracks.ts";

/** Consecutive packets of another payload type after which that is adopted. */
const ADOPT_AFTER_PACKETS = 16;
/** A larger step of the timestamps, where the sequence numbers jump, is a loss of packets. */
const MAX_RENUMBERED_STEP_MS = 500;

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
  /** The URI that it was set up with; null: it was not. */
  uri: string | null = null;
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
  readonly #source = new ActiveSource();
  /** The sequence number of the next packet has nothing to do with that of the last one. */
  #isRenumbered = false;
  /** The timestamp of the last packet. */
  #lastTimestamp = 0;
  #payloadType: number;
  /** Packets of other payload types, until one of the announced type has arrived. */
  #otherTypePackets = 0;
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

  /** The SSRC of the camera's `Transport` header, or null. */
  set announcedSsrc(ssrc: number | null) {
    this.#source.announced = ssrc;
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
    this.#source.isOrdered = false;
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
      if (isPacket && packet.ssrc === this.#source.ssrc) this.#sequencer.pushForeign(packet, atMs);
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
    if (this.#source.ssrc === null || this.sendReport === null || this.#isSendingReport) return;
    const ssrcs = { ssrc: this.#ownSsrc, source: this.#source.ssrc };
    let sizeBytes = writeReceiverReport(this.#report, this.#stats.report(ssrcs, nowMs));
    // Some cameras read a TCP connection line by line and lose the request that follows a report without
    // a line feed at its end. The last byte of the SSRC is one: see LINE_FEED.
    if (this.#source.isOrdered) sizeBytes += this.#appendEmptyReport(sizeBytes);
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
      if (packet.payloadType !== this.#payloadType) return;
      if (this.#isRenumbered && !this.#continues(packet)) this.#assembler.gap();
      this.#isRenumbered = false;
      this.#lastTimestamp = packet.timestamp;
      this.#assembler.push(packet);
    },
    onGap: (lost: number) => {
      if (lost === 0) this.#isRenumbered = true;
      else this.#assembler.gap();
    },
  };

  /**
   * Whether a packet with a number of its own directly follows the last one: some cameras begin to number
   * anew every few seconds. Over TCP, nothing is missing if the last unit is complete and the next one is
   * close to it in time.
   */
  #continues({ timestamp }: RtpPacket): boolean {
    const step = (timestamp - this.#lastTimestamp) >>> 0;
    const isClose = step * 1000 <= MAX_RENUMBERED_STEP_MS * this.format.clockRate;
    return this.#source.isOrdered && this.#assembler.isBetweenUnits && isClose;
  }

  readonly #visitor = {
    onSenderReport: (report: SenderReport) => {
      // A sender report of another stream does not apply to this one's timestamps.
      if (this.#source.ssrc !== null && report.ssrc !== this.#source.ssrc) return;
      const receivedAt = this.#reportReceivedAt;
      if (receivedAt === null) return;
      this.#stats.senderReport(report, receivedAt);
      this.#options.onReport(this, report, receivedAt);
    },
    onBye: (sources: readonly number[]) => {
      // Before the first packet it is of an earlier session: over UDP the ports are the same.
      if (this.#source.ssrc === null) return;
      if (sources.length === 0 || sources.includes(this.#source.ssrc)) this.#options.onBye(this);
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
    const isFirst = this.#source.ssrc === null;
    const verdict = this.#source.packet(ssrc, atMs);
    if (verdict === "adopted" && !isFirst) {
      this.#sequencer.reset();
      // Some cameras begin each GOP with another SSRC. Over TCP its first packet is not missing.
      if (this.#source.isOrdered) this.#assembler.restart();
      else this.#assembler.gap();
    }
    return verdict !== "other";
  }
}
