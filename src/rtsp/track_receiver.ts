import type { SteadyMs } from "../core/clock.ts";
import { UnitAssembler } from "./access_unit.ts";
import type { AccessUnit, MediaDescription, VideoFormat } from "./media.ts";
import { ReceptionStats } from "./reception_stats.ts";
import { ReorderBuffer, SequenceChecker, type Sequencer } from "./reorder.ts";
import {
  MAX_RECEIVER_REPORT_BYTES,
  RtcpReader,
  type SenderReport,
  writeReceiverReport,
} from "./rtcp.ts";
import { RtpPacket } from "./rtp.ts";
import type { PlayableTrack } from "./tracks.ts";

/** Packets of another source, one after the other, after which that is the camera's. */
const ADOPT_AFTER = 16;

const LINE_FEED = 0x0a;
/** Version 2, no report blocks, type 201, one word beyond the first (RFC 3550 6.4.2). */
const EMPTY_RECEIVER_REPORT = 0x80c90001;
const EMPTY_REPORT_BYTES = 8;

export interface TrackReceiverOptions {
  readonly maxUnitBytes: number;
  /** This end's source identifier in receiver reports, 32 bits; the last 8 are chosen here. */
  readonly ownSsrc: number;
  readonly onUnit: (track: TrackReceiver, unit: AccessUnit) => void;
  readonly onReport: (track: TrackReceiver, report: SenderReport, receivedAt: SteadyMs) => void;
  readonly onBye: (track: TrackReceiver) => void;
}

/** One track's packets on their way to access units: source and sequence checked, reports kept. */
export class TrackReceiver implements PlayableTrack {
  readonly media: MediaDescription;
  readonly format: VideoFormat;
  /** The source that the camera has announced, or null. */
  announcedSsrc: number | null = null;
  /** Sends a receiver report; null before the set-up. */
  sendReport: ((report: Uint8Array<ArrayBuffer>) => Promise<void>) | null = null;
  receivedBytes = 0;
  /** Packets that are not this track's: of another payload type or source, or no RTP. */
  foreignPackets = 0;
  readonly #options: TrackReceiverOptions;
  readonly #assembler: UnitAssembler;
  readonly #stats: ReceptionStats;
  readonly #packet = new RtpPacket();
  readonly #rtcp = new RtcpReader();
  readonly #report = new Uint8Array(MAX_RECEIVER_REPORT_BYTES + EMPTY_REPORT_BYTES);
  readonly #ownSsrc: number;
  #sequencer: Sequencer;
  #ssrc: number | null = null;
  #isOrdered = true;
  #payloadType: number;
  /** Packets of other types, while none of the announced has come. */
  #otherTypes = 0;
  #otherSsrc = 0;
  #others = 0;
  #isSendingReport = false;
  #reportReceivedAt: SteadyMs | null = null;

