/** How often messages tell of a person where that person is. */
import assert from "node:assert/strict";
import { type BoxPx, iou } from "../../../src/core/geometry.ts";
import { peopleInClip } from "../clips/clip.ts";
import type { InferenceMessage } from "../brokers/messages.ts";

/** Who is looked for, and where. */
export interface Sought {
  /** Which of the bundled clip's people. */
  readonly person: number;
  /** The frame of the bundled clip that is shown at that time of the stream. */
  readonly clipFrame: (ptsSeconds: number) => number;
  /** Where a box of the bundled clip is in the frames of the stream. */
  readonly moved: (box: BoxPx) => BoxPx;
  readonly minIou: number;
}

/** The share of the messages with a box on the person, 0 to 1. */
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
