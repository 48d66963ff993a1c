import { nearestOrientation, type Orientation } from "../core/display.ts";
import { STABLE } from "./layouts.ts";
import type { Libav } from "./library.ts";
import { NULL, type Ptr } from "./pointers.ts";

/** `AV_FRAME_DATA_DISPLAYMATRIX`, the same in every release. */
const FRAME_DISPLAY_MATRIX = 6;
/** `AV_PKT_DATA_DISPLAYMATRIX`, the same in every release. */
const STREAM_DISPLAY_MATRIX = 5;

/** Where the four numbers that turn lie in the nine, in bytes; the others move and project. */
const AT = { a: 0, b: 4, c: 12, d: 16 } as const;

/**
 * What a decoded picture says of how it is shown: by a message in the bitstream (H.264 and H.265's
 * display orientation, a JPEG's EXIF), from FFmpeg 6.1 on also by its container. null for nothing.
 */
export function frameOrientation(libav: Libav, frame: Ptr<"AVFrame">): Orientation | null {
  const data = libav.avutil.av_frame_get_side_data(frame, FRAME_DISPLAY_MATRIX);
  if (data === NULL) return null;
  return orientationAt(libav, libav.memory.u64(data + BigInt(STABLE.AVFrameSideData.data)));
}

/** What the container says of a stream, or null; from 8.0 on each picture says it instead. */
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
