import type { SteadyMs } from "../../core/clock.ts";
import { UnitAssembler } from "../depacketize/access_unit_assembler.ts";
import type { AccessUnit, MediaDescription, VideoFormat } from "../media.ts";
import { RtpPacket } from "../rtp/packet.ts";
import { ReceptionStats } from "../rtp/reception_stats.ts";
import {
  MAX_RECEIVER_REPORT_BYTES,
  RtcpReader,
  type SenderReport,
  writeReceiverReport,
} from "../rtp/rtcp.ts";
import { ReorderBuffer, SequenceChecker, type Sequencer } from "../rtp/sequencer.ts";
import type { PlayableTrack } from "./tracks.ts";

/** Packets of another source, one after the other, after which that is the camera's. */
const ADOPT_AFTER = 16;
/** Of two sources on one channel, one that sends nothing for so long is not waited for. */
const SILENT_MS = 1000;
/** So many times more packets than those of another source make that one a mistake. */
const FEW_FACTOR = 4;

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
  /** Packets of the source that is played, and when the newest came. */
  #ours = 0;
  #heardAtMs = -Infinity;
  /** The source before it, and its packets. */
  #formerSsrc: number | null = null;
  #formers = 0;
  /** Two sources send on one channel. */
  #isMixed = false;
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

  /** The size from which units come without data at present; at most the session's. */
  set unitLimitBytes(limitBytes: number) {
    this.#assembler.limitBytes = limitBytes;
  }

  /** Another track is played: drops what is open, and gives its memory back. Not while a unit is emitted. */
  release(): void {
    this.#assembler.release();
  }

  /** The newest packet has completed a unit. */
  get hasEndedUnit(): boolean {
    return this.#assembler.hasEndedUnit;
  }

  /** All packets that have come were given: a unit that ends with them is complete. */
  settle(): void {
    this.#assembler.settle();
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
    if (
      !isPacket || !this.#isOurType(packet.payloadType) || !this.#isOurSource(packet.ssrc, atMs)
    ) {
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

  #isOurSource(ssrc: number, atMs: SteadyMs): boolean {
    if (ssrc !== this.#ssrc && !this.#adopts(ssrc, atMs)) return false;
    this.#others = 0;
    this.#ours++;
    this.#heardAtMs = atMs;
    return true;
  }

  /**
   * Whether a source that is not the one so far is the camera's. The first one is, if it is the announced
   * one. Over UDP another one has to go on for some packets: anyone may send there. Over TCP the camera
   * alone can, and has begun anew; but when the source before goes on as well, two are mixed: then the
   * announced one counts, else the one before, for as long as it is not silent.
   */
  #adopts(ssrc: number, atMs: SteadyMs): boolean {
    if (!this.#isOrdered) return this.#adoptsOverUdp(ssrc);
    if (this.#isMixed || (this.#ssrc !== null && this.#ssrc === this.announcedSsrc)) {
      return atMs - this.#heardAtMs >= SILENT_MS && this.#adopt(ssrc);
    }
    this.#isMixed = ssrc === this.#formerSsrc;
    // A packet or two that got there by mistake are not the camera's, also when they came first.
    const isFew = this.#isMixed && this.#ours > FEW_FACTOR * this.#formers;
    return !isFew && this.#adopt(ssrc);
  }

  #adoptsOverUdp(ssrc: number): boolean {
    if (this.#ssrc === null && (this.announcedSsrc ?? ssrc) === ssrc) return this.#adopt(ssrc);
    this.#others = ssrc === this.#otherSsrc ? this.#others + 1 : 1;
    this.#otherSsrc = ssrc;
    return this.#others >= ADOPT_AFTER && this.#adopt(ssrc);
  }

  #adopt(ssrc: number): true {
    if (this.#ssrc !== null) {
      this.#sequencer.reset();
      this.#assembler.gap();
    }
    this.#formerSsrc = this.#ssrc;
    this.#formers = this.#ours;
    this.#ssrc = ssrc;
    this.#ours = 0;
    return true;
  }
}
