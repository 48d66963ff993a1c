/** Opens and plays cameras whose responses are unusual, and reports the cause where that is not possible. */
import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import { plusMs, systemClock } from "../../../../src/core/clock.ts";
import { CameraHints } from "../../../../src/rtsp/client/camera_hints.ts";
import { openRtsp } from "../../../../src/rtsp/client/open.ts";
import { RtspError } from "../../../../src/rtsp/errors.ts";
import { h264Fragments } from "../../../support/cameras/rtp/h26x.ts";
import { H264_PPS, h264Slice, h264Sps } from "../../../support/cameras/rtp/nals.ts";
import {
  packetBytes,
  picturePackets,
  type SentPacket,
} from "../../../support/cameras/rtp/packets.ts";
import {
  h264Description,
  response,
  type Script,
  ScriptedCamera,
  type ScriptedRequest,
} from "../../../support/cameras/scripted_camera.ts";

const PICTURES = 4;
const LOGIN = "viewer:secret@";
const STEP_MS = 10_000;
/** The time limit of requests to a camera that does not answer. */
const SHORT_MS = 50;

/** The packets of some pictures; a keyframe first. */
function pictures(more: Partial<SentPacket> = {}): Uint8Array[] {
  let sequence = 0;
  return Array.from({ length: PICTURES }, (_, index) => {
    const slice = h264Slice({ isIdr: index === 0, bytes: 500 });
    const nals = index === 0 ? [h264Sps(), H264_PPS, slice] : [slice];
    return picturePackets(h264Fragments(nals, 200), index * 3600)
      .map((packet) => packetBytes({ ...packet, sequence: sequence++, ...more }));
  }).flat();
}

function on(channel: number, packets: readonly Uint8Array[]): (readonly [number, Uint8Array])[] {
  return packets.map((bytes) => [channel, bytes] as const);
}

/** A clock that leaps, since the selection among tracks waits for seconds. */
let leaps = 0;
const leapingClock = { ...systemClock, nowMs: () => plusMs(systemClock.nowMs(), 1000 * leaps++) };

/** A camera, and how it is opened. */
interface Case {
  readonly script: Script;
  readonly login?: string;
  readonly stepTimeoutMs?: number;
}

interface Outcome {
  readonly units: number;
  readonly corrupt: number;
  readonly error: RtspError | null;
}

