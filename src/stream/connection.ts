import { Input } from "../libav/input.ts";
import { Interrupt } from "../libav/interrupt.ts";
import { fileOptions, rtspOptions } from "../libav/options.ts";
import { type ConnectionEnd, type ConnectionParts, Session } from "./session.ts";
import { SilenceWatch } from "./silence_watch.ts";

/**
 * One connection to a camera, or one play of a file: opens it, reads every packet, decodes what
 * somebody will take, and distributes the pictures. It ends when the stream does, when no frame came
 * for the stall time, or when the signal is aborted.
 *
 * @throws LibavError when the stream cannot be opened or read on
 */
export async function runConnection(parts: ConnectionParts): Promise<ConnectionEnd> {
  const { libav, source, clock, signal } = parts;
  using interrupt = new Interrupt(libav);
  const silence = new SilenceWatch(clock, source.stallTimeoutMs, () => interrupt.raise());
  const onAbort = () => interrupt.raise();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    if (signal.aborted) return "stopped";
    using input = await Input.open(libav, {
      url: source.url,
      options: source.file === null
        ? rtspOptions(libav, { transport: source.transport, timeoutMs: source.stallTimeoutMs })
        : fileOptions(),
      interrupt,
      findStreamInfo: source.file !== null,
    });
    using session = new Session(parts, input, silence);
    return await session.run();
  } catch (error) {
    // After an interrupt libav answers with codes that differ by version: the flags tell the truth.
    if (signal.aborted) return "stopped";
    if (silence.broken) return "stalled";
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
    silence.end();
  }
}
