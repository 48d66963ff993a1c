/** The video tracks of a camera, and which of them to play. */
import { codedSize } from "../bitstream/sps.ts";
import { rtspError } from "../errors.ts";
import type { MediaDescription, VideoFormat } from "../media.ts";
import type { CameraHints } from "./camera_hints.ts";

/** Video tracks that are set up together, to learn which of them send. */
export const MAX_CANDIDATES = 4;

/** A media section that can be played. */
export interface PlayableTrack {
  readonly media: MediaDescription;
  readonly format: VideoFormat;
}

/**
 * The video tracks to set up: the configured one, else the one that was selected in an earlier session,
 * else all, of which the session selects the largest that sends.
 *
 * @throws {StreamError} `STREAM_NO_VIDEO`; `STREAM_CODEC` when no video can be played
 */
export function candidateTracks(
  media: readonly MediaDescription[],
  configured: number | null,
  hints: CameraHints,
  origin: string,
): PlayableTrack[] {
  const action = `Cannot open ${origin}`;
  const videos = media.filter(({ kind }) => kind === "video");
  const playable = videos.flatMap((video) =>
    video.format === null ? [] : [{ media: video, format: video.format }]
  );
  if (configured !== null) {
    const track = playable.find((track) => track.media.index === configured);
    if (track !== undefined) return [track];
    const numbers = playable.map((track) => track.media.index).join(", ") || "none";
    throw rtspError("STREAM_NO_VIDEO", {
      action,
      found:
        `track ${configured} carries no video that can be played; of those that do: ${numbers}`,
    });
  }
  if (videos.length === 0) {
    throw rtspError("STREAM_NO_VIDEO", { action, found: "the camera offers no video" });
  }
  if (playable.length === 0) {
    const found = videos.map(({ problem, encodingName }) => problem ?? encodingName).join("; ");
    throw rtspError("STREAM_CODEC", { action, found });
  }
  hints.described(JSON.stringify(playable.map((track) => [
    track.media.index,
    track.media.control,
    track.format.codec,
    announcedPixels(track),
  ])));
  const known = playable.find((track) => track.media.index === hints.trackIndex);
  return known === undefined ? playable.slice(0, MAX_CANDIDATES) : [known];
}

/** Pixels of a track's pictures as the session description states, or null. */
export function announcedPixels({ format }: PlayableTrack): number | null {
  const size = format.extradata === null ? null : codedSize(format.codec, format.extradata);
  return pixels(size ?? format.sizePx);
}

/** Pixels of a track's pictures as the parameter sets of an access unit state, or null. */
export function sentPixels({ format }: PlayableTrack, data: Uint8Array): number | null {
  return pixels(codedSize(format.codec, data));
}

function pixels(size: { readonly width: number; readonly height: number } | null): number | null {
  return size === null ? null : size.width * size.height;
}

/** What a track has sent so far. */
export interface SendingTrack {
  readonly pixels: number | null;
  readonly receivedBytes: number;
}

/** The track with the largest pictures if all sizes are known, else with the most bytes; null: none sends. */
export function largestTrack<T extends SendingTrack>(tracks: readonly T[]): T | null {
  const isKnown = tracks.every((track) => track.pixels !== null);
  const sorted = tracks.toSorted((a, b) =>
    (isKnown ? (b.pixels ?? 0) - (a.pixels ?? 0) : 0) || b.receivedBytes - a.receivedBytes
  );
  return sorted[0] ?? null;
}
