/** Measures how many messages have a detection at the position of a person. */
import assert from "node:assert/strict";
import { type BoxPx, iou } from "../../../src/core/geometry.ts";
import { peopleInClip } from "../clips/clip.ts";
import type { InferenceMessage } from "../brokers/messages.ts";

/** The expected person and position. */
export interface Sought {
  /** Index of the person in the clip of two people. */
  readonly person: number;
  /** Maps a time of the stream to a frame of the clip of two people. */
  readonly clipFrame: (ptsSeconds: number) => number;
  /** Maps a box of the clip of two people to the frames of the stream. */
  readonly moved: (box: BoxPx) => BoxPx;
  readonly minIou: number;
}

/** Returns the share of messages with a box on the person, 0 to 1. */
export async function shareFound(
  messages: readonly InferenceMessage[],
  { person, clipFrame, moved, minIou }: Sought,
): Promise<number> {
  let count = 0;
  for (const { frame, detections } of messages) {
    const truth = (await peopleInClip(clipFrame(frame.ptsSeconds)))[person];
    assert.ok(truth, `no frame at ${frame.ptsSeconds} s`);
    const expected = moved(truth);
    if (detections.some(({ box }) => iou(box, expected) >= minIou)) count++;
  }
  return count / messages.length;
}
