import type { Cancel, Clock, SteadyMs } from "../core/clock.ts";
import type { BusReader, FrameBus } from "../framebus/bus.ts";
import type { SocketInfo } from "../libav/socket_info.ts";
import type { DecodePolicy } from "../pacing/decode_policy.ts";
import type { Snapshots } from "./snapshots.ts";
import { restMs } from "../pacing/rest.ts";
import type { SharedFrame } from "./shared_frame.ts";

/** Packets that show a connection's cadence. */
const MIN_PACKETS = 32;
/** Weight of one packet in the running averages. */
const WEIGHT = 1 / 8;
/** Weight of one packet in the mean deviation: as in RFC 6298, twice that of the mean. */
const DEVIATION_WEIGHT = 1 / 4;
/** Keyframes that come more often than this are what a stream consists of. */
const RARE_FRAMES = 4;

export interface ReadPacerParts {
  readonly bus: Pick<FrameBus<SharedFrame>, "cadence" | "wanted" | "dueNextInMs" | "reader">;
  readonly snapshots: Pick<Snapshots, "wanted" | "onAsked">;
  readonly gate: Pick<DecodePolicy, "resumesInMs" | "keyframes">;
  /** The connection as the kernel knows it, or null. */
  readonly socket: Pick<SocketInfo, "unreadBytes"> | null;
  readonly clock: Clock;
  /** Aborted when the camera is to stop: nothing rests then. */
  readonly signal: AbortSignal;
}

/**
 * When a connection is read: leaves a drained socket alone until the next wanted frame is due, and sees
 * to it that a frame is handed out only when nothing newer lies unread.
 */
export class ReadPacer implements BusReader, Disposable {
  readonly #parts: ReadPacerParts;
  readonly #onWake = () => this.wake();
  #endRest: (() => void) | null = null;
  #waiting: (() => void)[] = [];
  #packets = 0;
  #packetBytes = 0;
  #decodeMs = 0;
  #decodeDeviationMs = 0;
  #latenessMs = 0;
  #wasKey = false;

  constructor(parts: ReadPacerParts) {
    this.#parts = parts;
    parts.signal.addEventListener("abort", this.#onWake);
    parts.bus.reader = this;
    parts.snapshots.onAsked = this.#onWake;
  }

  /** Whether frames have arrived that were not read yet; where the kernel does not say, are expected to. */
  isBehind(): boolean {
    const { socket, bus, clock } = this.#parts;
    const unreadBytes = socket?.unreadBytes() ?? null;
    if (unreadBytes !== null) return unreadBytes > 0;
    const { nextAtMs } = bus.cadence;
    return this.#endRest !== null && nextAtMs !== null && clock.nowMs() >= nextAtMs;
  }

  wake(): void {
    this.#endRest?.();
  }

  async catchUp(): Promise<void> {
    const { bus, clock, socket } = this.#parts;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    // What the kernel has is read for certain; what is only expected may not come.
    const cancel: Cancel | null = socket === null
      ? clock.after(bus.cadence.intervalMs ?? 0, resolve)
      : null;
    this.wake();
    await promise;
    cancel?.();
  }

  /** More has arrived than is read at once: who waits for the newest frame gets the newest there is. */
  fallBehind(): void {
    this.#caughtUp();
  }

  /** Everything that had arrived was read and decoded: waits as long as nothing need be read. */
  async rest(): Promise<void> {
    this.#caughtUp();
    const waitMs = this.#restMs();
    if (waitMs <= 0 || this.#parts.signal.aborted) return;
    const { clock } = this.#parts;
    const endAtMs = clock.nowMs() + waitMs;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = clock.after(waitMs, resolve);
    this.#endRest = resolve;
    await promise;
    this.#endRest = null;
    cancel();
    const lateMs = clock.nowMs() - endAtMs;
    // One that was ended early says nothing.
    if (lateMs >= 0) this.#noteLateness(lateMs);
  }

  /** A packet was read. */
  packet(sizeBytes: number, isKey: boolean): void {
    // Keyframes are large and few, unless there is nothing else, as in MJPEG.
    const isRare = isKey && !this.#wasKey;
    this.#wasKey = isKey;
    this.#packets++;
    if (!isRare) this.#packetBytes += (sizeBytes - this.#packetBytes) * WEIGHT;
  }

  /** A packet was decoded in this time. */
  decoded(spentMs: number): void {
    const offMs = spentMs - this.#decodeMs;
    this.#decodeDeviationMs += (Math.abs(offMs) - this.#decodeDeviationMs) * DEVIATION_WEIGHT;
    this.#decodeMs += offMs * WEIGHT;
  }

  [Symbol.dispose](): void {
    const { bus, snapshots, signal } = this.#parts;
    signal.removeEventListener("abort", this.#onWake);
    snapshots.onAsked = null;
    bus.reader = null;
    this.wake();
    this.#caughtUp();
  }

  #restMs(): number {
    const { bus, snapshots, gate, clock } = this.#parts;
    const { intervalMs: frameMs, nextAtMs } = bus.cadence;
    if (frameMs === null || this.#packets < MIN_PACKETS) return 0;
    const nowMs = clock.nowMs();
    return restMs({
      frameMs,
      nextInMs: (nextAtMs ?? nowMs) - nowMs,
      wanted: bus.wanted,
      pictureWanted: snapshots.wanted,
      dueInMs: bus.dueNextInMs(nowMs),
      keyInMs: gate.resumesInMs(nowMs),
      largeInMs: this.#largeInMs(nowMs, frameMs),
      packetBytes: this.#packetBytes,
      decodeMs: this.#decodeMs,
      decodeDeviationMs: this.#decodeDeviationMs,
      latenessMs: this.#latenessMs,
    });
  }

  /** Rises at once and falls slowly: a rest that ends too early costs a wake, one too late a delay. */
  #noteLateness(lateMs: number): void {
    const weight = lateMs > this.#latenessMs ? 1 / 2 : WEIGHT;
    this.#latenessMs += (lateMs - this.#latenessMs) * weight;
  }

  #largeInMs(nowMs: SteadyMs, frameMs: number): number {
    const { isSteady, intervalMs, nextAtMs } = this.#parts.gate.keyframes;
    const isRare = isSteady && nextAtMs !== null && (intervalMs ?? 0) >= RARE_FRAMES * frameMs;
    return isRare && nextAtMs > nowMs ? nextAtMs - nowMs : Infinity;
  }

  #caughtUp(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
