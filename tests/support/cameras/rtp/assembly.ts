/** Assembles packets into access units, and keeps these for a test. */
import { AccessUnitAssembler } from "../../../../src/rtsp/depacketize/access_unit_assembler.ts";
import type { AccessUnit, VideoCodec, VideoFormat } from "../../../../src/rtsp/media.ts";
import { RtpPacket } from "../../../../src/rtsp/rtp/packet.ts";
import { packetBytes, type SentPacket } from "./packets.ts";

const MAX_UNIT_BYTES = 8 * 1024 * 1024;

/** A video format with defaults. */
export function videoFormat(codec: VideoCodec, more: Partial<VideoFormat> = {}): VideoFormat {
  return {
    codec,
    clockRate: 90000,
    payloadType: 96,
    extradata: null,
    hasDonl: false,
    sizePx: null,
    ...more,
  };
}

/** Adds packets to an assembler, and keeps copies of the emitted units. */
export class Assembly {
  readonly units: AccessUnit[] = [];
  readonly assembler: AccessUnitAssembler;
  readonly #packet = new RtpPacket();
  #isTogether = false;

  constructor(format: VideoFormat, maxUnitBytes: number = MAX_UNIT_BYTES) {
    this.assembler = new AccessUnitAssembler(format, {
      maxUnitBytes,
      onUnit: (unit) => this.units.push({ ...unit, data: unit.data.slice() }),
    });
  }

  /** Adds packets as one batch; with {@link push}, each is a batch of its own. */
  together(...packets: readonly (SentPacket | null)[]): this {
    this.#isTogether = true;
    this.push(...packets);
    this.#isTogether = false;
    this.assembler.endBatch();
    return this;
  }

  /** Adds packets; null is a lost one. */
  push(...packets: readonly (SentPacket | null)[]): this {
    for (const packet of packets) {
      if (packet === null) this.assembler.gap();
      else this.pushBytes(packetBytes(packet));
    }
    return this;
  }

  pushBytes(bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.#packet.parse(bytes, 0, bytes.length)) throw new Error("this is no RTP packet");
    this.assembler.push(this.#packet);
    if (!this.#isTogether) this.assembler.endBatch();
  }

  /** Ends the stream, and returns all units. */
  end(): readonly AccessUnit[] {
    this.assembler.flush();
    return this.units;
  }
}

/** The NAL units of a unit, without start codes. */
export function nalsOf(data: Uint8Array): Uint8Array[] {
  const starts: number[] = [];
  for (let at = 0; at + 3 < data.length; at++) {
    const isCode = data[at] === 0 && data[at + 1] === 0 && data[at + 2] === 0 && data[at + 3] === 1;
    if (isCode) starts.push(at + 4);
  }
  return starts.map((start, index) => {
    const next = starts[index + 1];
    return data.slice(start, next === undefined ? data.length : next - 4);
  });
}

/** The NAL unit headers and flags of units, as text. */
export function outline(units: readonly AccessUnit[]): string[] {
  return units.map((unit) => {
    const types = nalsOf(unit.data).map((nal) => (nal[0] ?? 0).toString(16).padStart(2, "0"));
    const flags = `${unit.isKey ? " key" : ""}${unit.isRecoveryPoint ? " recovery" : ""}` +
      `${unit.isDisposable ? " disposable" : ""}${unit.isCorrupt ? " corrupt" : ""}`;
    return `${unit.rtpTimestamp}: ${types.join(" ")}${flags}`;
  });
}
