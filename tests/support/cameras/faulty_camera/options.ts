/** What a faulty camera plays, and its faults: one object, in groups, each fault off by default. */
import type { CameraClip } from "./clip.ts";

/** One media section of the session description. */
export type Track =
  | {
    readonly kind: "video";
    readonly clip: CameraClip;
    /** Announced and set up, but never sent. */
    readonly isDead?: boolean;
  }
  | { readonly kind: "audio" }
  | { readonly kind: "metadata" };

/** How pictures are played. May be changed while the camera runs. */
export interface Playback {
  fps: number;
  /** Sends faster than the timestamps by this factor. */
  speed: number;
  /** The picture of the clip that a client gets first, for example within a GOP. */
  startFrame: number;
  /** A client joins the running stream; else it gets the clip from {@link startFrame}. */
  isLive: boolean;
  /** Stops sending at the end of the clip. */
  isOnce: boolean;
}

/** The response to DESCRIBE. */
export interface Description {
  /** The parameter sets in the description: present, absent, or an empty attribute. */
  sprop: "present" | "absent" | "empty";
  /** The `Content-Base` header; a string is sent unchanged. */
  contentBase: "right" | "absent" | "no-slash" | { readonly url: string };
  /** The control attribute of each track; a string is prepended to `track1`. */
  control: "relative" | "absolute" | "star" | "absent" | "query" | { readonly prefix: string };
  /** `a=framerate`, or null. */
  frameRate: string | null;
  /** Replaces the camera's own description. */
  text: string | null;
}

/** Authentication. */
export type AuthScheme =
  | "none"
  | "basic"
  | "digest-md5"
  | "digest-sha256"
  | "digest-md5-sha256"
  | "basic-digest"
  | "auth-int"
  | "unknown-algorithm"
  | "unknown-scheme";

export interface Auth {
  scheme: AuthScheme;
  user: string;
  password: string;
  realm: string;
  /** Offers `qop="auth"`; else the digest of RFC 2069. */
  qop: boolean;
  /** The lifetime of a nonce; then `stale=true`. */
  staleAfterSeconds: number;
  /** After a client's Digest response, challenges with Basic: a downgrade attack. */
  downgrades: boolean;
}

/** Faults of RTP timestamps. */
export interface Stamps {
  /** The first timestamp. */
  start: number;
  /** Permanent jumps of the clock at a second of the stream. */
  jumps: readonly { readonly atSeconds: number; readonly bySeconds: number }[];
  /** Every n-th picture alone has a wrong timestamp. */
  outlier: { readonly everyFrames: number; readonly bySeconds: number } | null;
  isConstant: boolean;
  /** 1.05: the clock runs 5 % fast. */
  clockRateFactor: number;
}

/** RTCP. */
export interface Reports {
  /** Interval of sender reports in seconds of the stream; 0: none. */
  everySeconds: number;
  /** The error of the camera's wall clock. */
  offsetSeconds: number;
  /** At that second of the stream its wall clock is set to another offset. */
  corrections: readonly { readonly atSeconds: number; readonly offsetSeconds: number }[];
}

/** Packetization. */
export interface Packets {
  payloadBytes: number;
  startSequence: number;
  marker: "right" | "never" | "every-packet" | "every-slice";
  /** Sends parameter sets before keyframes, as in the clip. */
  hasInBandSets: boolean;
  /** Sends parameter sets in one aggregation packet. */
  aggregatesSets: boolean;
  /** Header extension in 32-bit words, bytes of padding, number of CSRCs. */
  extensionWords: number;
  paddingBytes: number;
  csrcCount: number;
  /** Drops every n-th packet after numbering it, also over TCP; 0: none. */
  dropEvery: number;
  /** UDP: swaps every n-th packet with the next one. */
  reorderEvery: number;
  /** UDP: duplicates every n-th packet. */
  duplicateEvery: number;
  /** Sends a packet with another SSRC before every n-th packet. */
  strangeSsrcEvery: number;
  /** UDP: sends a forged packet from another port before every n-th packet. */
  strangePortEvery: number;
  /** Sends a packet without a payload before every n-th packet. */
  emptyEvery: number;
  /** Added to the announced payload type. */
  payloadTypeOffset: number;
  /** At that second of the stream the encoder restarts: another SSRC and sequence number; 0: never. */
  restartAtSeconds: number;
}

/** Answers a method with an error status, a number of times. */
export interface Refusal {
  readonly method: string;
  readonly status: number;
  readonly reason?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: always. */
  readonly times?: number;
}

/** The control connection. */
export interface Control {
  sessionId: string;
  timeoutSeconds: number;
  /** Closes the connection of a client that did not keep its session alive in time. */
  enforcesTimeout: boolean;
  /** The method that keeps a session alive; the other one is answered 405 once it plays. */
  keepalive: "any" | "OPTIONS" | "GET_PARAMETER";
  /** Replaces the `Public` header; "": none. */
  public: string | null;
  refusals: readonly Refusal[];
  /** Answers DESCRIBE with this status and `Location`. */
  redirect: { readonly status: 301 | 302 | 305; readonly location: string } | null;
  /** Answers 404 to any other path with query. */
  wantPath: string | null;
  /** Answers 461 to other transports. */
  transports: "any" | "tcp" | "udp";
  /** The channel that it chooses whatever was requested; null: as requested. */
  ownChannel: number | null;
  /** UDP: the response to SETUP has `server_port`. */
  announcesServerPorts: boolean;
  /** `ssrc=` in the response to SETUP. */
  ssrc: "absent" | "right" | "wrong";
  rtpInfo: "absent" | "right" | "wrong";
  /** Sends these requests to the client, one at a time, and logs its responses. */
  asks: readonly string[];
  asksEverySeconds: number;
}

