/** What a session description says of its video, and what the rest of the room needs to know of it. */

/** A codec by libav's name; `mjpeg` is RFC 2435's JPEG. */
export type VideoCodec = "h264" | "hevc" | "mjpeg" | "mpeg4" | "av1";

/** How a codec's access units are put into RTP packets. */
export interface VideoFormat {
  readonly codec: VideoCodec;
  /** Ticks of the RTP timestamp per second; 90000 for nearly all video. */
  readonly clockRate: number;
  /** The RTP payload type of its packets, 0..127. */
  readonly payloadType: number;
  /**
   * What a decoder is opened with: for H.264 and H.265 the parameter sets with start codes (Annex B),
   * for MPEG-4 part 2 the `config` of the format; null where the description has none.
   */
  readonly extradata: Uint8Array<ArrayBuffer> | null;
  /** H.265: decoding order numbers are in the payloads (`sprop-max-don-diff` above 0, RFC 7798). */
  readonly hasDonl: boolean;
  /** MJPEG: the picture's size where the description has it: for pictures over 2040 pixels. */
  readonly sizePx: { readonly width: number; readonly height: number } | null;
}

/** One media section (`m=`) of a session description. */
export interface MediaDescription {
  /** Its place among all media sections, from 0. */
  readonly index: number;
  /** `video`, `audio`, `application`, … in lower case, without what some cameras append to it. */
  readonly kind: string;
  /** The encoding's name as written in its `rtpmap`, or null. */
  readonly encodingName: string | null;
  /** Its control attribute as written; null when it has none. */
  readonly control: string | null;
  /** null: not video, or a format that cannot be played. */
  readonly format: VideoFormat | null;
  /** Why a video section has no {@link format}, in a few words; else null. */
  readonly problem: string | null;
  /** Frames a second as announced (`a=framerate`), or null. */
  readonly frameRate: number | null;
}

/** A coded picture as it came over the network. */
export interface AccessUnit {
  /**
   * The coded data: H.264 and H.265 with start codes (Annex B), MJPEG as a complete JPEG file, others
   * as libav's decoders take them. Valid until the receiver returns; copy what is to be kept.
   */
  readonly data: Uint8Array<ArrayBuffer>;
  /** The RTP timestamp, 32 bits, in ticks of {@link VideoFormat.clockRate}. */
  readonly rtpTimestamp: number;
  /** A decoder can start here and give whole pictures from here on. */
  readonly isKey: boolean;
  /** Refreshing starts here (a recovery point that is no keyframe): whole pictures follow later. */
  readonly isRecoveryPoint: boolean;
  /** No later picture refers to this one (as far as its headers tell). */
  readonly isDisposable: boolean;
  /** Something of it, or of what came just before it, is missing. */
  readonly isCorrupt: boolean;
}
