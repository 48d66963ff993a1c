/** What Orion calls in libavcodec; see `avutil.ts`. */
import { cell, ptr } from "../pointers.ts";

export const AVCODEC = {
  avcodec_version: { parameters: [], result: "u32" },
  av_packet_alloc: { parameters: [], result: ptr("AVPacket") },
  av_packet_free: {
    parameters: [
      cell("AVPacket"), // AVPacket **pkt
    ],
    result: "void",
  },
  av_packet_unref: {
    parameters: [
      ptr("AVPacket"), // AVPacket *pkt
    ],
    result: "void",
  },
  av_new_packet: {
    parameters: [
      ptr("AVPacket"), // AVPacket *pkt
      "i32", // int size
    ],
    result: "i32",
  },
  avcodec_parameters_alloc: { parameters: [], result: ptr("AVCodecParameters") },
  avcodec_parameters_free: {
    parameters: [
      cell("AVCodecParameters"), // AVCodecParameters **par
    ],
    result: "void",
  },
  avcodec_descriptor_get_by_name: {
    parameters: [
      "buffer", // const char *name
    ],
    result: ptr("AVCodecDescriptor"),
  },
  avcodec_get_name: {
    parameters: [
      "i32", // enum AVCodecID id
    ],
    result: ptr("char"),
  },
  avcodec_find_decoder: {
    parameters: [
      "i32", // enum AVCodecID id
    ],
    result: ptr("AVCodec"),
  },
  avcodec_find_decoder_by_name: {
    parameters: [
      "buffer", // const char *name
    ],
    result: ptr("AVCodec"),
  },
  avcodec_find_encoder_by_name: {
    parameters: [
      "buffer", // const char *name
    ],
    result: ptr("AVCodec"),
  },
  avcodec_alloc_context3: {
    parameters: [
      ptr("AVCodec"), // const AVCodec *codec
    ],
    result: ptr("AVCodecContext"),
  },
  avcodec_free_context: {
    parameters: [
      cell("AVCodecContext"), // AVCodecContext **avctx
    ],
    result: "void",
  },
  avcodec_parameters_to_context: {
    parameters: [
      ptr("AVCodecContext"), // AVCodecContext *codec
      ptr("AVCodecParameters"), // const AVCodecParameters *par
    ],
    result: "i32",
  },
  avcodec_open2: {
    parameters: [
      ptr("AVCodecContext"), // AVCodecContext *avctx
      ptr("AVCodec"), // const AVCodec *codec
      cell("AVDictionary"), // AVDictionary **options
    ],
    result: "i32",
  },
  avcodec_send_packet: {
    parameters: [
      ptr("AVCodecContext"), // AVCodecContext *avctx
      ptr("AVPacket"), // const AVPacket *avpkt
    ],
    result: "i32",
  },
  avcodec_receive_frame: {
    parameters: [
      ptr("AVCodecContext"), // AVCodecContext *avctx
      ptr("AVFrame"), // AVFrame *frame
    ],
    result: "i32",
  },
  avcodec_send_frame: {
    parameters: [
      ptr("AVCodecContext"), // AVCodecContext *avctx
      ptr("AVFrame"), // const AVFrame *frame
    ],
    result: "i32",
  },
  avcodec_receive_packet: {
    parameters: [
      ptr("AVCodecContext"), // AVCodecContext *avctx
      ptr("AVPacket"), // AVPacket *avpkt
    ],
    result: "i32",
  },
  avcodec_flush_buffers: {
    parameters: [
      ptr("AVCodecContext"), // AVCodecContext *avctx
    ],
    result: "void",
  },
} as const satisfies Deno.ForeignLibraryInterface;
