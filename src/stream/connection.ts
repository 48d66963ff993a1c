import type { CameraHints } from "../rtsp/client/camera_hints.ts";
import { Interrupt } from "../libav/interrupt.ts";
import { StreamBounds } from "./bounds/stream_bounds.ts";
import { Decoding } from "./decoding.ts";
import { LibavSource } from "./libav_source.ts";
import { ReadPacer } from "./read_pacer.ts";
import { RtspSource } from "./rtsp_source.ts";
import { type ConnectionEnd, runSession, type SessionParts } from "./session.ts";
import { StallTimer } from "./stall_timer.ts";

/** What a connection works with; it owns none of it. */
export interface ConnectionParts extends Omit<SessionParts, "bounds"> {
  /** What earlier connections learned of the camera. */
  readonly memory: CameraHints;
  readonly random: () => number;
  /** The stream is open. */
  readonly onOpen: (source: RtspSource | null) => void;
}

type OpenParts = ConnectionParts & SessionParts;

/**
 * Runs one connection to a camera, or plays a file: opens it, reads every packet, decodes those that a
 * detector needs, and distributes the frames. It ends when the stream does, when no usable frame has
 * arrived for the stall timeout, or when the signal is aborted.
 *
 * @throws {OrionError} when the stream cannot be opened or read
 */
export async function runConnection(parts: ConnectionParts): Promise<ConnectionEnd> {
  const { source, clock, signal } = parts;
  const ending = new Ending(signal);
  const stall = new StallTimer(clock, () => source.stallTimeoutMs, () => ending.end("stalled"));
  const onFrame: typeof parts.onFrame = (atMs) => {
    stall.observe(atMs);
    parts.onFrame(atMs);
  };
  // The camera sends: reconnecting would only restart the wait for a keyframe.
  const onWaiting: typeof parts.onWaiting = (atMs) => {
    stall.observe(atMs);
    parts.onWaiting(atMs);
  };
  try {
    if (signal.aborted) return "stopped";
    const { maxPixels, file } = source;
    const bounds = new StreamBounds({ maxPixels, isLive: file === null, clock });
    const session = { ...parts, onFrame, onWaiting, bounds };
    const overRtsp = source.file === null && source.demuxer === "orion";
    return overRtsp
      ? await runRtsp(session, ending, stall)
      : await runLibav(session, ending, stall);
  } catch (error) {
    // A call that is ended from outside fails with an arbitrary error: the reason is known here.
    if (signal.aborted) return "stopped";
    if (stall.isStalled) return "stalled";
    throw error;
  } finally {
    ending[Symbol.dispose]();
    stall.stop();
  }
}

async function runRtsp(
  parts: OpenParts,
  ending: Ending,
  stall: StallTimer,
): Promise<ConnectionEnd> {
  const source = await RtspSource.open({ ...parts, signal: ending.signal });
  const close = () => source.close(parts.signal.aborted ? undefined : 0);
  ending.onEnd = () => void close();
  try {
    using decoding = new Decoding(parts, source);
    using pacer = new ReadPacer({ ...parts, policy: decoding.policy, socket: source.socket });
    source.reading = pacer;
    parts.onOpen(source);
    return await runSession(parts, source, decoding, stall);
  } finally {
    await close();
    source[Symbol.dispose]();
  }
}

async function runLibav(
  parts: OpenParts,
  ending: Ending,
  stall: StallTimer,
): Promise<ConnectionEnd> {
  using interrupt = new Interrupt(parts.libav);
  ending.onEnd = () => interrupt.raise();
  const source = await LibavSource.open({ ...parts, interrupt });
  try {
    using decoding = new Decoding(parts, source);
    parts.onOpen(null);
    return await runSession(parts, source, decoding, stall);
  } finally {
    await source.close();
  }
}

/** Ends a connection from outside, because the camera is to stop or stalls. */
class Ending implements Disposable {
  /** Called once, when it ends. */
  onEnd: (() => void) | null = null;
  readonly #stop: AbortSignal;
  readonly #controller = new AbortController();
  readonly #onAbort = () => this.end("stopped");

  constructor(stop: AbortSignal) {
    this.#stop = stop;
    stop.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Aborted when the connection is to end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  end(reason: "stopped" | "stalled"): void {
    this.#controller.abort(reason);
    this.onEnd?.();
  }

  [Symbol.dispose](): void {
    this.#stop.removeEventListener("abort", this.#onAbort);
  }
}