/** Where it stops answering without closing anything. */
export type Stage = "accept" | "OPTIONS" | "DESCRIBE" | "SETUP" | "PLAY" | "frame";

/** How the stream ends; in seconds of a client's stream, 0: never. */
export interface Ending {
  /** Freezes permanently at that stage; `frame`: within the third picture. */
  freezeAt: Stage | null;
  /** Sends an RTCP BYE, and nothing after it. */
  byeAfterSeconds: number;
  /** Closes the connection. */
  hangUpAfterSeconds: number;
  /** Stops sending pictures, and still answers. */
  silentAfterSeconds: number;
}

/** Faults of the connection's bytes. */
export interface Wire {
  lineEnd: "\r\n" | "\n";
  cseqName: string;
  /** Bytes per write; 0: all at once. */
  splitBytes: number;
  /** Writes a response one byte at a time, with this pause after each; 0: at once. */
  trickleMs: number;
  /** Sends junk before every n-th picture. */
  junkEveryFrames: number;
  /** Sends a packet on a channel that was not set up, and an empty one, before every n-th picture. */
  strayChannelEveryFrames: number;
  /** Pictures sent between the PLAY request and its response. */
  framesBeforePlayAnswer: number;
}

/** Endless data, sent instead of the response to DESCRIBE, or of pictures. */
export type Attack =
  | "endless-status-line"
  | "endless-header"
  | "endless-body"
  | "huge-content-length"
  | "negative-content-length"
  | "garbage-frames"
  | "endless-fragments"
  | "endless-junk";

/** All faults. */
export interface Behaviour {
  readonly playback: Playback;
  readonly description: Description;
  readonly auth: Auth;
  readonly stamps: Stamps;
  readonly reports: Reports;
  readonly packets: Packets;
  readonly control: Control;
  readonly ending: Ending;
  readonly wire: Wire;
  attack: Attack | null;
}

/** The clip or the tracks, and the enabled faults. */
export type FaultyCameraOptions =
  & {
    readonly [Group in Exclude<keyof Behaviour, "attack">]?: Partial<Behaviour[Group]>;
  }
  & {
    /** The only track; alternatively {@link tracks}. */
    readonly clip?: CameraClip;
    readonly tracks?: readonly Track[];
    readonly attack?: Attack;
    /** Default: a free port. */
    readonly port?: number;
    /** Default `/cam`. May have a query. */
    readonly path?: string;
    /** Speaks RTSP over TLS with this certificate (PEM). */
    readonly tls?: { readonly cert: string; readonly key: string };
  };

/** The behaviour of a correct camera, with the given faults. */
export function behaviourOf(options: FaultyCameraOptions): Behaviour {
  return {
    playback: {
      ...{ fps: 25, speed: 1, startFrame: 0, isLive: false, isOnce: false },
      ...options.playback,
    },
    description: {
      ...{ sprop: "present", contentBase: "right", control: "relative" },
      ...{ frameRate: null, text: null },
      ...options.description,
    },
    auth: {
      ...{ scheme: "none", user: "viewer", password: "secret", realm: "camera" },
      ...{ qop: false, staleAfterSeconds: 0, downgrades: false },
      ...options.auth,
    },
    stamps: {
      ...{ start: 12_345, jumps: [], outlier: null, isConstant: false, clockRateFactor: 1 },
      ...options.stamps,
    },
    reports: { ...{ everySeconds: 0, offsetSeconds: 0, corrections: [] }, ...options.reports },
    packets: {
      ...{ payloadBytes: 1200, startSequence: 65_500, marker: "right", hasInBandSets: true },
      ...{ aggregatesSets: false, extensionWords: 0, paddingBytes: 0, csrcCount: 0, dropEvery: 0 },
      ...{ reorderEvery: 0, duplicateEvery: 0, strangeSsrcEvery: 0, strangePortEvery: 0 },
      ...{ emptyEvery: 0, payloadTypeOffset: 0, restartAtSeconds: 0 },
      ...options.packets,
    },
    control: { ...CONTROL, ...options.control },
    ending: {
      ...{ freezeAt: null, byeAfterSeconds: 0, hangUpAfterSeconds: 0, silentAfterSeconds: 0 },
      ...options.ending,
    },
    wire: {
      ...{ lineEnd: "\r\n", cseqName: "CSeq", splitBytes: 0, trickleMs: 0, junkEveryFrames: 0 },
      ...{ strayChannelEveryFrames: 0, framesBeforePlayAnswer: 0 },
      ...options.wire,
    },
    attack: options.attack ?? null,
  };
}

const CONTROL: Control = {
  sessionId: "1A2B3C4D",
  timeoutSeconds: 60,
  enforcesTimeout: false,
  keepalive: "any",
  public: null,
  refusals: [],
  redirect: null,
  wantPath: null,
  transports: "any",
  ownChannel: null,
  announcesServerPorts: true,
  ssrc: "absent",
  rtpInfo: "right",
  asks: [],
  asksEverySeconds: 1,
};

/** The tracks in the order of the description. */
export function tracksOf(options: FaultyCameraOptions): readonly Track[] {
  if (options.tracks !== undefined) return options.tracks;
  if (options.clip === undefined) throw new Error("name a clip or tracks");
  return [{ kind: "video", clip: options.clip }];
}
