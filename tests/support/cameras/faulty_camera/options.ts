/** What a faulty camera plays and what it gets wrong: one object, in groups, each switch off by default. */
import type { CameraClip } from "./clip.ts";

/** One media section of the session description, in the order it is announced. */
export type Track =
  | {
    readonly kind: "video";
    readonly clip: CameraClip;
    /** Is announced and set up, and never sends. */
    readonly isDead?: boolean;
  }
  | { readonly kind: "audio" }
  | { readonly kind: "metadata" };

/** How pictures are played. All of it may be changed while the camera runs. */
export interface Playback {
  fps: number;
  /** Sends so many times faster than the timestamps say. */
  speed: number;
  /** The picture of the clip that a client gets first; in the middle of a GOP, for example. */
  startFrame: number;
  /** A client joins the running stream where it is; else it gets the clip from {@link startFrame}. */
  isLive: boolean;
  /** Ends with the clip: then it sends nothing more. */
  isOnce: boolean;
}

/** What the answer to DESCRIBE says. */
export interface Description {
  /** Where the parameter sets are in the description: there, missing, or an empty attribute. */
  sprop: "present" | "absent" | "empty";
  /** The `Content-Base` header; a text is sent as it is. */
  contentBase: "right" | "absent" | "no-slash" | { readonly url: string };
  /** The control attribute of each track; a text stands in front of `track1`. */
  control: "relative" | "absolute" | "star" | "absent" | "query" | { readonly prefix: string };
  /** `a=framerate`, or null. */
  frameRate: string | null;
  /** Instead of the camera's own description. */
  text: string | null;
}

/** What it asks a password with. */
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
  /** Offers `qop="auth"`; else the digest is RFC 2069's. */
  qop: boolean;
  /** A nonce is good for so long; then `stale=true`. */
  staleAfterSeconds: number;
  /** Once a client has shown a digest, asks for Basic: the attack that a client must withstand. */
  downgrades: boolean;
}

/** What is wrong with RTP timestamps. */
export interface Stamps {
  /** The first one. */
  start: number;
  /** At that second of the stream the clock jumps, for good. */
  jumps: readonly { readonly atSeconds: number; readonly bySeconds: number }[];
  /** Each so-manieth picture alone is stamped away from its place. */
  outlier: { readonly everyFrames: number; readonly bySeconds: number } | null;
  isConstant: boolean;
  /** 1.05: the clock runs 5 % fast. */
  clockRateFactor: number;
}

/** What RTCP tells. */
export interface Reports {
  /** A sender report each so many seconds of the stream; 0: none. */
  everySeconds: number;
  /** How far the camera's clock is from the true one. */
  offsetSeconds: number;
  /** At that second of the stream its clock is put to another offset. */
  corrections: readonly { readonly atSeconds: number; readonly offsetSeconds: number }[];
}

/** How pictures become packets. */
export interface Packets {
  payloadBytes: number;
  startSequence: number;
  marker: "right" | "never" | "every-packet" | "every-slice";
  /** Sends parameter sets before keyframes, as the clip has them. */
  hasInBandSets: boolean;
  /** Sends them together in one packet. */
  aggregatesSets: boolean;
  /** In the header: an extension of so many 32-bit words, bytes of padding, contributing sources. */
  extensionWords: number;
  paddingBytes: number;
  csrcCount: number;
  /** Numbers, and does not send, each so-manieth packet; 0: sends all. Over TCP too. */
  dropEvery: number;
  /** UDP: each so-manieth packet comes after the next one. */
  reorderEvery: number;
  /** UDP: each so-manieth packet comes twice. */
  duplicateEvery: number;
  /** Before each so-manieth packet comes one of another source of the stream (SSRC). */
  strangeSsrcEvery: number;
  /** UDP: before each so-manieth packet comes a forged one from another port. */
  strangePortEvery: number;
  /** Before each so-manieth packet comes one without a payload. */
  emptyEvery: number;
  /** The payload type is so much more than the announced one. */
  payloadTypeOffset: number;
  /** At that second of the stream the encoder begins anew: another source, and other numbers; 0: never. */
  restartAtSeconds: number;
}

