import { LibraryError } from "../core/errors.ts";
import { STABLE } from "./layouts.ts";
import type { Libav } from "./library.ts";
import { cString } from "./memory.ts";
import { NULL, type Ptr } from "./pointers.ts";

const NO_TIMESTAMP = -(2n ** 63n);
const UNSPECIFIED = 2;
/** More than the part of any known AVFrame that is checked. */
const FRAME_BYTES = 512;

/**
 * Checks the layout table against what the libraries report, without following any unverified pointer:
 * safe even when the table is wrong.
 *
 * @throws {LibraryError} `LIBAV_LAYOUT` naming the field
 */
export function checkLayout(libav: Libav): void {
  if (libav.canDemux) checkFormatContext(libav);
  checkFrameDefaults(libav);
}

/** Makes the error of a failed check. */
export function layoutError(
  libav: Libav,
  field: string,
  found: string,
  wanted: string,
): LibraryError {
  const { avutil, avcodec, avformat } = libav.versions;
  return new LibraryError({
    code: "LIBAV_LAYOUT",
    message: `Cannot use libavutil ${avutil}, libavcodec ${avcodec}` +
      `${
        avformat === null ? "" : `, libavformat ${avformat}`
      }: ${field} is ${found}, expected ${wanted} for ${libav.release.name}`,
    retryable: false,
    remedy:
      "Install the unmodified libraries of your distribution, and report this with the versions.",
  });
}

/** Throws a layout error unless both are equal. */
export function expectEqual<T extends number | bigint | string>(
  libav: Libav,
  field: string,
  found: T,
  wanted: T,
): void {
  if (found !== wanted) throw layoutError(libav, field, String(found), String(wanted));
}

function checkFormatContext(libav: Libav): void {
  const { avformat, memory, release: { layout } } = libav;
  const context = avformat.avformat_alloc_context();
  if (context === NULL) throw layoutError(libav, "avformat_alloc_context", "NULL", "an address");
  try {
    const table = layout.AVFormatContext;
    const option = (name: string) => optionOffset(libav, context, name);
    const same = (field: string, found: number, wanted: number) =>
      expectEqual(libav, `AVFormatContext.${field}`, found, wanted);
    same("flags", option("fflags"), table.flags);
    same("max_delay", option("max_delay"), table.maxDelay);
    same("probesize", option("probesize"), table.probesize);
    same("max_analyze_duration", option("analyzeduration"), table.maxAnalyzeDuration);
    same("error_recognition", option("err_detect"), table.errorRecognition);
    same("debug", option("fdebug"), table.debug);
    // No option has the offset of the callback, but the fields on both sides of it have one.
    same("interrupt_callback", option("err_detect") + 4, table.interruptCallback);
    same("interrupt_callback", option("fdebug") - 16, table.interruptCallback);

    avformat.avformat_new_stream(context, NULL);
    const second = avformat.avformat_new_stream(context, NULL);
    const count = memory.i32(context + BigInt(STABLE.AVFormatContext.nbStreams));
    expectEqual(libav, "AVFormatContext.nb_streams", count, 2);
    const streams = memory.u64(context + BigInt(STABLE.AVFormatContext.streams));
    expectEqual(libav, "AVFormatContext.streams[1]", memory.u64(streams + 8n), second);
    const index = memory.i32(second + BigInt(layout.AVStream.index));
    expectEqual(libav, "AVStream.index", index, 1);
    const aspect = second + BigInt(layout.AVStream.sampleAspectRatio);
    expectEqual(libav, "AVStream.sample_aspect_ratio.num", memory.i32(aspect), 0);
    expectEqual(libav, "AVStream.sample_aspect_ratio.den", memory.i32(aspect + 4n), 1);
  } finally {
    avformat.avformat_free_context(context);
  }
}

function optionOffset(libav: Libav, context: Ptr<"AVFormatContext">, name: string): number {
  const option = libav.avutil.av_opt_find(context, cString(name), null, 0, 0);
  if (option === NULL) throw layoutError(libav, `the option ${name}`, "missing", "there");
  return libav.memory.i32(option + BigInt(STABLE.AVOption.offset));
}

/** Checks the layout by the default values of a new frame's fields. */
function checkFrameDefaults(libav: Libav): void {
  const { avutil, memory, release: { layout } } = libav;
  const frame = avutil.av_frame_alloc();
  if (frame === NULL) throw layoutError(libav, "av_frame_alloc", "NULL", "an address");
  try {
    const bytes = new DataView(new ArrayBuffer(FRAME_BYTES));
    const table = layout.AVFrame;
    memory.read(frame, bytes, table.decodeErrorFlags + 4);
    const i32 = (field: string, offset: number, wanted: number) =>
      expectEqual(libav, `AVFrame.${field}`, bytes.getInt32(offset, true), wanted);
    const i64 = (field: string, offset: number, wanted: bigint) =>
      expectEqual(libav, `AVFrame.${field}`, bytes.getBigInt64(offset, true), wanted);
    i64("pts", STABLE.AVFrame.pts, NO_TIMESTAMP);
    i64("pkt_dts", table.pktDts, NO_TIMESTAMP);
    i64("best_effort_timestamp", table.bestEffortTimestamp, NO_TIMESTAMP);
    i32("width", STABLE.AVFrame.width, 0);
    i32("height", STABLE.AVFrame.height, 0);
    i32("format", STABLE.AVFrame.format, -1);
    i32("flags", table.flags, 0);
    i32("decode_error_flags", table.decodeErrorFlags, 0);
    i32("color_range", table.colorRange, 0);
    i32("color_primaries", table.colorPrimaries, UNSPECIFIED);
    i32("color_trc", table.colorTrc, UNSPECIFIED);
    i32("colorspace", table.colorspace, UNSPECIFIED);
    i32("sample_aspect_ratio.num", table.sampleAspectRatio, 0);
    i32("sample_aspect_ratio.den", table.sampleAspectRatio + 4, 1);
  } finally {
    memory.freeBy(avutil.av_frame_free, frame);
  }
}
