/** Where access units begin and end, whatever a camera makes of its marker bits and timestamps. */
import type { AccessUnit } from "../media.ts";
import type { RtpPacket } from "../rtp/packet.ts";
import type { PartKind, UnitSink } from "./depacketizer.ts";
import { MarkerTrust } from "./marker_reliability.ts";
import { UnitBuffer } from "./unit_buffer.ts";

/**
 * Parameter sets and SEI that wait for their picture: more than any camera sends. Beyond it they are
 * dropped, so that a stream without pictures takes no memory.
 */
const MAX_PREFIX_BYTES = 64 * 1024;

/** What came of the packets so far. */
export interface UnitCounts {
  /** Packets pushed. */
  packets: number;
  /** Units emitted, the corrupt ones included: every picture that was sent, once. */
  units: number;
  /** Units emitted as corrupt. */
  corrupt: number;
  /** Units that grew beyond the limit; emitted as corrupt, without data. */
  oversized: number;
  /** Units whose marker came too early: emitted without their rest, the next one is corrupt. */
  truncated: number;
  /** Payloads, or parts of them, that say nothing of a picture or are malformed. */
  ignored: number;
  /** Payloads of a kind that is not supported. */
  refused: number;
}

export interface UnitBuilderParts {
  readonly maxUnitBytes: number;
  /** Completes the open unit's data before it is emitted. */
  readonly finish: () => void;
  readonly onUnit: (unit: AccessUnit) => void;
}

