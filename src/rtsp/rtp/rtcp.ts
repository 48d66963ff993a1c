/** RTCP (RFC 3550 6): parses sender reports and BYE, writes receiver reports. */
import { type WallMs, wallMs } from "../../core/clock.ts";
import { byteAt, uint16At, uint32At } from "./packet.ts";

const VERSION = 2;
const HEADER_BYTES = 4;
const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const SOURCE_DESCRIPTION = 202;
const BYE = 203;
const CNAME = 1;
const SENDER_REPORT_BYTES = 28;
const RECEIVER_REPORT_BYTES = 32;
/** From the NTP epoch, 1900, to 1970. */
const NTP_OFFSET_SECONDS = 2_208_988_800;
/** Seconds of an NTP era; era 1 begins in February 2036. */
const NTP_ERA_SECONDS = 2 ** 32;

/** The sender's wall clock and RTP clock at one instant. */
export interface SenderReport {
  /** 32 bits. */
  readonly ssrc: number;
  /** The sender's wall clock; null: it has none (RFC 3550 6.4.1). */
  readonly wallMs: WallMs | null;
  /** The middle 32 bits of its NTP timestamp, for the LSR field of receiver reports. */
  readonly ntpMiddle: number;
  /** 32 bits, in ticks of the format's clock rate. */
  readonly rtpTimestamp: number;
}

/** Receives the packets of a compound packet. */
export interface RtcpVisitor {
  /** The object is reused: copy what is kept. */
  onSenderReport(report: SenderReport): void;
  /** These sources have stopped sending; the reason is "" if none is given. */
  onBye(sources: readonly number[], reason: string): void;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Parses RTCP packets. Sender reports allocate nothing. */
export class RtcpReader {
  readonly #report: Mutable<SenderReport> = {
    ssrc: 0,
    wallMs: null,
    ntpMiddle: 0,
    rtpTimestamp: 0,
  };

  /**
   * Visits the packets of a compound packet (RFC 3550 6.1), or a single one (RFC 5506). Skips unknown types;
   * parses truncated packets as far as they are complete.
   *
   * @returns false if it does not begin with an RTCP packet
   */
  read(bytes: Uint8Array, start: number, length: number, visitor: RtcpVisitor): boolean {
    const end = Math.min(start + length, bytes.length);
    let at = start;
    while (at + HEADER_BYTES <= end && byteAt(bytes, at) >> 6 === VERSION) {
      const type = byteAt(bytes, at + 1);
      if (at === start && (type < SENDER_REPORT || type > 223)) return false;
      const next = at + HEADER_BYTES + uint16At(bytes, at + 2) * 4;
      if (type === SENDER_REPORT) this.#senderReport(bytes, at, Math.min(next, end), visitor);
      else if (type === BYE) bye(bytes, at, Math.min(next, end), visitor);
      at = next;
    }
    return at > start;
  }

  #senderReport(bytes: Uint8Array, at: number, end: number, visitor: RtcpVisitor): void {
    // The packet and octet counts at its end are not needed.
    if (at + SENDER_REPORT_BYTES - 8 > end) return;
    const report = this.#report;
    const seconds = uint32At(bytes, at + 8);
    const fraction = uint32At(bytes, at + 12);
    report.ssrc = uint32At(bytes, at + 4);
    report.wallMs = ntpWallMs(seconds, fraction);
    report.ntpMiddle = ((seconds & 0xffff) << 16 | fraction >>> 16) >>> 0;
    report.rtpTimestamp = uint32At(bytes, at + 16);
    visitor.onSenderReport(report);
  }
}

/**
 * Converts an NTP timestamp to wall time; 0 is none. Seconds without the highest bit are of the era that
 * begins in 2036 (RFC 4330 3).
 */
export function ntpWallMs(seconds: number, fraction: number): WallMs | null {
  if (seconds === 0 && fraction === 0) return null;
  const era = seconds < NTP_ERA_SECONDS / 2 ? NTP_ERA_SECONDS : 0;
  return wallMs((seconds + era - NTP_OFFSET_SECONDS + fraction / NTP_ERA_SECONDS) * 1000);
}

