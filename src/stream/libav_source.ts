import type { CameraSource } from "../core/camera_types.ts";
import { type Clock, wallMs } from "../core/clock.ts";
import { isDisposable } from "../libav/disposable.ts";
import { Input, type VideoStream } from "../libav/input.ts";
import type { Interrupt } from "../libav/interrupt.ts";
import type { Libav } from "../libav/library.ts";
import { fileOptions, rtspOptions } from "../libav/options.ts";
import { Packet } from "../libav/packet.ts";
import type { CaptureTime } from "./capture_time.ts";
import type { PacketSource, SourcePacket } from "./packet_source.ts";
import { Pace, Timeline } from "./timeline.ts";

/** Packets without data that are kept for the next reads. */
const MAX_FREE = 32;

export interface LibavSourceParts {
  readonly libav: Libav;
  readonly source: CameraSource;
  readonly captureTime: CaptureTime;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Ends a blocking call of libav's. */
  readonly interrupt: Interrupt;
}

/** Packets from a demuxer of libav: of a file at its own pace, or of a camera (`demuxer: libav`). */
export class LibavSource implements PacketSource {
  readonly #parts: LibavSourceParts;
  readonly #input: Input;
  readonly #free: Packet[] = [];
  #packet: Packet;
  readonly #timeline: Timeline;
  readonly #pace: Pace | null;
  #hasPacket = false;
  #positionSeconds = 0;
  #startMs: number | null = null;

  private constructor(parts: LibavSourceParts, input: Input) {
    this.#parts = parts;
    this.#input = input;
    this.#packet = new Packet(parts.libav);
    this.#timeline = new Timeline(input.video.timeBase);
    this.#pace = parts.source.file === null ? null : new Pace(parts.clock);
  }

  /** @throws {LibavError} when it cannot be opened */
  static async open(parts: LibavSourceParts): Promise<LibavSource> {
    const { libav, source, interrupt } = parts;
    const isFile = source.file !== null;
    const input = await Input.open(libav, {
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
    if (this.#pace !== null) {
      const waitMs = this.#pace.waitMs(this.#positionSeconds);
      // Also a wait of nothing gives the event loop its turn: a fast file must not shut the mailboxes out.
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
    // Nothing is planned: libav reads as it likes.
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
    this.#pace?.rewind();
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
