/** Sends to one client: pictures when they are due, sender reports, and the ending. */
import { type Clock, plusMs, type WallMs } from "../../../../src/core/clock.ts";
import type { AccessUnit } from "../rtp_h264.ts";
import { streamAttack } from "./attack.ts";
import type { CameraClip } from "./clip.ts";
import type { CameraLog } from "./log.ts";
import { concat, type MediaPath, type Outgoing } from "./media_path.ts";
import type { Behaviour } from "./options.ts";
import type { Packetizer } from "./packetize.ts";
import { goodbye, interleaved, senderReport } from "./rtp.ts";
import { cameraClock, dueMs, reportStamp, stampOf, streamSeconds } from "./schedule.ts";
import type { Wire } from "./wire.ts";

/** The picture within which a camera freezes, so that some are complete. */
const FREEZE_IN_FRAME = 2;
/** Pictures before an attack. */
const FRAMES_BEFORE_ATTACK = 5;
/** A channel that was not set up. */
const STRAY_CHANNEL = 77;
/** Contains what looks like a packet on another channel, and a long one on the first. */
const JUNK = new TextEncoder().encode("\r\n$JUNK\x00\r\n$\x00\x7fjunk\r\n");

/** A track that was set up. */
export interface SentTrack {
  readonly index: number;
  readonly clip: CameraClip;
  readonly isDead: boolean;
  readonly path: MediaPath;
  readonly channel: number;
  readonly packetizer: Packetizer;
}

/** Dependencies of a sender. */
export interface SenderOptions {
  readonly connection: number;
  readonly tracks: readonly SentTrack[];
  readonly behaviour: Behaviour;
  readonly log: CameraLog;
  readonly wire: Wire;
  readonly clock: Clock;
  /** When the camera was started. */
  readonly cameraStartedMs: number;
  /** Whether the session continues; evaluated with each picture. */
  readonly isAlive: () => boolean;
  readonly onFreeze: () => void;
}

