import assert from "node:assert/strict";
import { tempFolder } from "../system/files.ts";
import { programPath } from "../system/parts.ts";

/** The pixels of a JPEG by ffmpeg: grey levels, or red, green and blue of each pixel. */
export async function decodeJpeg(
  jpeg: ArrayBuffer | Uint8Array<ArrayBuffer>,
  format: "gray" | "rgb24",
): Promise<Uint8Array> {
  using folder = tempFolder();
  const path = `${folder.path}/picture.jpg`;
  await Deno.writeFile(path, new Uint8Array(jpeg));
  const { success, stdout, stderr } = await new Deno.Command(programPath("ffmpeg") ?? "ffmpeg", {
    args: ["-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", format, "-"],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return stdout;
}