/** Plays until the camera ends the stream. */
async function play(url: string, stepTimeoutMs = STEP_MS): Promise<Outcome> {
  const corrupt: boolean[] = [];
  const outcome = (error: RtspError | null) => ({
    units: corrupt.length,
    corrupt: corrupt.filter((each) => each).length,
    error,
  });
  try {
    const session = await openRtsp({
      url,
      transport: "tcp",
      track: null,
      tls: null,
      allowRedirect: [],
      udpPorts: null,
      maxUnitBytes: 1_000_000,
      stepTimeoutMs,
      userAgent: "test",
      clock: leapingClock,
      signal: new AbortController().signal,
      random: () => 0.5,
      randomToken: () => "token",
      hints: new CameraHints(),
      onTrackSelected: () => {},
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
function challenge(refuses = false, more = ""): NonNullable<Script["answer"]> {
  let nonce = 0;
  return (request) => {
    const isRight = request.headers.has("authorization") && !refuses;
    if (request.method !== "DESCRIBE" || isRight) return undefined;
    const header = `Digest realm="r", nonce="n${nonce++}"${more}`;
    return response(request, 401, ["WWW-Authenticate", header]);
  };
}

/** Whether a request is refused by {@link challenge}. */
function isChallenged({ method, headers }: ScriptedRequest): boolean {
  return method === "DESCRIBE" && !headers.has("authorization");
}

/** Replaces the responses to one method. */
function instead(
  method: string,
  reply: (request: ScriptedRequest, usual: string) => string | null,
): NonNullable<Script["answer"]> {
  return (request, usual) => request.method === method ? reply(request, usual) : undefined;
}

function transport(header: string): NonNullable<Script["answer"]> {
  return instead(
    "SETUP",
    (request) => response(request, 200, ["Session", "1"], ["Transport", header]),
  );
}

const packets = on(0, pictures());
const TWO_TRACKS = h264Description(2);
/** The packets of two sources, one picture after the other. */
const twoTracks = (first: number, second: number) =>
  packets.flatMap(([, bytes], index) => {
    const other = pictures({ ssrc: 2 })[index] ?? bytes;
    return [[first, bytes], [second, other]] as const;
  });

/** Numbers the packets of all payload types together, and sends one of another type after each. */
function withForeignPackets(): Uint8Array[] {
  return pictures().flatMap((bytes, index) => {
    const numbered = bytes.slice();
    new DataView(numbered.buffer).setUint16(2, 2 * index);
    const foreign = { payload: new Uint8Array(50), timestamp: 7, marker: true, payloadType: 112 };
    return [numbered, packetBytes({ ...foreign, sequence: 2 * index + 1 })];
  });
}

/** Sets the padding bit, with a last byte that is no count of padding. */
function withPaddingBit(last: number): Uint8Array[] {
  return pictures().map((bytes) => {
    const padded = Uint8Array.of(...bytes, last);
    padded[0] = (padded[0] ?? 0) | 0x20;
    return padded;
  });
}

const BYE = Uint8Array.of(0x81, 203, 0, 1, 1, 2, 3, 4);

/** Cameras that are played, every picture whole. */
const PLAYED: Readonly<Record<string, Case>> = {
  "has no quirks": { script: { packets } },
  "announces that its response will follow (100)": {
    script: {
      answer: instead("DESCRIBE", (request, usual) => response(request, 100) + usual),
      packets,
    },
  },
  "closes the connection with its challenge": {
    login: LOGIN,
    script: { answer: challenge(), closesAfter: isChallenged, packets },
  },
  "redirects to another path": {
    script: {
      answer: instead(
        "DESCRIBE",
        (request, usual) =>
          request.uri.endsWith("/other") ? usual : response(request, 302, ["Location", "/other"]),
      ),
      packets,
    },
  },
  "swaps the channels of RTP and RTCP": { script: { packets: on(1, pictures()) } },
  "announces swapped channels": {
    script: { answer: transport("RTP/AVP/TCP;unicast;interleaved=1-0"), packets },
  },
  "sends RTCP on the channel of RTP": {
    script: { packets: [[0, Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 1)], ...packets] },
  },
  "sends the BYE of an earlier session first": { script: { packets: [[1, BYE], ...packets] } },
  "numbers packets of another type with those of the video": {
    script: { packets: on(0, withForeignPackets()) },
  },
  "sets the padding bit and pads nothing": { script: { packets: on(0, withPaddingBit(0)) } },
  "sets the padding bit with an absurd count": { script: { packets: on(0, withPaddingBit(255)) } },
  "names the same channels for two tracks": {
    script: {
      description: TWO_TRACKS,
      answer: transport("RTP/AVP/TCP;unicast;interleaved=0-1"),
      packets: twoTracks(0, 2),
    },
  },
  "gives its first track the channels that the second one asks for": {
    script: {
      description: TWO_TRACKS,
      answer: (request) => {
        const channels = request.uri.endsWith("track1") ? "2-3" : "4-5";
        return transport(`RTP/AVP/TCP;unicast;interleaved=${channels}`)(request, "");
      },
      packets: twoTracks(2, 4),
    },
  },
  "allows one of two tracks to be set up": {
    script: {
      description: TWO_TRACKS,
      answer: (request) =>
        request.method === "SETUP" && request.uri.endsWith("track2")
          ? response(request, 459)
          : undefined,
      packets,
    },
  },
};

for (const [what, one] of Object.entries(PLAYED)) {
  Deno.test(`rtsp: a camera that ${what} is played`, async () => {
    await using camera = ScriptedCamera.start(one.script);
    const { units, corrupt, error } = await play(camera.url(one.login));
    assert.equal(error, null);
    assert.deepEqual([units, corrupt], [PICTURES, 0]);
  });
}

interface Failure extends Case {
  readonly code: string;
  readonly message: RegExp;
  readonly remedy: RegExp;
  /** Requests with credentials: a camera locks the account after a few. */
  readonly logins?: number;
}

/** A server that speaks another protocol, and closes the connection at the first request. */
function other(script: Script, message: RegExp, remedy: RegExp): Failure {
  const closing = { closesAfter: () => true, answer: NO_ANSWER, ...script };
  return { script: closing, code: "STREAM_INVALID", message, remedy };
}

const NO_ANSWER: NonNullable<Script["answer"]> = () => null;
const TLS_ALERT = Uint8Array.of(0x15, 3, 3, 0, 2, 2, 10);

/** Servers that are no cameras, and cameras that cannot be played. */
const FAILURES: Readonly<Record<string, Failure>> = {
  "speaks HTTP": other(
    { answer: () => "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n" },
    /\(OPTIONS\): the server speaks HTTP, not RTSP$/,
    /RTSP port/,
  ),
  "speaks SSH": other(
    { greeting: "SSH-2.0-OpenSSH_9.2\r\n" },
    /speaks SSH, not RTSP$/,
    /RTSP port/,
  ),
  "speaks TLS": other({ greeting: TLS_ALERT }, /speaks TLS, not RTSP$/, /rtsps:\/\//),
  "asks for a login in a terminal": other(
    { greeting: Uint8Array.of(255, 253, 1), answer: () => "\r\nlogin: " },
    /does not speak RTSP$/,
    /RTSP port/,
  ),
  "is silent": {
    script: { answer: NO_ANSWER },
    stepTimeoutMs: SHORT_MS,
    code: "STREAM_TIMEOUT",
    message: /no answer to OPTIONS in 50 ms$/,
    remedy: /RTSP port/,
  },
  "stops within a header": {
    script: { answer: () => "RTSP/1.0 200 OK\r\nCSe" },
    stepTimeoutMs: SHORT_MS,
    code: "STREAM_TIMEOUT",
    message: /no answer to OPTIONS in 50 ms$/,
    remedy: /RTSP port/,
  },
  "closes the connection instead of a response": {
    script: { answer: NO_ANSWER, closesAfter: () => true },
    code: "STREAM_ENDED",
    message: /\(OPTIONS\): the camera closed the connection$/,
    remedy: /close other viewers/,
  },
  "says of each wrong password that the nonce is stale": {
    login: LOGIN,
    script: { answer: challenge(true, ", stale=TRUE") },
    code: "STREAM_UNAUTHORISED",
    message: /the camera refuses the user or the password$/,
    remedy: /Check the user and the password/,
    logins: 2,
  },
  "closes the connection with each challenge and refuses the password": {
    login: LOGIN,
    script: {
      answer: challenge(true),
      closesAfter: ({ method }) => method === "DESCRIBE",
    },
    code: "STREAM_UNAUTHORISED",
    message: /the camera refuses the user or the password$/,
    remedy: /Check the user and the password/,
    logins: 1,
  },
  "redirects at SETUP": {
    script: { answer: instead("SETUP", (request) => response(request, 302)) },
    code: "STREAM_REDIRECT",
    message: /\(SETUP\): the camera answered 302/,
    remedy: /address it leads to\.$/,
  },
  "does not accept the path": {
    script: { answer: instead("DESCRIBE", (request) => response(request, 400)) },
    code: "STREAM_SERVER",
    message: /the camera answered 400/,
    remedy: /check the path/,
  },
  "allows none of two tracks to be set up": {
    script: {
      description: TWO_TRACKS,
      answer: instead("SETUP", (request) => response(request, 453)),
    },
    code: "STREAM_BANDWIDTH",
    message: /\(SETUP\): the camera answered 453/,
    remedy: /Close other viewers/,
  },
  "sends only packets of an unsupported kind": {
    script: {
      packets: on(
        0,
        Array.from({ length: 40 }, (_, index) =>
          packetBytes({
            payload: Uint8Array.of(26, 0, 0, 0),
            timestamp: index * 3600,
            marker: true,
            sequence: index,
          })),
      ),
    },
    code: "STREAM_CODEC",
    message: /MTAP16 is not supported$/,
    remedy: /another codec/,
  },
};

for (const [what, failure] of Object.entries(FAILURES)) {
  Deno.test(`rtsp: of a server that ${what} the cause is reported`, async () => {
    await using camera = ScriptedCamera.start(failure.script);
    const { error } = await play(camera.url(failure.login), failure.stepTimeoutMs);
    assert.equal(error?.code, failure.code, error?.message);
    assert.match(error.message, failure.message);
    assert.match(error.remedy, failure.remedy);
    const logins = camera.requests.filter(({ headers }) => headers.has("authorization"));
    assert.equal(logins.length, failure.logins ?? 0);
  });
}

Deno.test("rtsp: a connection that is reset while it plays has ended, as one that is closed", async () => {
  await using camera = ScriptedCamera.start({ packets });
  // Deno has no way to reset a connection of its own.
  const relay = createServer((client) => {
    const upstream = connect(camera.port, "127.0.0.1");
    client.pipe(upstream);
    upstream.on("data", (bytes) => client.write(bytes));
    upstream.on("end", () => client.resetAndDestroy());
  });
  const listening = Promise.withResolvers<void>();
  relay.listen(0, "127.0.0.1", listening.resolve);
  await listening.promise;
  const address = relay.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const { error } = await play(`rtsp://127.0.0.1:${port}/cam`);
  assert.equal(error?.code, "STREAM_ENDED", error?.message);
  const closed = Promise.withResolvers<void>();
  relay.close(() => closed.resolve());
  await closed.promise;
});
