import type { Cancel, Clock, SteadyMs } from "../core/clock.ts";
import type { FrameBus } from "../framebus/bus.ts";
import type { SocketInfo } from "../libav/socket_info.ts";
import type { DecodePolicy } from "../pacing/decode_policy.ts";
import { readDelayMs } from "../pacing/read_delay.ts";
import { RARE_KEYFRAME_FRAMES } from "../pacing/tolerances.ts";
import type { CameraPacing, ConnectionReader } from "./camera_pacing.ts";
import type { SharedFrame } from "./shared_frame.ts";
import type { FrameWish } from "./snapshots.ts";

/** Packets after which a connection's averages are reliable. */
const MIN_PACKETS = 32;
/** Weight of one packet in the running averages. */
const WEIGHT = 1 / 8;
/** Weight of one packet in the mean deviation: as in RFC 6298, twice that of the mean. */
const DEVIATION_WEIGHT = 1 / 4;

export interface ReadPacerParts {
  readonly bus: Pick<FrameBus<SharedFrame>, "isWanted" | "dueNextInMs">;
  readonly pacing: CameraPacing;
  readonly snapshots: Pick<FrameWish, "isWanted">;
  readonly policy: Pick<DecodePolicy, "resumesInMs" | "keyframes">;
  /** The connection's socket as the kernel sees it, or null where that is unknown. */
  readonly socket: Pick<SocketInfo, "unreadBytes"> | null;
  readonly clock: Clock;
  /** Aborted when the camera is to stop: reading is not delayed then. */
  readonly signal: AbortSignal;
}

/**
 * Decides when a connection is read. Delays reading a drained socket until the next wanted frame is due, so
 * that packets accumulate in it, and lets a consumer wait until nothing newer lies unread.
 */
export class ReadPacer implements ConnectionReader, Disposable {
  readonly #parts: ReadPacerParts;
  readonly #onWake = () => this.wake();
  #endDelay: (() => void) | null = null;
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
    parts.pacing.connect(this);
  }

  /** Whether packets have arrived that were not read yet; expected to, where the kernel does not say. */
  isBehind(): boolean {
    const { socket, pacing, clock } = this.#parts;
    const unreadBytes = socket?.unreadBytes() ?? null;
    if (unreadBytes !== null) return unreadBytes > 0;
    const { nextAtMs } = pacing.packets;
    return this.#endDelay !== null && nextAtMs !== null && clock.nowMs() >= nextAtMs;
  }

  wake(): void {
    this.#endDelay?.();
  }

  async catchUp(): Promise<void> {
    const { pacing, clock, socket } = this.#parts;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    // Packets in the socket are certain to be read; a packet that is only expected may not come.
    const cancel: Cancel | null = socket === null
      ? clock.after(pacing.packets.intervalMs ?? 0, resolve)
      : null;
    this.wake();
    await promise;
    cancel?.();
  }

  /** More has arrived than is read at once: consumers that wait get the newest frame so far. */
  fallBehind(): void {
    this.#resolveWaiting();
  }

  /** Everything that had arrived was read and decoded: delays the next read as long as possible. */
  async delay(): Promise<void> {
    this.#resolveWaiting();
    const delayMs = this.#delayMs();
    if (delayMs <= 0 || this.#parts.signal.aborted) return;
    const { clock } = this.#parts;
    const endAtMs = clock.nowMs() + delayMs;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = clock.after(delayMs, resolve);
    this.#endDelay = resolve;
    await promise;
    this.#endDelay = null;
    cancel();
    const lateMs = clock.nowMs() - endAtMs;
    // Negative for a delay that was ended early.
    if (lateMs >= 0) this.#updateLateness(lateMs);
  }

  /** Records a packet that was read. */
  packet(sizeBytes: number, isKey: boolean): void {
    // Keyframes are large and few, except in streams that consist of them, as MJPEG.
    const isRare = isKey && !this.#wasKey;
    this.#wasKey = isKey;
    this.#packets++;
    if (!isRare) this.#packetBytes += (sizeBytes - this.#packetBytes) * WEIGHT;
  }

  /** Records the time that decoding a packet took. */
  decoded(spentMs: number): void {
    const offMs = spentMs - this.#decodeMs;
    this.#decodeDeviationMs += (Math.abs(offMs) - this.#decodeDeviationMs) * DEVIATION_WEIGHT;
    this.#decodeMs += offMs * WEIGHT;
  }

  [Symbol.dispose](): void {
    const { pacing, signal } = this.#parts;
    signal.removeEventListener("abort", this.#onWake);
    pacing.disconnect();
    this.wake();
    this.#resolveWaiting();
  }

  #delayMs(): number {
    const { bus, pacing, snapshots, policy, clock } = this.#parts;
    const { intervalMs: frameMs, nextAtMs } = pacing.packets;
    if (frameMs === null || this.#packets < MIN_PACKETS) return 0;
    const nowMs = clock.nowMs();
    return readDelayMs({
      frameMs,
      nextInMs: (nextAtMs ?? nowMs) - nowMs,
      isWanted: bus.isWanted,
      isSnapshotWanted: snapshots.isWanted,
      dueInMs: bus.dueNextInMs(nowMs),
      keyInMs: policy.resumesInMs(nowMs),
      largeInMs: this.#largeInMs(nowMs, frameMs),
      packetBytes: this.#packetBytes,
      decodeMs: this.#decodeMs,
      decodeDeviationMs: this.#decodeDeviationMs,
      latenessMs: this.#latenessMs,
    });
  }

  /** Rises fast and falls slowly: ending a delay too early costs a wake-up, too late makes frames late. */
  #updateLateness(lateMs: number): void {
    const weight = lateMs > this.#latenessMs ? 1 / 2 : WEIGHT;
    this.#latenessMs += (lateMs - this.#latenessMs) * weight;
  }

  #largeInMs(nowMs: SteadyMs, frameMs: number): number {
    const { isSteady, intervalMs, nextAtMs } = this.#parts.policy.keyframes;
    const isRare = isSteady && nextAtMs !== null &&
      (intervalMs ?? 0) >= RARE_KEYFRAME_FRAMES * frameMs;
    return isRare && nextAtMs > nowMs ? nextAtMs - nowMs : Infinity;
  }

  /** Lets every consumer that waits for the newest frame take it. */
  #resolveWaiting(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
