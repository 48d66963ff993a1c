import type { AccessUnit } from "../media.ts";
import type { RtpPacket } from "../rtp/packet.ts";
import type { PartKind, UnitSink } from "./depacketizer.ts";
import { MarkerReliability } from "./marker_reliability.ts";
import { UnitBuffer } from "./unit_buffer.ts";
import { type UnitCounts, zeroCounts } from "./unit_counts.ts";

/**
 * The most bytes of parameter sets and SEI before a picture: more than any camera sends. Beyond it they are
 * dropped, so that a stream without pictures takes no memory.
 */
const MAX_PREFIX_BYTES = 64 * 1024;

export interface AccessUnitBuilderOptions {
  readonly maxUnitBytes: number;
  /** Completes the open unit's data before it is emitted. */
  readonly finish: () => void;
  readonly onUnit: (unit: AccessUnit) => void;
}

/** Kinds of parts that belong to the open picture. */
const OF_PICTURE: ReadonlySet<PartKind> = new Set(["first", "joining", "continuation", "suffix"]);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Assembles parts into access units, and detects where a unit ends. */
export class AccessUnitBuilder implements UnitSink {
  readonly buffer: UnitBuffer;
  readonly counts: UnitCounts = zeroCounts();
  /** The last unsupported kind of payload, by its name in the RFC. */
  refusedName: string | null = null;
  /** The newest packet has completed a unit. */
  hasCompletedUnit = false;
  /** The next unit is the first of another stream: unless it is a keyframe, it refers to missing ones. */
  needsKey = false;
  readonly #options: AccessUnitBuilderOptions;
  readonly #markers = new MarkerReliability();
  readonly #emitted: Mutable<AccessUnit> = {
    data: new Uint8Array(0),
    rtpTimestamp: 0,
    isKey: false,
    isRecoveryPoint: false,
    isDisposable: false,
    isCorrupt: false,
  };
  /** The timestamp of the current packet. */
  #packetTimestamp = 0;
  /** Packets are missing before the next part. */
  #hasGap = false;
  // The open unit.
  #hasPicture = false;
  /** The newest packet ended it by its marker bit. */
  #isEnding = false;
  /** The open unit is the remainder of a truncated picture: it is not emitted. */
  #isRemainder = false;
  #isCorrupt = false;
  #timestamp = 0;
  /** Bytes up to the end of the last part that belongs to the picture for certain. */
  #pictureBytes = 0;
  /** The offset of the next picture's parameter sets, after this picture's parts, or -1. */
  #prefixAt = -1;
  #kind: PartKind = "other";
  #isKey = false;
  #isIntra = true;
  #isReference = false;
  /** Frames until pictures are complete: of this unit, and of the next one by SEI after this picture; -1: none. */
  #recoveryFrames = -1;
  #nextRecoveryFrames = -1;
  // The previous unit.
  #endedByMarker = false;
  #lastTimestamp = NaN;
  /** The last two units have the same timestamp: it does not distinguish pictures. */
  #isTimestampStuck = false;
  #hasGapSinceUnit = false;

  constructor(options: AccessUnitBuilderOptions) {
    this.#options = options;
    this.buffer = new UnitBuffer(options.maxUnitBytes);
  }

  /** No picture is open, or a marker bit has ended it. */
  get isBetweenUnits(): boolean {
    return !this.#hasPicture || this.#isEnding;
  }

  /** Emits the open unit if the packet belongs to another one. To be called before its parts are added. */
  beginPacket(packet: RtpPacket, hasGap: boolean): void {
    this.counts.packets++;
    if (hasGap || packet.timestamp !== this.#timestamp) this.#emitEnded();
    this.hasCompletedUnit = false;
    this.#packetTimestamp = packet.timestamp;
    if (hasGap) {
      // The end of the open unit may be missing, or the beginning of the next.
      this.#isCorrupt = true;
      this.#hasGap = true;
      this.#hasGapSinceUnit = true;
    }
    if (this.#hasPicture && packet.timestamp !== this.#timestamp) {
      this.#emitAll(false);
      this.hasCompletedUnit = true;
    }
    // Some cameras send parameter sets with another timestamp: they belong to the next picture.
    if (!this.#hasPicture) this.#timestamp = packet.timestamp;
  }

  /**
   * Ends the open unit if the packet is its last: it is emitted with the next packet, or in
   * {@link endBatch}. To be called after the packet's parts were added.
   * @param isOpen  a part continues in the next packet: a marker bit is wrong
   */
  endPacket(packet: RtpPacket, isOpen: boolean): void {
    this.#hasGap = false;
    this.#markers.packet(packet.marker);
    // A marker bit on parameter sets or SEI is ignored: some cameras set it on every packet.
    if (!packet.marker || !this.#hasPicture || isOpen || !this.#markers.isReliable) return;
    this.#isEnding = true;
    this.hasCompletedUnit = true;
  }

  /** Emits the unit that a marker bit has ended: the batch has no further packet of it. */
  endBatch(): void {
    this.#emitEnded();
  }

  begin(kind: PartKind): void {
    if (this.#isEnding && kind === "continuation") {
      // The camera sets the marker bit on every slice. The timestamp is the same: see beginPacket.
      this.#isEnding = false;
      this.#markers.markUnreliable();
    }
    this.#emitEnded();
    if (this.#hasPicture && (kind === "first" || kind === "delimiter")) {
      this.#emitPicture();
      this.hasCompletedUnit = true;
    }
    this.#kind = kind;
    if (!this.#hasPicture) {
      if (this.buffer.length > MAX_PREFIX_BYTES || this.buffer.isOverflown) this.buffer.clear();
      if (kind === "continuation") this.#beginWithoutFirst();
      if (kind === "first" || kind === "joining" || kind === "continuation") {
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

  /** Emits the open unit. */
  flush(): void {
    this.#emitEnded();
    if (this.#hasPicture) this.#emitAll(false);
  }

  /** Discards all state but the counts. */
  reset(): void {
    this.buffer.clear();
    this.#markers.reset();
    this.needsKey = false;
    this.#clearUnit(false);
    this.#hasGap = false;
    this.#endedByMarker = false;
    this.#lastTimestamp = NaN;
    this.#isTimestampStuck = false;
    this.#hasGapSinceUnit = false;
  }

  #emitEnded(): void {
    if (this.#isEnding) this.#emitAll(true);
  }

  /** Begins a picture with a continuation: its first part is missing. */
  #beginWithoutFirst(): void {
    // The flags of the first part are unknown.
    this.#isReference = true;
    this.#isIntra = false;
    const isSamePicture = this.#endedByMarker && this.#packetTimestamp === this.#lastTimestamp &&
      !(this.#hasGapSinceUnit && this.#isTimestampStuck);
    if (isSamePicture) {
      // An early marker bit has truncated it: the camera sets it on every slice.
      this.#markers.markUnreliable();
      this.counts.truncated++;
      this.#isRemainder = true;
      this.buffer.isDiscarding = true;
    } else {
      this.#isCorrupt = true;
    }
  }

  /** Emits the open unit without parameter sets that follow its picture. */
  #emitAll(byMarker: boolean): void {
    this.#options.finish();
    this.#emitUpTo(this.#prefixAt < 0 ? this.buffer.length : this.#prefixAt, byMarker);
  }

  /** Emits the open unit's picture; the parts that follow it belong to the next unit. */
  #emitPicture(): void {
    this.#options.finish();
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
    this.#markers.unitEnded();
    if (this.#isRemainder) return;
    const { counts, buffer } = this;
    const unit = this.#emitted;
    const isKey = this.#isKey || (this.#isIntra && this.#recoveryFrames === 0);
    unit.data = buffer.bytes.subarray(0, buffer.isOverflown ? 0 : end);
    unit.rtpTimestamp = this.#timestamp;
    unit.isKey = isKey;
    unit.isRecoveryPoint = !isKey && this.#recoveryFrames >= 0;
    unit.isDisposable = !this.#isReference && !isKey;
    unit.isCorrupt = this.#isCorrupt || buffer.isOverflown || (this.needsKey && !isKey);
    this.needsKey = false;
    counts.units++;
    if (unit.isCorrupt) counts.corrupt++;
    if (buffer.isOverflown) counts.oversized++;
    this.#endedByMarker = byMarker;
    this.#isTimestampStuck = this.#timestamp === this.#lastTimestamp;
    this.#lastTimestamp = this.#timestamp;
    this.#hasGapSinceUnit = this.#hasGap;
    this.#options.onUnit(unit);
  }

  #clearUnit(carriesOver: boolean): void {
    // A truncated picture is damaged: so are pictures that refer to it.
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
