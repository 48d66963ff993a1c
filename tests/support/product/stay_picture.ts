/** The picture of a stay, beside the clip that it is from. */
import assert from "node:assert/strict";
import type { BoxPx, SizePx } from "../../../src/core/geometry.ts";
import type { PresenceMessage } from "../brokers/presence.ts";
import { difference, jpegSize, small } from "../clips/jpeg.ts";
import type { TempFolder } from "../system/files.ts";

/** Of every clip here. */
const PICTURE: SizePx = { width: 1280, height: 720 };
/** Levels between a picture and its frame: 0.5 to 2.3, and with a frame half a second later 26 to 59. */
const MAX_DIFFERENCE = 5;

/** Where the crop of a box is: it has the same centre, unless the edge of the picture cuts it off. */
function cropOf(box: BoxPx, { width, height }: SizePx): BoxPx {
  const along = (middle: number, length: number, whole: number) =>
    Math.round(Math.min(whole - length, Math.max(0, middle - length / 2)));
  return {
    x: along(box.x + box.width / 2, width, PICTURE.width),
    y: along(box.y + box.height / 2, height, PICTURE.height),
    width,
    height,
  };
}

/** Asserts that the picture of a stay is the part of its clip that its best frame and box name. */
export async function assertPicture(
  { jpeg, box }: PresenceMessage["best"],
  { clip, frame, folder }: {
    readonly clip: string;
    readonly frame: number;
    readonly folder: TempFolder;
  },
): Promise<void> {
  assert.ok(jpeg !== null, "a picture");
  const bytes = Uint8Array.fromBase64(jpeg);
  assert.deepEqual([...bytes.slice(0, 3), ...bytes.slice(-2)], [0xff, 0xd8, 0xff, 0xff, 0xd9]);
  const size = jpegSize(bytes);
  const { width, height } = size;
  assert.ok(width >= box.width - 2 && height >= box.height - 2, `${width} × ${height}`);
  assert.ok(width * height < PICTURE.width * PICTURE.height / 2, `${width} × ${height}`);
  const path = folder.write("stay.jpg", bytes);
  const taken = await small({ path, frame: 0, part: { x: 0, y: 0, ...size } });
  const wanted = await small({ path: clip, frame, part: cropOf(box, size) });
  const levels = difference(taken, wanted);
  assert.ok(levels <= MAX_DIFFERENCE, `frame ${frame} of ${clip}: ${levels.toFixed(1)} levels`);
}
