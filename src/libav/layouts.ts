/**
 * Byte offsets of the libav struct fields that Orion reads or writes itself, by the major version of
 * libavutil.
 *
 * Measured with `offsetof` against the headers of every release listed, for x86-64 and arm64 (they
 * agree); none of these fields moved within one major version. All integers are little endian.
 */

/** Fields that did not move between releases 4.2 and 9.0. */
export const STABLE = {
  AVFormatContext: { nbStreams: 44, streams: 48 },
  AVCodecParameters: { codecType: 0, codecId: 4, extradata: 16, extradataSize: 24 },
  AVCodecDescriptor: { id: 0 },
  AVPacket: {
    pts: 8,
    dts: 16,
    data: 24,
    size: 32,
    streamIndex: 36,
    flags: 40,
    duration: 64,
    /** Bytes up to the end of the last field that is read. */
    bytes: 72,
  },
  AVFrame: { data: 0, linesize: 64, width: 104, height: 108, format: 116, pts: 136 },
  AVCodec: { name: 0, id: 20 },
  AVPixFmtDescriptor: { components: 8, log2ChromaW: 9, log2ChromaH: 10, flags: 16 },
  AVOption: { offset: 16 },
  AVDictionaryEntry: { key: 0 },
  AVFrameSideData: { data: 8 },
  AVIOInterruptCB: { callback: 0, opaque: 8 },
} as const;

/** The fields that moved, for one major version. */
export interface Layout {
  readonly AVFormatContext: {
    readonly interruptCallback: number;
    readonly flags: number;
    readonly maxDelay: number;
    readonly probesize: number;
    readonly maxAnalyzeDuration: number;
    readonly errorRecognition: number;
    readonly debug: number;
  };
  readonly AVStream: {
    readonly index: number;
    readonly codecpar: number;
    readonly timeBase: number;
    readonly sampleAspectRatio: number;
  };
  readonly AVCodecParameters: { readonly format: number; readonly width: number };
  readonly AVFrame: {
    /** null: a bit of `flags` from 8.0 on. */
    readonly keyFrame: number | null;
    readonly sampleAspectRatio: number;
    readonly pktDts: number;
    readonly flags: number;
    readonly colorRange: number;
    readonly colorPrimaries: number;
    readonly colorTrc: number;
    readonly colorspace: number;
    readonly bestEffortTimestamp: number;
    readonly decodeErrorFlags: number;
  };
}

/** The libraries of one FFmpeg release, and the layout of their structs. */
export interface Release {
  /** "5.x". */
  readonly name: string;
  /** Major versions, which are also part of the file names. */
  readonly avutil: number;
  readonly avcodec: number;
  readonly avformat: number;
  readonly swscale: number;
  readonly layout: Layout;
}

const AVFORMATCONTEXT_5 = {
  interruptCallback: 200,
  flags: 96,
  maxDelay: 92,
  probesize: 104,
  maxAnalyzeDuration: 112,
  errorRecognition: 196,
  debug: 216,
} as const;

const AVFORMATCONTEXT_7 = {
  interruptCallback: 216,
  flags: 128,
  maxDelay: 124,
  probesize: 136,
  maxAnalyzeDuration: 144,
  errorRecognition: 212,
  debug: 232,
} as const;

const AVSTREAM_6 = { index: 8, codecpar: 16, timeBase: 32, sampleAspectRatio: 72 } as const;
const AVCODECPARAMETERS_4 = { format: 28, width: 56 } as const;
const AVCODECPARAMETERS_7 = { format: 44, width: 72 } as const;

const AVFRAME_5 = {
  keyFrame: 120,
  sampleAspectRatio: 128,
  pktDts: 144,
  flags: 316,
  colorRange: 320,
  colorPrimaries: 324,
  colorTrc: 328,
  colorspace: 332,
  bestEffortTimestamp: 344,
  decodeErrorFlags: 376,
} as const;

const AVFRAME_8 = {
  keyFrame: null,
  sampleAspectRatio: 124,
  pktDts: 144,
  flags: 276,
  colorRange: 280,
  colorPrimaries: 284,
  colorTrc: 288,
  colorspace: 292,
  bestEffortTimestamp: 304,
  decodeErrorFlags: 320,
} as const;

const LAYOUT_4: Layout = {
  AVFormatContext: {
    interruptCallback: 1224,
    flags: 1120,
    maxDelay: 1116,
    probesize: 1128,
    maxAnalyzeDuration: 1136,
    errorRecognition: 1220,
    debug: 1240,
  },
  AVStream: { index: 0, codecpar: 208, timeBase: 24, sampleAspectRatio: 64 },
  AVCodecParameters: AVCODECPARAMETERS_4,
  AVFrame: {
    keyFrame: 120,
    sampleAspectRatio: 128,
    pktDts: 152,
    flags: 380,
    colorRange: 384,
    colorPrimaries: 388,
    colorTrc: 392,
    colorspace: 396,
    bestEffortTimestamp: 408,
    decodeErrorFlags: 440,
  },
};

const LAYOUT_5: Layout = {
  AVFormatContext: AVFORMATCONTEXT_5,
  AVStream: { index: 0, codecpar: 208, timeBase: 16, sampleAspectRatio: 56 },
  AVCodecParameters: AVCODECPARAMETERS_4,
  AVFrame: AVFRAME_5,
};

const LAYOUT_6: Layout = {
  AVFormatContext: AVFORMATCONTEXT_5,
  AVStream: AVSTREAM_6,
  AVCodecParameters: AVCODECPARAMETERS_4,
  AVFrame: AVFRAME_5,
};

const LAYOUT_7: Layout = {
  AVFormatContext: AVFORMATCONTEXT_7,
  AVStream: AVSTREAM_6,
  AVCodecParameters: AVCODECPARAMETERS_7,
  AVFrame: {
    keyFrame: 120,
    sampleAspectRatio: 128,
    pktDts: 144,
    flags: 292,
    colorRange: 296,
    colorPrimaries: 300,
    colorTrc: 304,
    colorspace: 308,
    bestEffortTimestamp: 320,
    decodeErrorFlags: 344,
  },
};

/** 8.x and 9.x share every offset used here. */
const LAYOUT_8: Layout = {
  AVFormatContext: AVFORMATCONTEXT_7,
  AVStream: AVSTREAM_6,
  AVCodecParameters: AVCODECPARAMETERS_7,
  AVFrame: AVFRAME_8,
};

/** Every supported release, the newest first. 4.2 cannot convert to planar floats. */
export const RELEASES: readonly Release[] = [
  { name: "9.x", avutil: 61, avcodec: 63, avformat: 63, swscale: 10, layout: LAYOUT_8 },
  { name: "8.x", avutil: 60, avcodec: 62, avformat: 62, swscale: 9, layout: LAYOUT_8 },
  { name: "7.x", avutil: 59, avcodec: 61, avformat: 61, swscale: 8, layout: LAYOUT_7 },
  { name: "6.x", avutil: 58, avcodec: 60, avformat: 60, swscale: 7, layout: LAYOUT_6 },
  { name: "5.x", avutil: 57, avcodec: 59, avformat: 59, swscale: 6, layout: LAYOUT_5 },
  { name: "4.x", avutil: 56, avcodec: 58, avformat: 58, swscale: 5, layout: LAYOUT_4 },
];

/** "FFmpeg 4.x (libavutil 56) … 9.x (libavutil 61)", for messages. */
export function supportedReleases(releases: readonly Release[] = RELEASES): string {
  return [...releases].reverse()
    .map((row) => `${row.name} (libavutil ${row.avutil})`).join(", ");
}
