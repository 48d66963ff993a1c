/** What is in a JPEG, for tests. */
import assert from "node:assert/strict";
import type { SizePx } from "../../../src/core/geometry.ts";
import { programPath } from "../system/parts.ts";

/** Width and height from a JPEG's frame header. */
export function jpegSize(bytes: Uint8Array<ArrayBuffer>): SizePx {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let at = 2; at < bytes.length; at += 2 + view.getUint16(at + 2)) {
    if (bytes[at + 1] !== 0xc0) continue;
    return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
  }
  return assert.fail("a JPEG without a frame header");
}

/** The mean colour of a picture, as ffmpeg decodes it. */
export async function meanColour(
  path: string,
): Promise<{ readonly red: number; readonly green: number; readonly blue: number }> {
  const filters = "format=rgb24,scale=1:1:flags=area";
  const { success, stdout, stderr } = await new Deno.Command(programPath("ffmpeg") ?? "ffmpeg", {
    args: ["-v", "error", "-nostdin", "-i", path, "-vf", filters, "-frames:v", "1"]
      .concat(["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]),
    stderr: "piped",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const [red = 0, green = 0, blue = 0] = stdout;
  return { red, green, blue };
}
