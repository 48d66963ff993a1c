import type { AccessUnit, VideoFormat } from "../media.ts";
import type { RtpPacket } from "../rtp/packet.ts";
import { AccessUnitBuilder } from "./access_unit_builder.ts";
import { Av1Depacketizer } from "./av1.ts";
import type { Depacketizer, UnitSink } from "./depacketizer.ts";
import { H264Depacketizer } from "./h264.ts";
import { H265Depacketizer } from "./h265.ts";
import { JpegDepacketizer } from "./jpeg.ts";
import { Mpeg4Depacketizer } from "./mpeg4.ts";
import type { UnitCounts } from "./unit_counts.ts";

/** So many payloads of unsupported kinds, before the first whole unit, are all that a camera sends. */
const HOPELESS_PAYLOADS = 32;

export interface AccessUnitAssemblerOptions {
  /** Larger units are emitted as corrupt, without data. */
  readonly maxUnitBytes: number;
  /**
   * Receives each complete unit: a reused object, whose data is valid until the call returns. A packet may
   * complete two units: the previous one, and its own.
   */
  readonly onUnit: (unit: AccessUnit) => void;
}

/**
 * Assembles the packets of one track, in the order of their sequence numbers, into access units.
 *
 * A unit ends at a packet with the marker bit, at the end of the batch. If a camera sets the marker bit
 * wrongly, it ends where the timestamp changes or another picture begins:
 *
 * - no marker bit: at the first packet of the next picture;
 * - the marker bit on every packet: ignored on all but the last fragment, and on parameter sets and SEI. On
 *   a slice that is not the last, it is detected with the next slice; from then on marker bits are
 *   ignored until they have been right for long. If that slice arrives in another batch, one picture is
 *   truncated: the remainder is dropped, and the next unit is corrupt;
 * - the same timestamp on all packets: marker bits and first slices decide. A second field without a
 *   marker bit before it belongs to the first (H.264 7.4.1.2.4, by frame_num and parity).
 *
 * Parameter sets and SEI outside a picture belong to the next one, whatever their timestamp. Every picture
 * is emitted once, also when parts of it are missing.
 */
export class AccessUnitAssembler {
  readonly #builder: AccessUnitBuilder;
  readonly #depacketizer: Depacketizer;
  readonly #maxUnitBytes: number;
  #hasGap = false;

  constructor(format: VideoFormat, options: AccessUnitAssemblerOptions) {
    const { maxUnitBytes, onUnit } = options;
    this.#maxUnitBytes = maxUnitBytes;
    this.#builder = new AccessUnitBuilder({
      maxUnitBytes,
      onUnit,
      finish: () => this.#depacketizer.finish(),
    });
    this.#depacketizer = depacketizerFor(format, this.#builder);
  }

  /** The counts so far, live. */
  get counts(): Readonly<UnitCounts> {
    return this.#builder.counts;
  }

  /** The last unsupported kind of payload, by its name in the RFC (`MTAP16`, `PACI`), or null. */
  get refusedName(): string | null {
    return this.#builder.refusedName;
  }

  /** The same if the camera sends nothing else; null: it may send whole units. */
  get hopelessName(): string | null {
    const { refused, units, corrupt } = this.#builder.counts;
    return refused >= HOPELESS_PAYLOADS && units === corrupt ? this.refusedName : null;
  }

  /** Bytes of memory allocated for units: at most `maxUnitBytes`, plus 1 MiB if that is larger. */
  get capacityBytes(): number {
    return this.#builder.buffer.capacity;
  }

  /** The present size limit of units, at most `maxUnitBytes`; larger ones are emitted without data. */
  set limitBytes(limitBytes: number) {
    this.#builder.buffer.limitBytes = Math.min(limitBytes, this.#maxUnitBytes);
  }

  /**
   * Adds the next packet; its bytes are copied. Emits the units that it completes, now or in
   * {@link endBatch}.
   */
  push(packet: RtpPacket): void {
    const hasGap = this.#hasGap;
    this.#hasGap = false;
    this.#builder.beginPacket(packet, hasGap);
    this.#depacketizer.push(packet);
    this.#builder.endPacket(packet, this.#depacketizer.isOpen);
  }

  /** No picture is open, or its last packet has arrived. */
  get isBetweenUnits(): boolean {
    return this.#builder.isBetweenUnits;
  }

  /** The newest packet has completed a unit. */
  get hasCompletedUnit(): boolean {
    return this.#builder.hasCompletedUnit;
  }

  /**
   * Ends a batch of packets: emits the unit that the newest packet's marker bit has ended. Until then, the
   * next packet may show that the marker bit was wrong.
   */
  endBatch(): void {
    this.#builder.endBatch();
  }

  /** Packets are missing before the next one. */
  gap(): void {
    this.#hasGap = true;
    this.#depacketizer.gap();
  }

  /** Another stream begins with the next packet: its first unit is whole only if it is a keyframe. */
  restart(): void {
    if (this.isBetweenUnits) this.flush();
    else this.#builder.markCorrupt();
    this.#depacketizer.gap();
    this.flush();
    this.#builder.needsKey = true;
  }

  /** Emits the open unit: the stream has ended. */
  flush(): void {
    this.#builder.flush();
  }

  /** Drops the open unit and frees its memory. Not while a unit is emitted. */
  release(): void {
    this.reset();
    this.#builder.buffer.release();
  }

  /** Discards all state but the counts: another stream begins. */
  reset(): void {
    this.#hasGap = false;
    this.#depacketizer.reset();
    this.#builder.reset();
  }
}

function depacketizerFor(format: VideoFormat, sink: UnitSink): Depacketizer {
  switch (format.codec) {
    case "h264":
      return new H264Depacketizer(format, sink);
    case "hevc":
      return new H265Depacketizer(format, sink);
    case "mjpeg":
      return new JpegDepacketizer(format, sink);
    case "mpeg4":
      return new Mpeg4Depacketizer(sink);
    case "av1":
      return new Av1Depacketizer(format, sink);
  }
}
