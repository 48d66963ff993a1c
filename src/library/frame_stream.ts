import { systemClock } from "../core/clock.ts";
import type { CameraSource } from "../core/camera_types.ts";
import { errorData, errorFromData, StreamError } from "../core/errors.ts";
import { logTo } from "../core/log.ts";
import { FrameBus } from "../framebus/bus.ts";
import { CameraLedger } from "../framebus/ledger.ts";
import { JpegEncoder } from "../libav/jpeg.ts";
import type { Libav } from "../libav/library.ts";
import { locateLibav } from "../libav/locate.ts";
import { openLibav } from "../libav/open.ts";
import { Camera, type StateReport } from "../stream/camera.ts";
import { CameraPacing } from "../stream/camera_pacing.ts";
import type { SharedFrame } from "../stream/shared_frame.ts";
import { FrameWishes } from "../stream/snapshots.ts";
import { TensorWriter } from "../stream/tensor_writer.ts";
import { CONSUMER, DecodedFrame, type FrameTools } from "./decoded_frame.ts";
import type { FramesOptions } from "./options.ts";
import { requirePermissions } from "./permissions.ts";

/** An open stream of which a program takes frames: libav, the camera, and its bus with one mailbox. */
export class FrameStream implements AsyncDisposable {
  readonly #options: FramesOptions;
  readonly #source: CameraSource;
  readonly #libav: Libav;
  readonly #bus: FrameBus<SharedFrame>;
  readonly #pacing = new CameraPacing();
  readonly #tools: FrameTools;
  readonly #camera: Camera;
  readonly #finished: Promise<void>;
  readonly #onAbort = () => this.#camera.stop();
  #changed = Promise.withResolvers<void>();
  #hasEnded = false;
  #failure: { readonly error: unknown } | null = null;

  /**
   * Opens the libraries, and starts to connect.
   * @throws {LibraryError} as `openLibav`
   * @throws {FramesError} `FRAMES_PERMISSION`
   */
  constructor(source: CameraSource, options: FramesOptions) {
    this.#source = source;
    this.#options = options;
    const clock = systemClock;
    const libraries = options.libraries ?? locateLibav();
    requirePermissions(source, libraries);
    const libav = openLibav(libraries, { demux: source.file !== null });
    this.#libav = libav;
    this.#tools = {
      writer: new TensorWriter({ libav, camera: source.camera, clock, region: source }),
      encoder: new JpegEncoder(libav),
    };
    const ledger = new CameraLedger();
    this.#bus = new FrameBus<SharedFrame>({
      clock,
      stallTimeoutMs: source.stallTimeoutMs,
      ledger,
      pacing: this.#pacing,
      announce: () => this.#changed.resolve(),
      onDemandChanged: () => this.#pacing.wake(),
    });
    const { rateHz = null } = options;
    this.#bus.register({ detector: CONSUMER, rateHz, paused: false, pictures: false });
    this.#camera = new Camera({
      ...{ libav, source, bus: this.#bus, ledger, pacing: this.#pacing, clock },
      snapshots: new FrameWishes(),
      log: logTo(() => {}),
      random: Math.random,
      onState: (state) => this.#onState(state),
    });
    options.signal?.addEventListener("abort", this.#onAbort);
    if (options.signal?.aborted === true) this.#camera.stop();
    this.#bus.start();
    this.#finished = this.#run();
  }

  /**
   * Waits for the newest frame that is due.
   * @returns the frame, for the caller to release; null: the stream has ended, or was aborted
   * @throws {OrionError} why the connection ended, unless it is to reconnect; what `reconnect` threw
   */
  async next(): Promise<DecodedFrame | null> {
    for (;;) {
      // Before the frames: what is renewed now covers what comes after this look.
      this.#changed = Promise.withResolvers();
      if (this.#options.signal?.aborted === true) return null;
      if (this.#bus.announcedSeq(CONSUMER) !== null) {
        // Where packets lie unread, the newest frame is among them.
        if (this.#pacing.isBehind()) await this.#pacing.catchUp();
        const frame = this.#bus.deliver(
          CONSUMER,
          (newest, dropsSinceLast) => new DecodedFrame(newest, dropsSinceLast, this.#tools),
        );
        if (frame !== null) return frame;
        continue;
      }
      if (this.#failure !== null) throw this.#failure.error;
      if (this.#hasEnded) return null;
      await this.#changed.promise;
    }
  }

  /** Ends the connection, and closes the libraries. Frames are to be released before. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#camera.stop();
    await this.#finished;
    this.#bus.stop();
    this.#tools.writer[Symbol.dispose]();
    this.#tools.encoder[Symbol.dispose]();
    this.#libav[Symbol.dispose]();
  }

  async #run(): Promise<void> {
    try {
      await this.#camera.run();
    } catch (error) {
      this.#fail(errorFromData(errorData(error)));
    }
    this.#hasEnded = true;
    this.#changed.resolve();
  }

  #onState({ state, error }: StateReport): void {
    if (error === null && state !== "stalled") return;
    const reason = error === null ? stalled(this.#source) : errorFromData(error);
    const { reconnect } = this.#options;
    if (reconnect === undefined) return this.#fail(reason);
    try {
      reconnect(reason);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Ends the stream; the loop gets the error once it has taken what waits. */
  #fail(error: unknown): void {
    this.#failure = { error };
    this.#camera.stop();
  }
}

function stalled({ stallTimeoutMs }: CameraSource): StreamError {
  return new StreamError({
    code: "STREAM_STALLED",
    message: `Cannot read on: no usable frame came for ${stallTimeoutMs} ms`,
    retryable: true,
    remedy: "Look at the camera and its network, or give it longer (stallTimeoutMs).",
  });
}
