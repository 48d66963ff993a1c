import { nearestOrientation, type Orientation } from "../core/display.ts";
import { STABLE } from "./layouts.ts";
import type { Libav } from "./library.ts";
import { NULL, type Ptr } from "./pointers.ts";

/** `AV_FRAME_DATA_DISPLAYMATRIX`, the same in every release. */
const FRAME_DISPLAY_MATRIX = 6;
/** `AV_PKT_DATA_DISPLAYMATRIX`, the same in every release. */
const STREAM_DISPLAY_MATRIX = 5;

/** Byte offsets of the four rotation terms in the 3x3 matrix; the others translate and project. */
const AT = { a: 0, b: 4, c: 12, d: 16 } as const;

/**
 * The display orientation of a frame according to its bitstream (display orientation SEI of H.264 and
 * H.265, EXIF of JPEG) and from FFmpeg 6.1 on also its container; or null.
 */
export function frameOrientation(libav: Libav, frame: Ptr<"AVFrame">): Orientation | null {
  const data = libav.avutil.av_frame_get_side_data(frame, FRAME_DISPLAY_MATRIX);
  if (data === NULL) return null;
  return orientationAt(libav, libav.memory.u64(data + BigInt(STABLE.AVFrameSideData.data)));
}

/** The display orientation of a stream according to its container, or null; from 8.0 on frames carry it. */
export function streamOrientation(libav: Libav, stream: Ptr<"AVStream">): Orientation | null {
  const sideData = libav.avformat.av_stream_get_side_data;
  const matrix = sideData === null ? NULL : sideData(stream, STREAM_DISPLAY_MATRIX, NULL);
  return matrix === NULL ? null : orientationAt(libav, matrix);
}

function orientationAt({ memory }: Libav, matrix: bigint): Orientation {
  return nearestOrientation({
    a: memory.i32(matrix + BigInt(AT.a)),
    b: memory.i32(matrix + BigInt(AT.b)),
    c: memory.i32(matrix + BigInt(AT.c)),
    d: memory.i32(matrix + BigInt(AT.d)),
  });
}