/** Sends until the connection or the behaviour ends it. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #firstFrame: number;
  #startedMs: number;
  #startedWallMs: WallMs;
  #index = 0;
  #nextReportSeconds = 0;
  #hasRestarted = false;

  constructor(options: SenderOptions) {
    const { clock, behaviour: { playback }, cameraStartedMs } = options;
    this.#options = options;
    this.#startedMs = clock.nowMs();
    this.#startedWallMs = clock.wallMs();
    const sinceMs = this.#startedMs - cameraStartedMs;
    const liveFrames = Math.floor(sinceMs * playback.fps * playback.speed / 1000);
    this.#firstFrame = playback.startFrame + (playback.isLive ? liveFrames : 0);
  }

  /** Sends `count` pictures at once, ahead of the schedule. */
  async sendAhead(frames: number): Promise<void> {
    for (let count = 0; count < frames; count++) await this.#next();
  }

  async run(): Promise<void> {
    const { clock, behaviour, wire, isAlive } = this.#options;
    for (;;) {
      const waitMs = this.#startedMs + dueMs(this.#index, behaviour.playback) - clock.nowMs();
      if (waitMs > 0) await clock.sleep(waitMs);
      if (wire.isClosed || !isAlive()) return;
      if (behaviour.attack !== null && this.#index >= FRAMES_BEFORE_ATTACK) {
        if (await this.#attack()) return;
      }
      if (await this.#ends()) return;
      await this.#next();
    }
  }

  /** Whether the stream has ended; sends its ending. */
  async #ends(): Promise<boolean> {
    const { behaviour: { ending, playback }, tracks, wire } = this.#options;
    const seconds = streamSeconds(this.#index, playback);
    const isReached = (at: number) => at > 0 && seconds >= at;
    if (isReached(ending.hangUpAfterSeconds)) wire.close();
    if (isReached(ending.byeAfterSeconds)) {
      for (const { path, packetizer } of tracks) {
        await path.send([{ kind: "rtcp", bytes: goodbye(packetizer.ssrc) }]);
      }
      return true;
    }
    return wire.isClosed || isReached(ending.silentAfterSeconds);
  }

  /** Sends the next picture of every track. */
  async #next(): Promise<void> {
    const { tracks, behaviour: { stamps, playback }, onFreeze } = this.#options;
    const index = this.#index++;
    this.#restart(streamSeconds(index, playback));
    await this.#noise(index);
    for (const track of tracks) {
      if (track.isDead) continue;
      const place = this.#firstFrame + index;
      const clipIndex = place % track.clip.pictures.length;
      const picture = track.clip.pictures[clipIndex];
      if (picture === undefined) throw new Error("the clip is empty");
      if (playback.isOnce && place >= track.clip.pictures.length) continue;
      const isFreezing = this.#options.behaviour.ending.freezeAt === "frame" &&
        index === FREEZE_IN_FRAME;
      const aheadFrames = (track.clip.shownAt?.[clipIndex] ?? clipIndex) - clipIndex;
      const timestamp = stampOf({ index, aheadFrames }, stamps, playback);
      await this.#picture({ track, picture, clipIndex, index, timestamp, isFreezing });
      if (isFreezing) return onFreeze();
    }
  }

  #restart(seconds: number): void {
    const { restartAtSeconds } = this.#options.behaviour.packets;
    if (this.#hasRestarted || restartAtSeconds <= 0 || seconds < restartAtSeconds) return;
    this.#hasRestarted = true;
    for (const { packetizer } of this.#options.tracks) packetizer.restart();
  }

  async #picture({ track, picture, clipIndex, index, timestamp, isFreezing }: {
    readonly track: SentTrack;
    readonly picture: AccessUnit;
    readonly clipIndex: number;
    readonly index: number;
    readonly timestamp: number;
    readonly isFreezing: boolean;
  }): Promise<void> {
    const { log, clock, connection, behaviour: { playback } } = this.#options;
    const report = this.#report(track, index);
    const { outgoing, packets, dropped } = track.packetizer.picture(picture, timestamp);
    const all = report === null ? outgoing : [report, ...outgoing];
    await track.path.send(isFreezing ? all.slice(0, Math.ceil(all.length / 2)) : all);
    if (isFreezing) return;
    log.droppedPackets += dropped;
    log.frames.push({
      connection,
      track: track.index,
      index,
      clipIndex,
      isKey: picture.isKey,
      rtpTimestamp: timestamp,
      dueWallMs: plusMs(this.#startedWallMs, dueMs(index, playback)),
      sentWallMs: clock.wallMs(),
      packets,
      dropped,
    });
    log.changed();
  }

  /** Junk and packets of channels that were not set up. */
  async #noise(index: number): Promise<void> {
    const { behaviour: { wire: faults }, tracks, wire } = this.#options;
    const [track] = tracks;
    if (track?.path.kind !== "tcp") return;
    const { junkEveryFrames, strayChannelEveryFrames } = faults;
    const parts: Uint8Array[] = [];
    if (junkEveryFrames > 0 && index % junkEveryFrames === junkEveryFrames - 1) parts.push(JUNK);
    if (strayChannelEveryFrames > 0 && index % strayChannelEveryFrames === 0) {
      parts.push(interleaved(STRAY_CHANNEL, new Uint8Array(40).fill(0x24)));
      parts.push(interleaved(track.channel, new Uint8Array(0)));
    }
    if (parts.length > 0) await wire.write(concat(parts));
  }

  #report({ packetizer, index: trackIndex }: SentTrack, index: number): Outgoing | null {
    const { behaviour: { reports, stamps, playback }, clock, tracks } = this.#options;
    const seconds = streamSeconds(index, playback);
    if (reports.everySeconds <= 0 || seconds < this.#nextReportSeconds) return null;
    // All tracks send their reports before the next picture is due.
    if (trackIndex === tracks.at(-1)?.index) {
      this.#nextReportSeconds = seconds + reports.everySeconds;
    }
    const bytes = senderReport({
      ssrc: packetizer.ssrc,
      wallMs: cameraClock(clock.wallMs(), seconds, reports),
      timestamp: reportStamp(this.#secondsNow(), stamps),
      packets: packetizer.packetCount,
      bytes: packetizer.byteCount,
    });
    return { kind: "rtcp", bytes };
  }

  /** The present position in seconds of the stream, also between two pictures. */
  #secondsNow(): number {
    const { clock, behaviour: { playback } } = this.#options;
    return (clock.nowMs() - this.#startedMs) / 1000 * playback.speed;
  }

  /** Attacks instead of playing. @returns whether this was an attack on the stream */
  async #attack(): Promise<boolean> {
    const { behaviour: { attack }, tracks, wire, log } = this.#options;
    const [track] = tracks;
    if (attack === null || track === undefined) return false;
    const bytes = streamAttack(attack, track.packetizer, track.channel);
    if (bytes === null) return false;
    while (!wire.isClosed) {
      const chunk = bytes();
      await wire.write(chunk);
      if (!wire.isClosed) log.attackBytes += chunk.length;
      log.changed();
    }
    return true;
  }
}
