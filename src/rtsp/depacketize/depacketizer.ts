/** The interface of the depacketizers of all codecs, and of the sink of their parts. */
import type { RtpPacket } from "../rtp/packet.ts";
import type { UnitBuffer } from "./unit_buffer.ts";

/**
 * How a part (a NAL unit, an OBU, a fragment of a JPEG) relates to the access units around it:
 *
 * - `first`: the first part of a picture; the previous picture is complete;
 * - `joining`: part of the open picture, or the first of a new one: a second field, an AV1 frame;
 * - `continuation`: part of a picture that has begun;
 * - `suffix`: not part of a picture, belongs to the previous one;
 * - `delimiter`: not part of a picture; the previous one is complete;
 * - `prefix`: not part of a picture, belongs to the next one, unless a `continuation` of the open picture
 *   follows: parameter sets, which GStreamer's server repeats before each slice of a keyframe;
 * - `other`: not part of a picture, belongs to the previous or the next one: SEI.
 */
export type PartKind =
  | "first"
  | "joining"
  | "continuation"
  | "suffix"
  | "delimiter"
  | "prefix"
  | "other";

/** Assembles parts into access units. */
export interface UnitSink {
  /** Receives the bytes of a part between {@link begin} and {@link end}. */
  readonly buffer: UnitBuffer;
  /** Begins a part; emits the open unit first if the part shows that it is complete. */
  begin(kind: PartKind): void;
  /** Ends the part. */
  end(): void;
  /** Sets the flags of the picture that the part belongs to, after {@link begin}. */
  picture(isKey: boolean, isIntra: boolean, isReference: boolean): void;
  /** Marks a recovery point: pictures are complete `frames` later without a keyframe. */
  recoveryPoint(frames: number): void;
  /** Marks the open unit as corrupt: data is missing or damaged. */
  markCorrupt(): void;
  /** Counts a payload, or a part of one, that is malformed or irrelevant. */
  ignore(): void;
  /** Counts a payload of an unsupported kind, by its name in the RFC. */
  refuse(name: string): void;
}

/** Extracts parts from the payloads of RTP packets. Never throws, whatever the payload. */
export interface Depacketizer {
  /** Passes the parts of the packet's payload to the sink. */
  push(packet: RtpPacket): void;
  /** A fragmented part has begun and not ended. */
  readonly isOpen: boolean;
  /** Packets are missing before the next one. */
  gap(): void;
  /** Completes the open unit's data before it is emitted. An open fragmented part ends here. */
  finish(): void;
  /** Discards all state. */
  reset(): void;
}