function bye(bytes: Uint8Array, at: number, end: number, visitor: RtcpVisitor): void {
  const count = byteAt(bytes, at) & 31;
  const sources: number[] = [];
  let next = at + HEADER_BYTES;
  for (; sources.length < count && next + 4 <= end; next += 4) sources.push(uint32At(bytes, next));
  const length = next < end ? byteAt(bytes, next) : 0;
  const reason = bytes.subarray(next + 1, Math.min(next + 1 + length, end));
  visitor.onBye(sources, new TextDecoder().decode(reason));
}

/** A receiver report of one source (RFC 3550 6.4.1). */
export interface ReceiverReport {
  /** The receiver's SSRC, 32 bits. */
  readonly ssrc: number;
  /** The sender's SSRC. */
  readonly source: number;
  /** Lost packets of 256 since the previous report, 0..255. */
  readonly fractionLost: number;
  /** Packets lost since the start; negative if duplicates outnumber losses. */
  readonly cumulativeLost: number;
  /** The extended highest sequence number: cycles in the upper 16 bits. */
  readonly highestSequence: number;
  /** Interarrival jitter in ticks of the clock rate. */
  readonly jitter: number;
  /** LSR: {@link SenderReport.ntpMiddle} of the newest sender report, or 0. */
  readonly lastSr: number;
  /** DLSR: the time since that arrived, in units of 1/65536 s, or 0. */
  readonly delaySinceLastSr: number;
}

/** The maximum length of {@link writeReceiverReport}'s packet. */
export const MAX_RECEIVER_REPORT_BYTES = 64;
const MAX_LOST = 0x7fffff;
const MIN_LOST = -0x800000;

/**
 * Writes a compound packet: a receiver report and the mandatory CNAME (RFC 3550 6.1). The CNAME is derived
 * from the SSRC: constant for the session, and reveals nothing of this machine (RFC 7022).
 *
 * @param into  receives the packet at its beginning; at least {@link MAX_RECEIVER_REPORT_BYTES} long
 * @returns the packet's length in bytes
 */
export function writeReceiverReport(into: Uint8Array<ArrayBuffer>, report: ReceiverReport): number {
  const view = new DataView(into.buffer, into.byteOffset, into.byteLength);
  const lost = Math.max(MIN_LOST, Math.min(MAX_LOST, report.cumulativeLost));
  writeHeader(view, { at: 0, count: 1, type: RECEIVER_REPORT, length: RECEIVER_REPORT_BYTES });
  view.setUint32(4, report.ssrc);
  view.setUint32(8, report.source);
  view.setUint32(12, report.fractionLost << 24 | (lost & 0xffffff));
  view.setUint32(16, report.highestSequence);
  view.setUint32(20, Math.min(report.jitter, 0xffffffff));
  view.setUint32(24, report.lastSr);
  view.setUint32(28, report.delaySinceLastSr);
  const cname = new TextEncoder().encode(`orion-${report.ssrc.toString(16).padStart(8, "0")}`);
  const at = RECEIVER_REPORT_BYTES;
  // The item list is terminated by at least one zero and padded to 32 bits.
  const length = Math.ceil((HEADER_BYTES + 4 + 2 + cname.length + 1) / 4) * 4;
  writeHeader(view, { at, count: 1, type: SOURCE_DESCRIPTION, length });
  view.setUint32(at + 4, report.ssrc);
  into.fill(0, at + 8, at + length);
  view.setUint8(at + 8, CNAME);
  view.setUint8(at + 9, cname.length);
  into.set(cname, at + 10);
  return at + length;
}

function writeHeader(
  view: DataView,
  header: {
    readonly at: number;
    readonly count: number;
    readonly type: number;
    readonly length: number;
  },
): void {
  view.setUint8(header.at, VERSION << 6 | header.count);
  view.setUint8(header.at + 1, header.type);
  view.setUint16(header.at + 2, header.length / 4 - 1);
}
