/** The ffmpeg program, which makes and decodes the clips of tests. */
import { programPath } from "../system/parts.ts";

/** Runs it. @returns its standard output @throws with its messages when it fails */
export async function ffmpeg(...args: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
  const { success, stdout, stderr } = await new Deno.Command(programPath("ffmpeg") ?? "ffmpeg", {
    args: ["-v", "error", "-nostdin", ...args],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return stdout;
}
