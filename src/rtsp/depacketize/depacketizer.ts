/** What the depacketizers of all codecs have in common, and what they give their parts to. */
import type { RtpPacket } from "../rtp/packet.ts";
import type { UnitBuffer } from "./unit_buffer.ts";

/**
 * What a part (a NAL unit, an OBU, a fragment of a JPEG) says of the unit it belongs to:
 *
 * - `first`: a picture begins here, so that the one before it is complete;
 * - `joining`: a picture, or another part of the one that is open: a second field, an AV1 frame;
 * - `rest`: belongs to a picture that has begun before;
 * - `suffix`: belongs to the picture before it, if there is one, and is none itself;
 * - `delimiter`: none, and the picture before it is complete;
 * - `prefix`: none, and it belongs to the next picture, unless a `rest` of the open one follows:
 *   parameter sets, which GStreamer's server repeats before each slice of a keyframe;
 * - `other`: none, and it may belong to the picture before it or to the next: SEI.
 */
export type PartKind = "first" | "joining" | "rest" | "suffix" | "delimiter" | "prefix" | "other";

/** Collects the parts of units. */
export interface UnitSink {
  /** Where the bytes of a part go between {@link begin} and {@link end}. */
  readonly buffer: UnitBuffer;
  /** Begins a part; the unit before it is emitted first when the part shows that it is complete. */
  begin(kind: PartKind): void;
  /** Ends the part that has begun. */
  end(): void;
  /** Says of a part of a picture, after its {@link begin}, what its headers say. */
  picture(isKey: boolean, isIntra: boolean, isReference: boolean): void;
  /** Says that whole pictures come so many frames later although no keyframe is sent. */
  recoveryPoint(frames: number): void;
  /** Says that something of the unit that is open is missing or damaged. */
  markCorrupt(): void;
  /** Counts a payload, or a part of one, that says nothing of a picture. */
  ignore(): void;
  /** Counts a payload of a kind that is not supported, by the name its RFC gives it. */
  refuse(name: string): void;
}

/** Takes the payloads of RTP packets apart. Nothing that comes over the network makes it throw. */
export interface Depacketizer {
  /** Gives the parts of the packet's payload to the sink. */
  push(packet: RtpPacket): void;
  /** A part has begun whose end has not come yet. */
  readonly isOpen: boolean;
  /** Says that packets are missing before the next one. */
  gap(): void;
  /** Completes the open unit's data before it is emitted. What is still open will not be continued. */
  finish(): void;
  /** Begins again as if nothing had come. */
  reset(): void;
}
