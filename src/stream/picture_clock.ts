import type { Clock } from "../core/clock.ts";
import type { CaptureClock } from "../core/messages.ts";
import type { Input } from "../libav/input.ts";
import type { CaptureTime } from "./capture_time.ts";

/** When the pictures of one connection were taken, from their presentation times. */
export class PictureClock {
  readonly #input: Input;
  readonly #isFile: boolean;
  readonly #time: CaptureTime;
  readonly #clock: Clock;
  #startMs: number | null = null;

  constructor(parts: {
    readonly input: Input;
    readonly isFile: boolean;
    readonly time: CaptureTime;
    readonly clock: Clock;
  }) {
    this.#input = parts.input;
    this.#isFile = parts.isFile;
    this.#time = parts.time;
    this.#clock = parts.clock;
  }

  /** For a packet that arrived so many milliseconds ago. */
  of(pts: bigint | null, agoMs: number): { capturedAtMs: number; clock: CaptureClock } {
    const wallMs = this.#clock.wallMs() - agoMs;
    if (this.#isFile) return { capturedAtMs: wallMs, clock: "file" };
    const startMs = this.#startMs ??= this.#input.startRealtimeMs();
    if (startMs === null || pts === null) return this.#time.of(wallMs, null);
    const { num, den } = this.#input.video.timeBase;
    return this.#time.of(wallMs, startMs + Number(pts) * 1000 * num / den);
  }
}
