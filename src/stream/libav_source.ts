import type { CameraSource } from "../core/camera_types.ts";
import { type Clock, wallMs } from "../core/clock.ts";
import { isDisposable } from "../libav/disposable.ts";
import type { Input } from "../libav/input.ts";
import { openInput } from "../libav/open_input.ts";
import type { VideoStream } from "../libav/video_stream.ts";
import type { Interrupt } from "../libav/interrupt.ts";
import type { Libav } from "../libav/library.ts";
import { fileOptions, rtspOptions } from "../libav/options.ts";
import { Packet } from "../libav/packet.ts";
import type { CaptureTime } from "./capture_time.ts";
import type { PacketSource, SourcePacket } from "./packet_source.ts";
import { FilePacer, Timeline } from "./timeline.ts";

/** Empty packets kept for reuse. */
const MAX_FREE = 32;

export interface LibavSourceParts {
  readonly libav: Libav;
  readonly source: CameraSource;
  readonly captureTime: CaptureTime;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Aborts a blocking call of libav. */
  readonly interrupt: Interrupt;
}

/** Reads packets through libav's demuxers: of a file in real time, or of a camera (`demuxer: libav`). */
export class LibavSource implements PacketSource {
  readonly #parts: LibavSourceParts;
  readonly #input: Input;
  readonly #free: Packet[] = [];
  #packet: Packet;
  readonly #timeline: Timeline;
  readonly #pacer: FilePacer | null;
  #hasPacket = false;
  #positionSeconds = 0;
  #startMs: number | null = null;

  private constructor(parts: LibavSourceParts, input: Input) {
    this.#parts = parts;
    this.#input = input;
    this.#packet = new Packet(parts.libav);
    this.#timeline = new Timeline(input.video.timeBase);
    this.#pacer = parts.source.file === null ? null : new FilePacer(parts.clock);
  }

  /** @throws {LibavError} when the source cannot be opened */
  static async open(parts: LibavSourceParts): Promise<LibavSource> {
    const { libav, source, interrupt } = parts;
    const isFile = source.file !== null;
    const input = await openInput(libav, {
      url: source.url,
      options: isFile ? fileOptions() : rtspOptions(libav, {
        transport: source.transport === "udp" ? "udp" : "tcp",
        timeoutMs: source.stallTimeoutMs,
      }),
      interrupt,
      findStreamInfo: isFile,
    });
    return new LibavSource(parts, input);
  }

  get video(): VideoStream {
    return this.#input.video;
  }

  get hasMore(): boolean {
    return this.#hasPacket;
  }

  async read(): Promise<"read" | "end"> {
    do {
      if (await this.#input.read(this.#packet) === "end") return "end";
    } while (this.#packet.streamIndex !== this.#input.video.index);
    this.#hasPacket = true;
    this.#positionSeconds = this.#timeline.positionSeconds(this.#packet.pts);
    if (this.#pacer !== null) {
      const waitMs = this.#pacer.waitMs(this.#positionSeconds);
      // Sleeping 0 ms also yields to the event loop, so that a fast file does not starve the mailboxes.
      await this.#parts.clock.sleep(waitMs, this.#parts.signal);
    }
    return "read";
  }

  take(): SourcePacket | null {
    if (!this.#hasPacket) return null;
    this.#hasPacket = false;
    const packet = this.#packet;
    const { pts, isKey, isCorrupt } = packet;
    return {
      packet,
      pts,
      isKey,
      isRecoveryPoint: false,
      isCorrupt,
      isDisposable: () => isDisposable(this.#input.video.codecName, packet.head()),
      positionSeconds: this.#positionSeconds,
      arrivedAtMs: this.#parts.clock.nowMs(),
      ...this.#capturedAt(pts),
    };
  }

  decoded(): void {
    // libav reads on its own schedule.
  }

  keep(): void {
    this.#packet = this.#free.pop() ?? new Packet(this.#parts.libav);
  }

  recycle(packet: Packet): void {
    packet.unref();
    if (this.#free.length < MAX_FREE) this.#free.push(packet);
    else packet[Symbol.dispose]();
  }

  secondsOf(pts: bigint | null): number {
    return this.#timeline.peekSeconds(pts);
  }

  rewind(): void {
    this.#input.seekToStart();
    this.#timeline.rewind();
    this.#pacer?.rewind();
  }

  close(): Promise<void> {
    for (const packet of this.#free.splice(0)) packet[Symbol.dispose]();
    this.#packet[Symbol.dispose]();
    this.#input[Symbol.dispose]();
    return Promise.resolve();
  }

  #capturedAt(pts: bigint | null): Pick<SourcePacket, "capturedAtMs" | "clock"> {
    const { source, captureTime, clock } = this.#parts;
    const nowMs = clock.wallMs();
    if (source.file !== null) return { capturedAtMs: nowMs, clock: "file" };
    const startMs = this.#startMs ??= this.#input.startRealtimeMs();
    if (startMs === null || pts === null) return captureTime.of(nowMs, null);
    const { num, den } = this.#input.video.timeBase;
    return captureTime.of(nowMs, wallMs(startMs + Number(pts) * 1000 * num / den));
  }
}
