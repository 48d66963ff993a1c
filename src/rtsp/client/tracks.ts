/** Which of a camera's media sections is played. */
import { codedSize } from "../bitstream/sps.ts";
import { rtspError } from "../errors.ts";
import type { MediaDescription, VideoFormat } from "../media.ts";
import type { CameraMemory } from "./camera_hints.ts";

/** Video tracks that are set up at once to see which of them send. */
export const MAX_CANDIDATES = 4;

/** A media section that can be played. */
export interface PlayableTrack {
  readonly media: MediaDescription;
  readonly format: VideoFormat;
}

/**
 * The video tracks to set up: the one that is configured, else the one that proved to send before, else
 * all, of which the session chooses the largest that sends.
 *
 * @throws {StreamError} `STREAM_NO_VIDEO`; `STREAM_CODEC` when no video can be played
 */
export function candidateTracks(
  media: readonly MediaDescription[],
  configured: number | null,
  memory: CameraMemory,
  where: string,
): PlayableTrack[] {
  const action = `Cannot open ${where}`;
  const videos = media.filter(({ kind }) => kind === "video");
  const playable = videos.flatMap((one) =>
    one.format === null ? [] : [{ media: one, format: one.format }]
  );
  if (configured !== null) {
    const chosen = playable.find((track) => track.media.index === configured);
    if (chosen !== undefined) return [chosen];
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
  const known = playable.find((track) => track.media.index === memory.track);
  return known === undefined ? playable.slice(0, MAX_CANDIDATES) : [known];
}

/** Pixels of a track's pictures as the session description says, or null. */
export function announcedPixels({ format }: PlayableTrack): number | null {
  const size = format.extradata === null ? null : codedSize(format.codec, format.extradata);
  return pixels(size ?? format.sizePx);
}

/** Pixels of a track's pictures as an access unit's parameter sets say, or null. */
export function sentPixels({ format }: PlayableTrack, data: Uint8Array): number | null {
  return pixels(codedSize(format.codec, data));
}

function pixels(size: { readonly width: number; readonly height: number } | null): number | null {
  return size === null ? null : size.width * size.height;
}

/** A track that sends, as it was seen so far. */
export interface SendingTrack {
  readonly pixels: number | null;
  readonly receivedBytes: number;
}

/** The largest by its pictures, where all are known, else the one that sends most; null: none sends. */
export function largest<T extends SendingTrack>(tracks: readonly T[]): T | null {
  const isKnown = tracks.every((track) => track.pixels !== null);
  const sorted = tracks.toSorted((a, b) =>
    (isKnown ? (b.pixels ?? 0) - (a.pixels ?? 0) : 0) || b.receivedBytes - a.receivedBytes
  );
  return sorted[0] ?? null;
}
