/** From the packets of one video track to access units. */
import type { AccessUnit, VideoFormat } from "../media.ts";
import type { RtpPacket } from "../rtp/packet.ts";
import { UnitBuilder, type UnitCounts } from "./access_unit_builder.ts";
import { Av1Depacketizer } from "./av1.ts";
import type { Depacketizer, UnitSink } from "./depacketizer.ts";
import { H264Depacketizer } from "./h264.ts";
import { H265Depacketizer } from "./h265.ts";
import { JpegDepacketizer } from "./jpeg.ts";
import { Mpeg4Depacketizer } from "./mpeg4.ts";

export type { UnitCounts } from "./access_unit_builder.ts";

export interface UnitAssemblerOptions {
  /** Larger units are emitted as corrupt, without data. */
  readonly maxUnitBytes: number;
  /**
   * Gets each unit when it is complete: one object, used again, whose data is valid until the call
   * returns. A packet may complete two units: the one it ends by beginning another, and its own.
   */
  readonly onUnit: (unit: AccessUnit) => void;
}

/**
 * Puts the packets of one track, in the order of their sequence numbers, together to access units.
 *
 * A unit ends at its marker, as soon as no other packet is at hand. Where a camera gets the marker wrong, it ends where the timestamp
 * changes or another picture begins:
 *
 * - no marker: at the first packet of the next picture;
 * - a marker on every packet: one on a fragment that goes on, or on parameter sets and SEI, ends
 *   nothing. One on a slice that is not the last is noticed when the next slice comes, and from then
 *   on markers end nothing until they have long been right. Where that slice was not at hand, the
 *   picture has ended too early, once: the rest is dropped, the next unit is corrupt;
 * - the same timestamp on all: markers and first slices decide. A second field with no marker before
 *   it stays with the first (H.264 7.4.1.2.4, by frame_num and parity).
 *
 * Parameter sets and SEI that come apart from a picture, whatever their timestamp, go with the next.
 * Every picture that was sent is emitted once, also when only parts of it came.
 */
export class UnitAssembler {
  readonly #builder: UnitBuilder;
  readonly #depacketizer: Depacketizer;
  readonly #maxUnitBytes: number;
  #hasGap = false;

  constructor(format: VideoFormat, options: UnitAssemblerOptions) {
    const { maxUnitBytes, onUnit } = options;
    this.#maxUnitBytes = maxUnitBytes;
    this.#builder = new UnitBuilder({
      maxUnitBytes,
      onUnit,
      finish: () => this.#depacketizer.finish(),
    });
    this.#depacketizer = depacketizerFor(format, this.#builder);
  }

  /** What came of the packets so far; it goes on counting. */
  get counts(): Readonly<UnitCounts> {
    return this.#builder.counts;
  }

  /** The kind of payload that was refused last, by the name of its RFC (`MTAP16`, `PACI`), or null. */
  get refusedName(): string | null {
    return this.#builder.refusedName;
  }

  /** Bytes of memory held for units: at most `maxUnitBytes`, and 1 MiB more where that is larger. */
  get capacityBytes(): number {
    return this.#builder.buffer.capacity;
  }

  /** The size from which units are emitted without data at present: at most `maxUnitBytes`. */
  set limitBytes(limitBytes: number) {
    this.#builder.buffer.limitBytes = Math.min(limitBytes, this.#maxUnitBytes);
  }

  /**
   * Adds the next packet; its bytes are copied. Units that it completes are emitted before it returns,
   * or by {@link settle}.
   */
  push(packet: RtpPacket): void {
    const hasGap = this.#hasGap;
    this.#hasGap = false;
    this.#builder.beginPacket(packet, hasGap);
    this.#depacketizer.push(packet);
    this.#builder.endPacket(packet, this.#depacketizer.isOpen);
  }

  /** The newest packet has completed a unit. */
  get hasEndedUnit(): boolean {
    return this.#builder.hasEndedUnit;
  }

  /**
   * Emits the unit that the newest packet's marker has ended. To be called when all packets that have
   * come were added: the next one may show that the marker was wrong.
   */
  settle(): void {
    this.#builder.settle();
  }

  /** Says that packets are missing before the next one. */
  gap(): void {
    this.#hasGap = true;
    this.#depacketizer.gap();
  }

  /** Emits what is open: the stream has ended. */
  flush(): void {
    this.#builder.flush();
  }

  /** Drops what is open, and gives its memory back. Not while a unit is emitted. */
  release(): void {
    this.reset();
    this.#builder.buffer.release();
  }

  /** Drops what is open and what was learnt: another stream begins. The counts go on. */
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
