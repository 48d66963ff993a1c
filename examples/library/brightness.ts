/**
 * Prints how bright each frame of a file is, from the tensor that a network would get:
 * `brightness.ts ADDRESS`. A camera is read until it ends.
 */
import { frames, OrionError } from "@orion/orion/libav";

const size = { width: 96, height: 96 };
const into = new ArrayBuffer(3 * 4 * size.width * size.height);

/** The mean of red, green and blue where the picture lies, 0 to 1. */
function mean(data: Float32Array, area: number): number {
  return data.reduce((sum, value) => sum + value, 0) / (3 * area);
}

try {
  for await (const frame of frames(Deno.args[0] ?? "")) {
    // One buffer for all frames: what is read of it is read before the next one.
    const { data, fit } = frame.tensor({ ...size, bars: 0, into });
    const line = {
      seq: frame.seq,
      seconds: frame.ptsSeconds,
      dropped: frame.dropsSinceLast,
      brightness: Number(mean(data, fit.width * fit.height).toFixed(3)),
    };
    await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
  }
} catch (error) {
  if (!(error instanceof OrionError)) throw error;
  const { code, message, remedy } = error;
  await Deno.stderr.write(new TextEncoder().encode(`${code}: ${message}. ${remedy}\n`));
  Deno.exitCode = 1;
}
