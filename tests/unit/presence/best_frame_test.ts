import assert from "node:assert/strict";
import { steadyMs, wallMs } from "../../../src/core/clock.ts";
import { BestChoice, frameScore, type ScoredFrame } from "../../../src/presence/best_frame.ts";

const SIZE = { width: 1280, height: 720 };
const VIEW = { size: SIZE, seen: { x: 0, y: 0, ...SIZE } };
const MIDDLE = { x: 600, y: 200, width: 80, height: 200 };

function frame(seq: number, score: number): ScoredFrame {
  return { frame: { capturedAtMs: wallMs(seq), seq, confidence: score, box: MIDDLE }, score };
}

Deno.test("best frame: the score goes by confidence, size, sharpness, and whether it is cut off", () => {
  const score = frameScore({ confidence: 0.8, box: MIDDLE }, VIEW);
  assert.equal(frameScore({ confidence: 0.4, box: MIDDLE }, VIEW), score / 2);
  assert.equal(frameScore({ confidence: 0.8, box: MIDDLE, sharpness: 0.5 }, VIEW), score / 2);
  const small = { ...MIDDLE, width: 40, height: 100 };
  assert.equal(frameScore({ confidence: 0.8, box: small }, VIEW), score / 2);
  for (const moved of [{ x: 0 }, { x: 1200 }, { y: 0 }, { y: 520 }]) {
    const cut = frameScore({ confidence: 0.8, box: { ...MIDDLE, ...moved } }, VIEW);
    assert(Math.abs(cut - 0.3 * score) < 1e-9, JSON.stringify(moved));
  }
});

Deno.test("best frame: what is cut off by the region of interest is cut off", () => {
  const seen = { x: 600, y: 100, width: 400, height: 400 };
  const score = frameScore({ confidence: 1, box: MIDDLE }, VIEW);
  const cut = frameScore({ confidence: 1, box: MIDDLE }, { size: SIZE, seen });
  assert(Math.abs(cut - 0.3 * score) < 1e-9);
});

Deno.test("best frame: beyond a size nothing is shown better", () => {
  const large = { x: 100, y: 50, width: 500, height: 600 };
  const larger = { x: 100, y: 20, width: 800, height: 680 };
  assert.equal(frameScore({ confidence: 1, box: large }, VIEW), 1);
  assert.equal(frameScore({ confidence: 1, box: larger }, VIEW), 1);
});

Deno.test("best frame: without pictures it is the one with the highest score", () => {
  const choice = new BestChoice(frame(1, 0.5));
  assert.equal(choice.consider(frame(2, 0.5)), false);
  assert.equal(choice.consider(frame(3, 0.51)), true);
  assert.equal(choice.frame.seq, 3);
});

Deno.test("best frame: with pictures it is the one that the camera has kept", () => {
  const choice = new BestChoice(frame(1, 0.5));
  choice.requestFirst(frame(2, 0.5), steadyMs(0));
  assert.equal(choice.frame.seq, 2, "the present frame, which the camera still has");
  assert.equal(choice.kept(2), true);
  assert.equal(choice.request(frame(3, 0.57), steadyMs(1000)), false, "hardly better");
  assert.equal(choice.request(frame(4, 0.58), steadyMs(1100)), true);
  assert.equal(choice.frame.seq, 2, "not kept yet");
  assert.equal(choice.kept(3), false, "never asked for");
  assert.equal(choice.kept(4), true);
  assert.equal(choice.frame.seq, 4);
});

Deno.test("best frame: an earlier frame is the first picture when it is much better", () => {
  const choice = new BestChoice(frame(1, 0.8));
  choice.requestFirst(frame(2, 0.5), steadyMs(0));
  assert.equal(choice.frame.seq, 1);
});

Deno.test("best frame: requests keep their distance", () => {
  const choice = new BestChoice(frame(1, 0.1));
  choice.requestFirst(frame(1, 0.1), steadyMs(0));
  choice.kept(1);
  assert.equal(choice.request(frame(2, 0.9), steadyMs(499)), false);
  assert.equal(choice.request(frame(3, 0.3), steadyMs(500)), true);
  assert.equal(
    choice.request(frame(4, 0.2), steadyMs(1100)),
    false,
    "the request may be granted yet",
  );
});

Deno.test("best frame: after a request without an answer a lesser frame is asked for", () => {
  const choice = new BestChoice(frame(1, 0.9));
  choice.requestFirst(frame(1, 0.9), steadyMs(0));
  assert.equal(choice.request(frame(2, 0.2), steadyMs(1999)), false);
  assert.equal(choice.request(frame(3, 0.2), steadyMs(2000)), true);
});

Deno.test("best frame: the picture of a stay that is continued is replaced by a better one only", () => {
  const choice = new BestChoice(frame(1, 0.5), 0.5);
  assert.equal(choice.request(frame(2, 0.5), steadyMs(0)), false);
  assert.equal(choice.request(frame(3, 0.6), steadyMs(1)), true);
});