/** Kinds of parts that are one with the picture before them. */
const OF_PICTURE: ReadonlySet<PartKind> = new Set(["first", "joining", "rest", "suffix"]);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Puts parts together to units, and decides where one ends. */
export class UnitBuilder implements UnitSink {
  readonly buffer: UnitBuffer;
  readonly counts: UnitCounts = {
    packets: 0,
    units: 0,
    corrupt: 0,
    oversized: 0,
    truncated: 0,
    ignored: 0,
    refused: 0,
  };
  /** The last payload kind that was refused, by the name of its RFC. */
  refusedName: string | null = null;
  /** The newest packet has completed a unit. */
  hasEndedUnit = false;
  readonly #parts: UnitBuilderParts;
  readonly #trust = new MarkerTrust();
  readonly #emitted: Mutable<AccessUnit> = {
    data: new Uint8Array(0),
    rtpTimestamp: 0,
    isKey: false,
    isRecoveryPoint: false,
    isDisposable: false,
    isCorrupt: false,
  };
  /** The timestamp of the packet that is being taken apart. */
  #packetTimestamp = 0;
  /** Packets are missing just before what begins next. */
  #hasGap = false;
  // The open unit.
  #hasPicture = false;
  /** Its marker has come, and no packet since. */
  #isEnding = false;
  /** The open unit is the rest of a picture that was emitted too early: it is not emitted again. */
  #isRemainder = false;
  #isCorrupt = false;
  #timestamp = 0;
  /** Bytes up to the end of the last part that surely belongs to the picture. */
  #pictureBytes = 0;
  /** Where parameter sets for the next picture begin, behind this one's, or -1. */
  #prefixAt = -1;
  #kind: PartKind = "other";
  #isKey = false;
  #isIntra = true;
  #isReference = false;
  /** Frames until whole pictures come, of this unit and of the one that SEI after the picture is for; -1: none. */
  #recoveryFrames = -1;
  #nextRecoveryFrames = -1;
  // The unit that was emitted last.
  #endedByMarker = false;
  #lastTimestamp = NaN;
  /** The last two units have the same timestamp: it does not tell one picture from the next. */
  #isTimestampStuck = false;
  #hasGapSinceUnit = false;

  constructor(parts: UnitBuilderParts) {
    this.#parts = parts;
    this.buffer = new UnitBuffer(parts.maxUnitBytes);
  }

  /** Emits the open unit when the packet belongs to another one. To be called before its parts come. */
  beginPacket(packet: RtpPacket, hasGap: boolean): void {
    this.counts.packets++;
    if (hasGap || packet.timestamp !== this.#timestamp) this.settle();
    this.hasEndedUnit = false;
    this.#packetTimestamp = packet.timestamp;
    if (hasGap) {
      // The end of the open unit may be missing, and the beginning of the next.
      this.#isCorrupt = true;
      this.#hasGap = true;
      this.#hasGapSinceUnit = true;
    }
    if (this.#hasPicture && packet.timestamp !== this.#timestamp) {
      this.#emitAll(false);
      this.hasEndedUnit = true;
    }
    // Some cameras send parameter sets with a timestamp of their own: they belong to the next picture.
    if (!this.#hasPicture) this.#timestamp = packet.timestamp;
  }

  /**
   * Ends the open unit when the packet is its last: it is emitted with the next packet, or by
   * {@link settle}. To be called after its parts have come.
   * @param isOpen  a part goes on in the next packet: a marker is wrong
   */
  endPacket(packet: RtpPacket, isOpen: boolean): void {
    this.#hasGap = false;
    this.#trust.packet(packet.marker);
    // A marker after parameter sets or SEI alone ends nothing: some cameras set it on every packet.
    if (!packet.marker || !this.#hasPicture || isOpen || !this.#trust.isTrusted) return;
    this.#isEnding = true;
    this.hasEndedUnit = true;
  }

  /** Emits the unit whose marker has come: no further packet is at hand that could belong to it. */
  settle(): void {
    if (this.#isEnding) this.#emitAll(true);
  }

  begin(kind: PartKind): void {
    if (this.#isEnding && kind === "rest") {
      // A camera that sets the marker on every slice. The timestamp is the same: see beginPacket.
      this.#isEnding = false;
      this.#trust.betrayed();
    }
    this.settle();
    if (this.#hasPicture && (kind === "first" || kind === "delimiter")) {
      this.#emitPicture();
      this.hasEndedUnit = true;
    }
    this.#kind = kind;
    if (!this.#hasPicture) {
      if (this.buffer.length > MAX_PREFIX_BYTES || this.buffer.isOverflown) this.buffer.clear();
      if (kind === "rest") this.#beginInside();
      if (kind === "first" || kind === "joining" || kind === "rest") {
        this.#hasPicture = true;
        this.#timestamp = this.#packetTimestamp;
      }
    } else if (kind === "prefix" && this.#prefixAt < 0) this.#prefixAt = this.buffer.length;
    this.#hasGap = false;
  }

  end(): void {
    if (!this.#hasPicture || !OF_PICTURE.has(this.#kind)) return;
    this.#pictureBytes = this.buffer.length;
    this.#prefixAt = -1;
  }

  picture(isKey: boolean, isIntra: boolean, isReference: boolean): void {
    if (isKey) this.#isKey = true;
    if (!isIntra) this.#isIntra = false;
    if (isReference) this.#isReference = true;
  }

  recoveryPoint(frames: number): void {
    if (this.#hasPicture) this.#nextRecoveryFrames = frames;
    else this.#recoveryFrames = frames;
  }

  markCorrupt(): void {
    this.#isCorrupt = true;
  }

  ignore(): void {
    this.counts.ignored++;
  }

  refuse(name: string): void {
    this.counts.refused++;
    this.refusedName = name;
    this.#isCorrupt = true;
  }

  /** Emits what is open. */
  flush(): void {
    this.settle();
    if (this.#hasPicture) this.#emitAll(false);
  }

  /** Drops what is open and forgets what was learnt of the camera; the counts stay. */
  reset(): void {
    this.buffer.clear();
    this.#trust.reset();
    this.#clearUnit(false);
    this.#hasGap = false;
    this.#endedByMarker = false;
    this.#lastTimestamp = NaN;
    this.#isTimestampStuck = false;
    this.#hasGapSinceUnit = false;
  }

  /** A part came that continues a picture, and none is open. */
  #beginInside(): void {
    // What its beginning would have said is unknown.
    this.#isReference = true;
    this.#isIntra = false;
    const isSamePicture = this.#endedByMarker && this.#packetTimestamp === this.#lastTimestamp &&
      !(this.#hasGapSinceUnit && this.#isTimestampStuck);
    if (isSamePicture) {
      // The marker ended it too early: a camera that sets it on every slice.
      this.#trust.betrayed();
      this.counts.truncated++;
      this.#isRemainder = true;
      this.buffer.isDiscarding = true;
    } else {
      this.#isCorrupt = true;
    }
  }

  /** Emits the open unit with all that came, but for parameter sets behind its picture. */
  #emitAll(byMarker: boolean): void {
    this.#parts.finish();
    this.#emitUpTo(this.#prefixAt < 0 ? this.buffer.length : this.#prefixAt, byMarker);
  }

  /** Emits the open unit; all that came after its picture belongs to the next one. */
  #emitPicture(): void {
    this.#parts.finish();
    this.#emitUpTo(this.#pictureBytes, false);
  }

  #emitUpTo(bytes: number, byMarker: boolean): void {
    const { buffer } = this;
    const end = Math.min(bytes, buffer.length);
    const isKept = !buffer.isOverflown && !buffer.isDiscarding && end < buffer.length;
    this.#emit(end, byMarker);
    if (isKept) buffer.dropBefore(end);
    else buffer.clear();
    this.#clearUnit(isKept);
  }

  #emit(end: number, byMarker: boolean): void {
    this.#trust.unitEnded();
    if (this.#isRemainder) return;
    const { counts, buffer } = this;
    const unit = this.#emitted;
    const isKey = this.#isKey || (this.#isIntra && this.#recoveryFrames === 0);
    unit.data = buffer.bytes.subarray(0, buffer.isOverflown ? 0 : end);
    unit.rtpTimestamp = this.#timestamp;
    unit.isKey = isKey;
    unit.isRecoveryPoint = !isKey && this.#recoveryFrames >= 0;
    unit.isDisposable = !this.#isReference && !isKey;
    unit.isCorrupt = this.#isCorrupt || buffer.isOverflown;
    counts.units++;
    if (unit.isCorrupt) counts.corrupt++;
    if (buffer.isOverflown) counts.oversized++;
    this.#endedByMarker = byMarker;
    this.#isTimestampStuck = this.#timestamp === this.#lastTimestamp;
    this.#lastTimestamp = this.#timestamp;
    this.#hasGapSinceUnit = this.#hasGap;
    this.#parts.onUnit(unit);
  }

  #clearUnit(carriesOver: boolean): void {
    // What was emitted too early is damaged: so is what refers to it.
    this.#isCorrupt = this.#hasGap || this.#isRemainder;
    this.#isRemainder = false;
    this.#hasPicture = false;
    this.#isEnding = false;
    this.#pictureBytes = 0;
    this.#prefixAt = -1;
    this.#isKey = false;
    this.#isIntra = true;
    this.#isReference = false;
    this.#recoveryFrames = carriesOver ? this.#nextRecoveryFrames : -1;
    this.#nextRecoveryFrames = -1;
  }
}
