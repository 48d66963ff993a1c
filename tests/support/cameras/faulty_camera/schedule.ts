/** When each picture is sent, and its timestamp. */
import { plusMs, type WallMs } from "../../../../src/core/clock.ts";
import type { Playback, Reports, Stamps } from "./options.ts";

/** The RTP clock rate of video. */
export const CLOCK_HZ = 90_000;

/** The position of the n-th picture in seconds of the stream. */
export function streamSeconds(index: number, { fps }: Playback): number {
  return index / fps;
}

/** When the n-th picture is due, in milliseconds from the first. */
export function dueMs(index: number, { fps, speed }: Playback): number {
  return index * 1000 / fps / speed;
}

/**
 * The RTP timestamp of the n-th picture, 32 bits.
 * @param place.aheadFrames  presentation order minus decoding order, in frames; below 0 for B-frames
 */
export function stampOf(
  { index, aheadFrames = 0 }: { readonly index: number; readonly aheadFrames?: number },
  stamps: Stamps,
  playback: Playback,
): number {
  const { outlier } = stamps;
  const isOdd = outlier !== null && index > 0 && index % outlier.everyFrames === 0;
  const offSeconds = isOdd ? outlier.bySeconds : 0;
  const reordered = aheadFrames / playback.fps;
  return ticks(
    clockSeconds(streamSeconds(index, playback), stamps) + offSeconds + reordered,
    stamps,
  );
}

/** The timestamp of a sender report at that second: the clock's, never an outlier's. */
export function reportStamp(seconds: number, stamps: Stamps): number {
  return ticks(clockSeconds(seconds, stamps), stamps);
}

/** The reading of the RTP clock, in seconds since the start. */
function clockSeconds(seconds: number, { jumps, clockRateFactor }: Stamps): number {
  const jumped = jumps.filter(({ atSeconds }) => seconds >= atSeconds);
  return seconds * clockRateFactor + jumped.reduce((sum, { bySeconds }) => sum + bySeconds, 0);
}

function ticks(seconds: number, { start, isConstant }: Stamps): number {
  return isConstant ? start >>> 0 : Math.round(start + seconds * CLOCK_HZ) % 2 ** 32 >>> 0;
}

/** The reading of the camera's wall clock at a true time. */
export function cameraClock(trueWallMs: WallMs, seconds: number, reports: Reports): WallMs {
  const corrected = reports.corrections.findLast(({ atSeconds }) => seconds >= atSeconds);
  return plusMs(trueWallMs, 1000 * (corrected ?? reports).offsetSeconds);
}