/** Answers a method with an error, a number of times. */
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
  /** What keeps a session alive; the other method is answered 405 once it plays. */
  keepalive: "any" | "OPTIONS" | "GET_PARAMETER";
  /** The `Public` header as it is sent instead of the true one; "" for none. */
  public: string | null;
  refusals: readonly Refusal[];
  /** Answers DESCRIBE with this status and `Location`. */
  redirect: { readonly status: 301 | 302 | 305; readonly location: string } | null;
  /** Answers 404 unless the path with its query is exactly this. */
  wantPath: string | null;
  /** Answers 461 to others. */
  transports: "any" | "tcp" | "udp";
  /** The channel that it gives whatever was asked for; null: as asked. */
  ownChannel: number | null;
  /** UDP: the answer to SETUP says from which ports packets will come. */
  announcesServerPorts: boolean;
  /** What `ssrc=` in the answer to SETUP says. */
  ssrc: "absent" | "right" | "wrong";
  rtpInfo: "absent" | "right" | "wrong";
  /** Sends these requests to the client, one after another, and logs what it answers. */
  asks: readonly string[];
  asksEverySeconds: number;
}

/** Where it stops answering without closing anything. */
export type Stage = "accept" | "OPTIONS" | "DESCRIBE" | "SETUP" | "PLAY" | "frame";

/** How it ends; in seconds of a client's stream, 0: never. */
export interface Ending {
  /** Freezes for good once that stage was reached; `frame`: in the middle of the third picture. */
  freezeAt: Stage | null;
  /** Sends RTCP BYE, and nothing after it. */
  byeAfterSeconds: number;
  /** Closes the connection. */
  hangUpAfterSeconds: number;
  /** Sends no more pictures, and goes on answering. */
  silentAfterSeconds: number;
}

/** What it does to the bytes of the connection. */
export interface Wire {
  lineEnd: "\r\n" | "\n";
  cseqName: string;
  /** Writes so few bytes at a time; 0: all at once. */
  splitBytes: number;
  /** Writes an answer one byte at a time, with a pause after each; 0: at once. */
  trickleMs: number;
  /** Before each so-manieth picture come bytes that belong to nothing. */
  junkEveryFrames: number;
  /** Before each so-manieth picture comes a packet on a channel that was not set up, and an empty one. */
  strayChannelEveryFrames: number;
  /** Pictures that are sent between the request to PLAY and its answer. */
  framesBeforePlayAnswer: number;
}

/** What never ends, or claims not to; sent instead of the answer to DESCRIBE, or of pictures. */
export type Attack =
  | "endless-status-line"
  | "endless-header"
  | "endless-body"
  | "huge-content-length"
  | "negative-content-length"
  | "garbage-frames"
  | "endless-fragments"
  | "endless-junk";

/** The switches. */
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

/** What a test names: the clip or the tracks, and the switches that are not off. */
export type FaultyCameraOptions =
  & {
    readonly [Group in Exclude<keyof Behaviour, "attack">]?: Partial<Behaviour[Group]>;
  }
  & {
    /** The one track; or name {@link tracks}. */
    readonly clip?: CameraClip;
    readonly tracks?: readonly Track[];
    readonly attack?: Attack;
    /** Default: a free one. */
    readonly port?: number;
    /** Default `/cam`. May have a query. */
    readonly path?: string;
    /** Speaks RTSP over TLS with this certificate (PEM). */
    readonly tls?: { readonly cert: string; readonly key: string };
  };

/** The behaviour of a camera that does everything right, with the named switches. */
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

/** The tracks in the order they are announced. */
export function tracksOf(options: FaultyCameraOptions): readonly Track[] {
  if (options.tracks !== undefined) return options.tracks;
  if (options.clip === undefined) throw new Error("name a clip or tracks");
  return [{ kind: "video", clip: options.clip }];
}
