/** What Orion calls in libavformat; see `avutil.ts`. */
import { cell, ptr } from "../pointers.ts";
import { AV_RATIONAL } from "./avutil.ts";

const OPEN_INPUT = [
  cell("AVFormatContext"), // AVFormatContext **ps
  ptr("char"), // const char *url
  ptr("AVInputFormat"), // const AVInputFormat *fmt
  cell("AVDictionary"), // AVDictionary **options
] as const;

const FIND_STREAM_INFO = [
  ptr("AVFormatContext"), // AVFormatContext *ic
  cell("AVDictionary"), // AVDictionary **options
] as const;

const READ_FRAME = [
  ptr("AVFormatContext"), // AVFormatContext *s
  ptr("AVPacket"), // AVPacket *pkt
] as const;

export const AVFORMAT = {
  avformat_version: { parameters: [], result: "u32" },
  av_find_input_format: {
    parameters: [
      "buffer", // const char *short_name
    ],
    result: ptr("AVInputFormat"),
  },
  avformat_alloc_context: { parameters: [], result: ptr("AVFormatContext") },
  avformat_free_context: {
    parameters: [
      ptr("AVFormatContext"), // AVFormatContext *s
    ],
    result: "void",
  },
  avformat_new_stream: {
    parameters: [
      ptr("AVFormatContext"), // AVFormatContext *s
      ptr("AVCodec"), // const AVCodec *c
    ],
    result: ptr("AVStream"),
  },
  avformat_open_input: { parameters: OPEN_INPUT, result: "i32" },
  avformat_open_input_nonblocking: {
    name: "avformat_open_input",
    parameters: OPEN_INPUT,
    result: "i32",
    nonblocking: true,
  },
  avformat_close_input: {
    parameters: [
      cell("AVFormatContext"), // AVFormatContext **s
    ],
    result: "void",
  },
  avformat_find_stream_info: { parameters: FIND_STREAM_INFO, result: "i32" },
  avformat_find_stream_info_nonblocking: {
    name: "avformat_find_stream_info",
    parameters: FIND_STREAM_INFO,
    result: "i32",
    nonblocking: true,
  },
  av_find_best_stream: {
    parameters: [
      ptr("AVFormatContext"), // AVFormatContext *ic
      "i32", // enum AVMediaType type
      "i32", // int wanted_stream_nb
      "i32", // int related_stream
      cell("AVCodec"), // const AVCodec **decoder_ret
      "i32", // int flags
    ],
    result: "i32",
  },
  /** Missing from 8.0 on, where decoders pass on what the container says. */
  av_stream_get_side_data: {
    parameters: [
      ptr("AVStream"), // const AVStream *stream
      "i32", // enum AVPacketSideDataType type
      ptr("size_t"), // size_t *size
    ],
    result: ptr("uint8_t"),
    optional: true,
  },
  av_guess_frame_rate: {
    parameters: [
      ptr("AVFormatContext"), // AVFormatContext *ctx
      ptr("AVStream"), // AVStream *stream
      ptr("AVFrame"), // AVFrame *frame
    ],
    result: AV_RATIONAL,
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
      ptr("AVFormatContext"), // AVFormatContext *s
      "i32", // int stream_index
      "i64", // int64_t timestamp
      "i32", // int flags
    ],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;
