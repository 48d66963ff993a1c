/** Media sections, video formats and access units: the types shared by the whole room. */

/** A codec by libav's name; `mjpeg` is RFC 2435's JPEG. */
export type VideoCodec = "h264" | "hevc" | "mjpeg" | "mpeg4" | "av1";

/** How the access units of a track are carried in RTP packets. */
export interface VideoFormat {
  readonly codec: VideoCodec;
  /** Ticks of the RTP timestamp per second; 90000 for nearly all video. */
  readonly clockRate: number;
  /** The RTP payload type of its packets, 0..127. */
  readonly payloadType: number;
  /**
   * The decoder's extradata: for H.264 and H.265 the parameter sets with start codes (Annex B), for MPEG-4
   * part 2 the `config` parameter; null if the description has none.
   */
  readonly extradata: Uint8Array<ArrayBuffer> | null;
  /** H.265: payloads have decoding order numbers (`sprop-max-don-diff` above 0, RFC 7798). */
  readonly hasDonl: boolean;
  /** MJPEG: the picture size of the description, for pictures over 2040 pixels; else null. */
  readonly sizePx: { readonly width: number; readonly height: number } | null;
}

/** One media section (`m=`) of a session description. */
export interface MediaDescription {
  /** Its index among all media sections, from 0. */
  readonly index: number;
  /** `video`, `audio`, `application`, … in lower case, without a vendor's suffix. */
  readonly kind: string;
  /** The encoding name as written in `rtpmap`, or null. */
  readonly encodingName: string | null;
  /** The control attribute as written, or null. */
  readonly control: string | null;
  /** null: not video, or an unsupported format. */
  readonly format: VideoFormat | null;
  /** Why a video section has no {@link format}, for an error message; else null. */
  readonly problem: string | null;
  /** Frames per second (`a=framerate`), or null. */
  readonly frameRate: number | null;
}

/** The coded data of one picture. */
export interface AccessUnit {
  /**
   * H.264 and H.265 with start codes (Annex B), MJPEG as a complete JPEG file, others as libav's decoders
   * expect. Valid until the callback returns: copy what is kept.
   */
  readonly data: Uint8Array<ArrayBuffer>;
  /** The RTP timestamp, 32 bits, in ticks of {@link VideoFormat.clockRate}. */
  readonly rtpTimestamp: number;
  /** A keyframe: decoding can start here. */
  readonly isKey: boolean;
  /** A recovery point that is no keyframe: decoding can start here, complete pictures follow later. */
  readonly isRecoveryPoint: boolean;
  /** No other picture refers to this one, by its headers. */
  readonly isDisposable: boolean;
  /** Data of this unit, or directly before it, is missing or damaged. */
  readonly isCorrupt: boolean;
}
