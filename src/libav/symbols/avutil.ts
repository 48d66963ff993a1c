/**
 * The functions Orion calls in libavutil, and nothing else. Those in this folder exist in every release
 * from 4.3 to 9.0, unless they are optional.
 *
 * Pointers are `usize` (see `pointers.ts`). Memory that a `nonblocking` function reads or writes is
 * native memory, because a JavaScript buffer may move meanwhile.
 */
import { cell, ptr } from "../pointers.ts";
import { LIBC } from "./libc.ts";

/** `AVRational`, which libav passes and returns by value. */
export const AV_RATIONAL = { struct: ["i32", "i32"] } as const;

export const AVUTIL = {
  ...LIBC,
  avutil_version: { parameters: [], result: "u32" },
  av_log_set_level: {
    parameters: [
      "i32", // int level
    ],
    result: "void",
  },
  av_strerror: {
    parameters: [
      "i32", // int errnum
      "buffer", // char *errbuf
      "usize", // size_t errbuf_size
    ],
    result: "i32",
  },
  av_mallocz: {
    parameters: [
      "usize", // size_t size
    ],
    result: ptr("void"),
  },
  av_free: {
    parameters: [
      ptr("void"), // void *ptr
    ],
    result: "void",
  },
  av_dict_set: {
    parameters: [
      cell("AVDictionary"), // AVDictionary **pm
      "buffer", // const char *key
      "buffer", // const char *value
      "i32", // int flags
    ],
    result: "i32",
  },
  av_dict_get: {
    parameters: [
      ptr("AVDictionary"), // const AVDictionary *m
      "buffer", // const char *key
      ptr("AVDictionaryEntry"), // const AVDictionaryEntry *prev
      "i32", // int flags
    ],
    result: ptr("AVDictionaryEntry"),
  },
  av_dict_free: {
    parameters: [
      cell("AVDictionary"), // AVDictionary **m
    ],
    result: "void",
  },
  av_opt_find: {
    parameters: [
      ptr("AVFormatContext"), // void *obj
      "buffer", // const char *name
      "buffer", // const char *unit
      "i32", // int opt_flags
      "i32", // int search_flags
    ],
    result: ptr("AVOption"),
  },
  av_opt_get_int: {
    parameters: [
      ptr("AVFormatContext"), // void *obj
      "buffer", // const char *name
      "i32", // int search_flags
      "buffer", // int64_t *out_val
    ],
    result: "i32",
  },
  av_opt_set: {
    parameters: [
      ptr("AVCodecContext"), // void *obj
      "buffer", // const char *name
      "buffer", // const char *val
      "i32", // int search_flags
    ],
    result: "i32",
  },
  av_opt_set_q: {
    parameters: [
      ptr("AVCodecContext"), // void *obj
      "buffer", // const char *name
      AV_RATIONAL, // AVRational val
      "i32", // int search_flags
    ],
    result: "i32",
  },
  av_opt_set_image_size: {
    parameters: [
      ptr("AVCodecContext"), // void *obj
      "buffer", // const char *name
      "i32", // int w
      "i32", // int h
      "i32", // int search_flags
    ],
    result: "i32",
  },
  av_opt_set_pixel_fmt: {
    parameters: [
      ptr("AVCodecContext"), // void *obj
      "buffer", // const char *name
      "i32", // enum AVPixelFormat fmt
      "i32", // int search_flags
    ],
    result: "i32",
  },
  av_frame_alloc: { parameters: [], result: ptr("AVFrame") },
  av_frame_free: {
    parameters: [
      cell("AVFrame"), // AVFrame **frame
    ],
    result: "void",
  },
  av_frame_get_buffer: {
    parameters: [
      ptr("AVFrame"), // AVFrame *frame
      "i32", // int align
    ],
    result: "i32",
  },
  av_frame_unref: {
    parameters: [
      ptr("AVFrame"), // AVFrame *frame
    ],
    result: "void",
  },
  av_frame_ref: {
    parameters: [
      ptr("AVFrame"), // AVFrame *dst
      ptr("AVFrame"), // const AVFrame *src
    ],
    result: "i32",
  },
  av_frame_move_ref: {
    parameters: [
      ptr("AVFrame"), // AVFrame *dst
      ptr("AVFrame"), // AVFrame *src
    ],
    result: "void",
  },
  av_frame_get_side_data: {
    parameters: [
      ptr("AVFrame"), // const AVFrame *frame
      "i32", // enum AVFrameSideDataType type
    ],
    result: ptr("AVFrameSideData"),
  },
  av_get_pix_fmt: {
    parameters: [
      "buffer", // const char *name
    ],
    result: "i32",
  },
  av_get_pix_fmt_name: {
    parameters: [
      "i32", // enum AVPixelFormat pix_fmt
    ],
    result: ptr("char"),
  },
  av_pix_fmt_desc_get: {
    parameters: [
      "i32", // enum AVPixelFormat pix_fmt
    ],
    result: ptr("AVPixFmtDescriptor"),
  },
  av_image_fill_linesizes: {
    parameters: [
      "buffer", // int linesizes[4]
      "i32", // enum AVPixelFormat pix_fmt
      "i32", // int width
    ],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;
