/** What comes and goes in the two clips of the tests of presence. */
import type { BoxPx } from "../../../src/core/geometry.ts";
import type { TrueStay } from "../product/true_stays.ts";
import { DEMO_TRUTH } from "../system/files.ts";
import { makeWalks, placeAt, type Walk } from "./walks.ts";

const TO_THE_RIGHT: Walk = { person: "portrait", from: 50, until: 225, x: [60, 440], y: 250 };
const TO_THE_LEFT: Walk = { person: "portrait", from: 450, until: 550, x: [440, 60], y: 250 };
const STANDING: Walk = { person: "photographer", from: 125, until: 200, x: [840, 840], y: 280 };
const STANDING_AGAIN: Walk = { ...STANDING, from: 250, until: 300 };

/** Long after the last has left, so that the clip does not begin again during a test. */
export const VISITS_FRAMES = 1500;

/**
 * The portrait walks to the right, out of the zone `door` and across the line, and disappears. Meanwhile the
 * photographer stands in the zone `yard`, hidden for two seconds. Once the stays of both have ended the
 * portrait comes back and walks to the left.
 */
export const VISITS: readonly TrueStay[] = [
  plain("the portrait to the right", [TO_THE_RIGHT]),
  plain("the photographer", [STANDING, STANDING_AGAIN]),
  plain("the portrait to the left", [TO_THE_LEFT]),
];

/** The keys of a camera that shows {@link VISITS}. */
export const VISITS_SCENE = "zones: [ " +
  "{ id: door, polygon: [[0, 0.5], [0.25, 0.5], [0.25, 1], [0, 1]] }, " +
  "{ id: yard, polygon: [[0.6, 0.5], [1, 0.5], [1, 1], [0.6, 1]] } ], " +
  "lines: [{ id: gate, from: [0.35, 1], to: [0.35, 0.5] }]";

/** Makes the clip of {@link VISITS}. @returns its path */
export function makeVisits(folder: string): Promise<string> {
  const walks = [STANDING, STANDING_AGAIN, TO_THE_RIGHT, TO_THE_LEFT];
  return makeWalks({ walks, frames: VISITS_FRAMES, folder, name: "visits" });
}

/** A stay of someone who appears as a whole, and disappears so. */
function plain(name: string, walks: readonly Walk[]): TrueStay {
  const from = Math.min(...walks.map((walk) => walk.from));
  const until = Math.max(...walks.map((walk) => walk.until));
  const at = (frame: number) =>
    walks.map((walk) => placeAt(walk, frame)).find((box) => box !== null) ?? null;
  return { name, from, plainFrom: from, plainUntil: until, until, at };
}

/** How much of a person has to be in the picture so that it cannot be missed. */
const PLAIN_PART = 0.7;

/** Who comes and goes in each loop of the demo's clip. */
export function demoStays(): TrueStay[] {
  const { frames }: {
    frames: { persons: { name: string; box: [number, number, number, number] }[] }[];
  } = JSON.parse(Deno.readTextFileSync(DEMO_TRUTH));
  return ["portrait", "photographer"].map((name) => {
    const boxes = frames.map(({ persons }): BoxPx | null => {
      const [x1, y1, x2, y2] = persons.find((person) => person.name === name)?.box ?? [];
      if (x1 === undefined || y1 === undefined || x2 === undefined || y2 === undefined) return null;
      return { x: x1, y: y1, width: x2 - x1, height: y2 - y1 };
    });
    const widest = Math.max(...boxes.map((box) => box?.width ?? 0));
    const isPlain = (box: BoxPx | null) => box !== null && box.width >= PLAIN_PART * widest;
    return {
      name,
      from: boxes.findIndex((box) => box !== null),
      plainFrom: boxes.findIndex(isPlain),
      plainUntil: boxes.findLastIndex(isPlain) + 1,
      until: boxes.findLastIndex((box) => box !== null) + 1,
      at: (frame) => boxes[frame] ?? null,
    };
  });
}
