/** Plays a scripted camera with Orion's client. */
import { type Clock, plusMs, systemClock } from "../../../src/core/clock.ts";
import { CameraHints } from "../../../src/rtsp/client/camera_hints.ts";
import { openRtsp } from "../../../src/rtsp/client/open.ts";
import type { RtspOptions } from "../../../src/rtsp/client/options.ts";
import { RtspError } from "../../../src/rtsp/errors.ts";
import { h264Fragments } from "./rtp/h26x.ts";
import { H264_PPS, h264Slice, h264Sps } from "./rtp/nals.ts";
import { packetBytes, picturePackets, type SentPacket } from "./rtp/packets.ts";
import { response, type Script, type ScriptedRequest } from "./scripted_camera.ts";

/** Pictures of {@link pictures}. */
export const PICTURES = 4;
/** The credentials of a URL. */
export const LOGIN = "viewer:secret@";
/** The time limit of a request. */
const STEP_MS = 10_000;

/** The packets of some pictures; a keyframe first. */
export function pictures(more: Partial<SentPacket> = {}): Uint8Array[] {
  let sequence = 0;
  return Array.from({ length: PICTURES }, (_, index) => {
    const slice = h264Slice({ isIdr: index === 0, bytes: 500 });
    const nals = index === 0 ? [h264Sps(), H264_PPS, slice] : [slice];
    return picturePackets(h264Fragments(nals, 200), index * 3600)
      .map((packet) => packetBytes({ ...packet, sequence: sequence++, ...more }));
  }).flat();
}

/** Packets with the channel that they are sent on. */
export function onChannel(
  channel: number,
  packets: readonly Uint8Array[],
): (readonly [number, Uint8Array])[] {
  return packets.map((bytes) => [channel, bytes] as const);
}

/** A clock that leaps at each look, since the selection among tracks waits for seconds. */
export function leapingClock(leapMs = 1000): Clock {
  let leaps = 0;
  return { ...systemClock, nowMs: () => plusMs(systemClock.nowMs(), leapMs * leaps++) };
}

const TCP = { transport: "tcp", udpPorts: null } as const;

/** A camera, and the credentials of its URL. */
export interface Case {
  readonly script: Script;
  readonly login?: string;
}

export interface Outcome {
  readonly units: number;
  readonly corrupt: number;
  readonly error: RtspError | null;
}

/** Plays until the camera ends the stream. */
export async function play(
  url: string,
  stepTimeoutMs = STEP_MS,
  hints = new CameraHints(),
  clock: Clock = leapingClock(),
  over: Pick<RtspOptions, "transport" | "udpPorts"> = TCP,
): Promise<Outcome> {
  const corrupt: boolean[] = [];
  const outcome = (error: RtspError | null) => ({
    units: corrupt.length,
    corrupt: corrupt.filter((each) => each).length,
    error,
  });
  try {
    const session = await openRtsp({
      ...over,
      url,
      track: null,
      tls: null,
      allowRedirect: [],
      maxUnitBytes: 1_000_000,
      stepTimeoutMs,
      userAgent: "test",
      clock,
      signal: new AbortController().signal,
      random: () => 0.5,
      randomToken: () => "token",
      hints,
      onTrackSelected: () => {},
      onUdpBound: () => {},
      onUnit: ({ isCorrupt }) => corrupt.push(isCorrupt),
      canAccept: () => true,
      onReport: () => {},
    });
    try {
      while (!(await session.read()).ended);
    } finally {
      await session.close(0);
    }
    return outcome(null);
  } catch (error) {
    if (error instanceof RtspError) return outcome(error);
    throw error;
  }
}

/** Challenges DESCRIBE, each time with a new nonce; with `refuses` also if it has credentials. */
export function challenge(refuses = false, more = ""): NonNullable<Script["answer"]> {
  let nonce = 0;
  return (request) => {
    const isRight = request.headers.has("authorization") && !refuses;
    if (request.method !== "DESCRIBE" || isRight) return undefined;
    const header = `Digest realm="r", nonce="n${nonce++}"${more}`;
    return response(request, 401, ["WWW-Authenticate", header]);
  };
}

/** Replaces the responses to one method. */
export function instead(
  method: string,
  reply: (request: ScriptedRequest, usual: string) => string | null,
): NonNullable<Script["answer"]> {
  return (request, usual) => request.method === method ? reply(request, usual) : undefined;
}

/** Refuses to set up the second track. */
export function refuseSecondTrack(status: number): NonNullable<Script["answer"]> {
  return instead(
    "SETUP",
    (request, usual) => request.uri.endsWith("track2") ? response(request, status) : usual,
  );
}
