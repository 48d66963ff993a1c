import type { CameraSource } from "../core/camera_types.ts";
import type { DecodedFrame } from "./decoded_frame.ts";
import { FrameStream } from "./frame_stream.ts";
import { type FramesOptions, sourceOf } from "./options.ts";

/**
 * The frames of a camera or of a file, the newest each time: what came while the program was busy is
 * skipped, and counted in `dropsSinceLast`. A file is played in real time.
 *
 * Nothing is opened before the first frame is asked for. The end of the loop, however it comes, closes
 * everything: `break`, an exception, the end of a file, the signal. Decoding runs in the calling thread;
 * several cameras go into a worker each.
 *
 * ```ts
 * for await (const frame of frames("rtsp://viewer:secret@192.0.2.10/stream2", { rateHz: 2 })) {
 *   await Deno.writeFile("newest.jpg", frame.jpeg());
 * }
 * ```
 *
 * @param url  `rtsp://…` or `rtsps://…`, with credentials, or `file:path`
 * @param options  how it is read
 * @returns the frames; each is valid until the next is asked for
 * @throws {FramesError} `FRAMES_URL`, `FRAMES_OPTION`, at once; from the loop {@link OrionError}:
 *   `FRAMES_PERMISSION`, or why the stream cannot be opened or read on
 */
export function frames(
  url: string,
  options: FramesOptions = {},
): AsyncGenerator<DecodedFrame, void, undefined> {
  return framesOf(sourceOf(url, options), options);
}

async function* framesOf(
  source: CameraSource,
  options: FramesOptions,
): AsyncGenerator<DecodedFrame, void, undefined> {
  await using stream = new FrameStream(source, options);
  for (;;) {
    const frame = await stream.next();
    if (frame === null) return;
    try {
      yield frame;
    } finally {
      frame.release();
    }
  }
}