  constructor({ media, format }: PlayableTrack, options: TrackReceiverOptions) {
    this.media = media;
    this.format = format;
    this.#options = options;
    this.#payloadType = format.payloadType;
    this.#ownSsrc = (options.ownSsrc & ~0xff | LINE_FEED) >>> 0;
    this.#assembler = new UnitAssembler(format, {
      maxUnitBytes: options.maxUnitBytes,
      onUnit: (unit) => options.onUnit(this, unit),
    });
    this.#stats = new ReceptionStats(format.clockRate);
    this.#sequencer = new SequenceChecker(this.#target);
  }

  /** Packets that the network or the camera lost. */
  get lostPackets(): number {
    return this.#sequencer.counts.lost;
  }

  /** When packets that wait for a missing one are given up, or null. */
  get dueMs(): SteadyMs | null {
    return this.#sequencer.dueMs;
  }

  /** Packets come over UDP: they may change places, and others may send to the port. */
  toleratesReordering(): void {
    this.#isOrdered = false;
    this.#sequencer = new ReorderBuffer(this.#target);
  }

  /** An RTP packet came; its bytes are copied. */
  rtp(bytes: Uint8Array<ArrayBuffer>, start: number, length: number, atMs: SteadyMs): void {
    const packet = this.#packet;
    const isPacket = packet.parse(bytes, start, length);
    if (!isPacket || !this.#isOurType(packet.payloadType) || !this.#isOurSource(packet.ssrc)) {
      this.foreignPackets++;
      return;
    }
    this.receivedBytes += length;
    this.#stats.packet(packet, atMs);
    this.#sequencer.push(packet, atMs);
  }

  /** An RTCP packet came. */
  rtcp(bytes: Uint8Array<ArrayBuffer>, start: number, length: number, atMs: SteadyMs): void {
    this.#reportReceivedAt = atMs;
    this.#rtcp.read(bytes, start, length, this.#visitor);
  }

  /** Gives up packets that were waited for too long. */
  expire(nowMs: SteadyMs): void {
    this.#sequencer.expire(nowMs);
  }

  /** Sends a receiver report (RFC 3550 6.4), unless the one before is still on its way. */
  report(nowMs: SteadyMs): void {
    if (this.#ssrc === null || this.sendReport === null || this.#isSendingReport) return;
    const sources = { ssrc: this.#ownSsrc, source: this.#ssrc };
    let sizeBytes = writeReceiverReport(this.#report, this.#stats.report(sources, nowMs));
    // Some cameras read what comes over TCP line by line and lose the request after a report that does
    // not end with a line feed. This one does: see LINE_FEED.
    if (this.#isOrdered) sizeBytes += this.#endLine(sizeBytes);
    this.#isSendingReport = true;
    const done = () => {
      this.#isSendingReport = false;
    };
    // A connection that can't be written to ends its reads as well, which is noticed there.
    this.sendReport(this.#report.slice(0, sizeBytes)).then(done, done);
  }

  /** An empty report of ours once more, whose last byte is that of the source identifier. */
  #endLine(at: number): number {
    const view = new DataView(this.#report.buffer, at);
    view.setUint32(0, EMPTY_RECEIVER_REPORT);
    view.setUint32(4, this.#ownSsrc);
    return EMPTY_REPORT_BYTES;
  }

  readonly #target = {
    onPacket: (packet: RtpPacket) => this.#assembler.push(packet),
    onGap: () => this.#assembler.gap(),
  };

  readonly #visitor = {
    onSenderReport: (report: SenderReport) => {
      // Cameras' reports mostly have the right source; one of another stream has no time of ours.
      if (this.#ssrc !== null && report.ssrc !== this.#ssrc) return;
      const receivedAt = this.#reportReceivedAt;
      if (receivedAt === null) return;
      this.#stats.senderReport(report, receivedAt);
      this.#options.onReport(this, report, receivedAt);
    },
    onBye: (sources: readonly number[]) => {
      if (this.#ssrc === null || sources.length === 0 || sources.includes(this.#ssrc)) {
        this.#options.onBye(this);
      }
    },
  };

  /**
   * Whether packets of this payload type are the track's. Some cameras announce one and send another:
   * one that goes on while the announced never came is taken for it.
   */
  #isOurType(payloadType: number): boolean {
    if (payloadType === this.#payloadType) {
      this.#otherTypes = -Infinity;
      return true;
    }
    if (++this.#otherTypes < ADOPT_AFTER) return false;
    this.#payloadType = payloadType;
    this.#otherTypes = -Infinity;
    return true;
  }

  #isOurSource(ssrc: number): boolean {
    if (ssrc !== this.#ssrc && !this.#adopts(ssrc)) return false;
    this.#others = 0;
    return true;
  }

  /**
   * Whether a source that was not heard before is the camera's: the first one; over TCP any other, since
   * the camera alone can send there and has begun anew; over UDP one that goes on for some packets.
   */
  #adopts(ssrc: number): boolean {
    const isFirst = this.#ssrc === null;
    const isAnnounced = this.announcedSsrc === null || this.announcedSsrc === ssrc;
    if (!(isFirst && isAnnounced) && !this.#isOrdered) {
      this.#others = ssrc === this.#otherSsrc ? this.#others + 1 : 1;
      this.#otherSsrc = ssrc;
      if (this.#others < ADOPT_AFTER) return false;
    }
    this.#ssrc = ssrc;
    if (!isFirst) {
      this.#sequencer.reset();
      this.#assembler.gap();
    }
    return true;
  }
}
