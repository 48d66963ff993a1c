/** RTP and RTCP packets as cameras write them (RFC 3550). */
import { epochMs, type WallMs } from "../../../../src/core/clock.ts";
import type { Packets } from "./options.ts";

const VERSION = 0x80;
const NTP_OFFSET_SECONDS = 2_208_988_800;
const SENDER_REPORT = 200;
const BYE = 203;

/** The fields of a packet. */
export interface RtpPlan {
  readonly payload: Uint8Array;
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly isMarked: boolean;
}

type HeaderFaults = Pick<Packets, "extensionWords" | "paddingBytes" | "csrcCount">;

/** Writes an RTP packet, with optional extension, padding and CSRCs. */
export function rtpPacket(plan: RtpPlan, faults: HeaderFaults): Uint8Array<ArrayBuffer> {
  const { extensionWords, paddingBytes, csrcCount } = faults;
  const extensionBytes = extensionWords > 0 ? 4 + 4 * extensionWords : 0;
  const headBytes = 12 + 4 * csrcCount + extensionBytes;
  const bytes = new Uint8Array(headBytes + plan.payload.length + paddingBytes);
  const view = new DataView(bytes.buffer);
  const flags = (paddingBytes > 0 ? 0x20 : 0) | (extensionWords > 0 ? 0x10 : 0) | csrcCount;
  view.setUint8(0, VERSION | flags);
  view.setUint8(1, plan.payloadType | (plan.isMarked ? 0x80 : 0));
  view.setUint16(2, plan.sequence & 0xffff);
  view.setUint32(4, plan.timestamp >>> 0);
  view.setUint32(8, plan.ssrc);
  if (extensionWords > 0) {
    // The profile of ONVIF's replay extension (0xabac), with arbitrary contents.
    view.setUint16(12 + 4 * csrcCount, 0xabac);
    view.setUint16(14 + 4 * csrcCount, extensionWords);
  }
  bytes.set(plan.payload, headBytes);
  if (paddingBytes > 0) bytes[bytes.length - 1] = paddingBytes;
  return bytes;
}

/** A sender report: `timestamp` is the RTP clock at `wallMs` of the camera's wall clock. */
export function senderReport(report: {
  readonly ssrc: number;
  readonly wallMs: WallMs;
  readonly timestamp: number;
  readonly packets: number;
  readonly bytes: number;
}): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(28);
  const view = new DataView(bytes.buffer);
  const seconds = epochMs(report.wallMs) / 1000 + NTP_OFFSET_SECONDS;
  view.setUint8(0, VERSION);
  view.setUint8(1, SENDER_REPORT);
  view.setUint16(2, 6);
  view.setUint32(4, report.ssrc);
  view.setUint32(8, Math.floor(seconds));
  view.setUint32(12, Math.floor((seconds % 1) * 2 ** 32));
  view.setUint32(16, report.timestamp >>> 0);
  view.setUint32(20, report.packets >>> 0);
  view.setUint32(24, report.bytes >>> 0);
  return bytes;
}

/** A BYE of one source. */
export function goodbye(ssrc: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, VERSION | 1);
  view.setUint8(1, BYE);
  view.setUint16(2, 1);
  view.setUint32(4, ssrc);
  return bytes;
}

/** An interleaved packet (RFC 2326 10.12). */
export function interleaved(channel: number, packet: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(4 + packet.length);
  frame.set([0x24, channel, packet.length >> 8, packet.length & 0xff]);
  frame.set(packet, 4);
  return frame;
}
