/**
 * The functions Orion calls in libav, and nothing else. All exist in every release from 4.3 to 9.0.
 *
 * Pointers are `usize` (see `pointers.ts`). Memory that a `nonblocking` function reads or writes is
 * native memory, because a JavaScript buffer may move meanwhile.
 */
import { cell, ptr } from "./pointers.ts";

/** What every function for an option of a decoder begins with. */
const OPTION_OF = [ptr("AVCodecContext"), /* obj */ "buffer" /* name */] as const;
const AVRational = { struct: ["i32", "i32"] } as const;

/**
 * libavutil, and those functions of the C library that stand in for `Deno.UnsafePointer`: a symbol
 * is searched in a library and in what that library is linked against.
 */
export const AVUTIL = {
  avutil_version: { parameters: [], result: "u32" },
  av_log_set_level: { parameters: ["i32" /* level */], result: "void" },
  av_strerror: {
    parameters: ["i32", /* errnum */ "buffer", /* errbuf */ "usize" /* errbuf_size */],
    result: "i32",
  },
  av_mallocz: { parameters: ["usize" /* size */], result: ptr("void") },
  av_free: { parameters: [ptr("void") /* ptr */], result: "void" },
  av_dict_set: {
    parameters: [
      cell("AVDictionary"), /* pm */
      "buffer", /* key */
      "buffer", /* value */
      "i32", /* flags */
    ],
    result: "i32",
  },
  av_dict_get: {
    parameters: [
      ptr("AVDictionary"), /* m */
      "buffer", /* key */
      ptr("AVDictionaryEntry"), /* prev */
      "i32", /* flags */
    ],
    result: ptr("AVDictionaryEntry"),
  },
  av_dict_free: { parameters: [cell("AVDictionary") /* m */], result: "void" },
  av_opt_find: {
    parameters: [
      ptr("AVFormatContext"), /* obj */
      "buffer", /* name */
      "buffer", /* unit */
      "i32", /* opt_flags */
      "i32", /* search_flags */
    ],
    result: ptr("AVOption"),
  },
  av_opt_get_int: {
    parameters: [
      ptr("AVFormatContext"), /* obj */
      "buffer", /* name */
      "i32", /* search_flags */
      "buffer", /* out_val */
    ],
    result: "i32",
  },
  av_opt_set: {
    parameters: [
      ...OPTION_OF,
      "buffer", /* val */
      "i32", /* search_flags */
    ],
    result: "i32",
  },
  av_opt_set_q: {
    parameters: [
      ...OPTION_OF,
      AVRational, /* val */
      "i32", /* search_flags */
    ],
    result: "i32",
  },
  av_opt_set_image_size: {
    parameters: [
      ...OPTION_OF,
      "i32", /* w */
      "i32", /* h */
      "i32", /* search_flags */
    ],
    result: "i32",
  },
  av_opt_set_pixel_fmt: {
    parameters: [
      ...OPTION_OF,
      "i32", /* fmt */
      "i32", /* search_flags */
    ],
    result: "i32",
  },
  av_frame_get_buffer: {
    parameters: [ptr("AVFrame"), /* frame */ "i32" /* align */],
    result: "i32",
  },
  av_frame_alloc: { parameters: [], result: ptr("AVFrame") },
  av_frame_free: { parameters: [cell("AVFrame") /* frame */], result: "void" },
  av_frame_unref: { parameters: [ptr("AVFrame") /* frame */], result: "void" },
  av_frame_get_side_data: {
    parameters: [ptr("AVFrame"), /* frame */ "i32" /* type */],
    result: ptr("AVFrameSideData"),
  },
  av_frame_ref: { parameters: [ptr("AVFrame"), /* dst */ ptr("AVFrame") /* src */], result: "i32" },
  av_frame_move_ref: {
    parameters: [ptr("AVFrame"), /* dst */ ptr("AVFrame") /* src */],
    result: "void",
  },
  av_get_pix_fmt: { parameters: ["buffer" /* name */], result: "i32" },
  av_get_pix_fmt_name: { parameters: ["i32" /* pix_fmt */], result: ptr("char") },
  av_pix_fmt_desc_get: { parameters: ["i32" /* pix_fmt */], result: ptr("AVPixFmtDescriptor") },
  av_image_fill_linesizes: {
    parameters: ["buffer", /* linesizes[4] */ "i32", /* pix_fmt */ "i32" /* width */],
    result: "i32",
  },

  // The C library.
  read: {
    name: "memcpy",
    parameters: ["buffer", /* dest */ "usize", /* src */ "usize" /* n */],
    result: "usize",
  },
  write: {
    name: "memcpy",
    parameters: ["usize", /* dest */ "buffer", /* src */ "usize" /* n */],
    result: "usize",
  },
  copy: {
    name: "memcpy",
    parameters: ["usize", /* dest */ "usize", /* src */ "usize" /* n */],
    result: "usize",
  },
  memset: {
    parameters: [ptr("void"), /* s */ "i32", /* c */ "usize" /* n */],
    result: "usize",
  },
  strnlen: { parameters: [ptr("char"), /* s */ "usize" /* maxlen */], result: "usize" },
  dlsym: { parameters: ["usize", /* handle */ "buffer" /* symbol */], result: "usize" },
  getsockname: {
    parameters: ["i32", /* sockfd */ "buffer", /* addr */ "buffer" /* addrlen */],
    result: "i32",
  },
  getsockopt: {
    parameters: [
      "i32", /* sockfd */
      "i32", /* level */
      "i32", /* optname */
      "buffer", /* optval */
      "buffer", /* optlen */
    ],
    result: "i32",
  },
  clock_gettime: {
    parameters: ["i32", /* clockid */ "buffer" /* tp */],
    result: "i32",
  },
  mallopt: { parameters: ["i32", /* param */ "i32" /* value */], result: "i32" },
  ioctl: {
    parameters: ["i32", /* fd */ "usize", /* request */ "buffer" /* argp */],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;

export const AVCODEC = {
  avcodec_version: { parameters: [], result: "u32" },
  av_packet_alloc: { parameters: [], result: ptr("AVPacket") },
  av_packet_free: { parameters: [cell("AVPacket") /* pkt */], result: "void" },
  av_packet_unref: { parameters: [ptr("AVPacket") /* pkt */], result: "void" },
  av_new_packet: { parameters: [ptr("AVPacket"), /* pkt */ "i32" /* size */], result: "i32" },
  avcodec_parameters_alloc: { parameters: [], result: ptr("AVCodecParameters") },
  avcodec_parameters_free: {
    parameters: [cell("AVCodecParameters") /* par */],
    result: "void",
  },
  avcodec_descriptor_get_by_name: {
    parameters: ["buffer" /* name */],
    result: ptr("AVCodecDescriptor"),
  },
  avcodec_get_name: { parameters: ["i32" /* id */], result: ptr("char") },
  avcodec_find_decoder: { parameters: ["i32" /* id */], result: ptr("AVCodec") },
  avcodec_find_decoder_by_name: { parameters: ["buffer" /* name */], result: ptr("AVCodec") },
  avcodec_alloc_context3: {
    parameters: [ptr("AVCodec") /* codec */],
    result: ptr("AVCodecContext"),
  },
  avcodec_free_context: { parameters: [cell("AVCodecContext") /* avctx */], result: "void" },
  avcodec_parameters_to_context: {
    parameters: [ptr("AVCodecContext"), /* codec */ ptr("AVCodecParameters") /* par */],
    result: "i32",
  },
  avcodec_open2: {
    parameters: [
      ptr("AVCodecContext"), /* avctx */
      ptr("AVCodec"), /* codec */
      cell("AVDictionary"), /* options */
    ],
    result: "i32",
  },
  avcodec_send_packet: {
    parameters: [ptr("AVCodecContext"), /* avctx */ ptr("AVPacket") /* avpkt */],
    result: "i32",
  },
  avcodec_receive_frame: {
    parameters: [ptr("AVCodecContext"), /* avctx */ ptr("AVFrame") /* frame */],
    result: "i32",
  },
  avcodec_find_encoder_by_name: { parameters: ["buffer" /* name */], result: ptr("AVCodec") },
  avcodec_send_frame: {
    parameters: [ptr("AVCodecContext"), /* avctx */ ptr("AVFrame") /* frame */],
    result: "i32",
  },
  avcodec_receive_packet: {
    parameters: [ptr("AVCodecContext"), /* avctx */ ptr("AVPacket") /* avpkt */],
    result: "i32",
  },
  avcodec_flush_buffers: { parameters: [ptr("AVCodecContext") /* avctx */], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

const OPEN_INPUT = [
  cell("AVFormatContext"), /* ps */
  ptr("char"), /* url */
  ptr("AVInputFormat"), /* fmt */
  cell("AVDictionary"), /* options */
] as const;
const FIND_STREAM_INFO = [ptr("AVFormatContext"), cell("AVDictionary") /* options */] as const;
const READ_FRAME = [ptr("AVFormatContext"), /* s */ ptr("AVPacket") /* pkt */] as const;

export const AVFORMAT = {
  avformat_version: { parameters: [], result: "u32" },
  av_find_input_format: { parameters: ["buffer" /* short_name */], result: ptr("AVInputFormat") },
  avformat_alloc_context: { parameters: [], result: ptr("AVFormatContext") },
  avformat_free_context: { parameters: [ptr("AVFormatContext") /* s */], result: "void" },
  avformat_new_stream: {
    parameters: [ptr("AVFormatContext"), /* s */ ptr("AVCodec") /* c */],
    result: ptr("AVStream"),
  },
  avformat_open_input: { parameters: OPEN_INPUT, result: "i32" },
  avformat_open_input_nonblocking: {
    name: "avformat_open_input",
    parameters: OPEN_INPUT,
    result: "i32",
    nonblocking: true,
  },
  avformat_close_input: { parameters: [cell("AVFormatContext") /* s */], result: "void" },
  avformat_find_stream_info: { parameters: FIND_STREAM_INFO, result: "i32" },
  avformat_find_stream_info_nonblocking: {
    name: "avformat_find_stream_info",
    parameters: FIND_STREAM_INFO,
    result: "i32",
    nonblocking: true,
  },
  av_find_best_stream: {
    parameters: [
      ptr("AVFormatContext"), /* ic */
      "i32", /* type */
      "i32", /* wanted_stream_nb */
      "i32", /* related_stream */
      cell("AVCodec"), /* decoder_ret */
      "i32", /* flags */
    ],
    result: "i32",
  },
  /** Not from 8.0 on: decoders pass on there what the container says. */
  av_stream_get_side_data: {
    parameters: [ptr("AVStream"), /* stream */ "i32", /* type */ ptr("size_t") /* size */],
    result: ptr("uint8_t"),
    optional: true,
  },
  av_guess_frame_rate: {
    parameters: [
      ptr("AVFormatContext"), /* ctx */
      ptr("AVStream"), /* stream */
      ptr("AVFrame"), /* frame */
    ],
    result: AVRational,
  },
  av_read_frame: { parameters: READ_FRAME, result: "i32" },
  av_read_frame_nonblocking: {
    name: "av_read_frame",
    parameters: READ_FRAME,
    result: "i32",
    nonblocking: true,
  },
  av_seek_frame: {
    parameters: [
      ptr("AVFormatContext"), /* s */
      "i32", /* stream_index */
      "i64", /* timestamp */
      "i32", /* flags */
    ],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;

export { SWSCALE } from "./symbols_swscale.ts";
