/** Of a camera that cannot be played, and of another server, the cause and a remedy are reported. */
import assert from "node:assert/strict";
import { type Clock, systemClock } from "../../../../src/core/clock.ts";
import { CameraHints } from "../../../../src/rtsp/client/camera_hints.ts";
import { packetBytes } from "../../../support/cameras/rtp/packets.ts";
import {
  h264Description,
  response,
  type Script,
  ScriptedCamera,
} from "../../../support/cameras/scripted_camera.ts";
import {
  type Case,
  challenge,
  instead,
  LOGIN,
  onChannel,
  pictures,
  play,
  refuseSecondTrack,
} from "../../../support/cameras/scripted_play.ts";

/** The time limit of requests to a camera that does not answer; connecting takes far less on a busy machine. */
const SHORT_MS = 300;
const packets = onChannel(0, pictures());

interface Failure extends Case {
  readonly stepTimeoutMs?: number;
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
    message: /no answer to OPTIONS in 300 ms$/,
    remedy: /RTSP port/,
  },
  "stops within a header": {
    script: { answer: () => "RTSP/1.0 200 OK\r\nCSe" },
    stepTimeoutMs: SHORT_MS,
    code: "STREAM_TIMEOUT",
    message: /no answer to OPTIONS in 300 ms$/,
    remedy: /RTSP port/,
  },
  "closes the connection at DESCRIBE": {
    script: {
      answer: instead("DESCRIBE", () => null),
      closesAfter: ({ method }) => method === "DESCRIBE",
    },
    code: "STREAM_ENDED",
    message: /\(DESCRIBE\): the camera closed the connection$/,
    remedy: /^Close other viewers/,
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
  "does not accept to send over TCP": {
    script: { answer: instead("SETUP", (request) => response(request, 400)) },
    code: "STREAM_SERVER",
    message: /\(SETUP\): the camera answered 400/,
    remedy: /try transport: udp, check the path/,
  },
  "allows none of two tracks to be set up": {
    script: {
      description: h264Description(2),
      answer: instead("SETUP", (request) => response(request, 453)),
    },
    code: "STREAM_BANDWIDTH",
    message: /\(SETUP\): the camera answered 453/,
    remedy: /Close other viewers/,
  },
  "sends only packets of an unsupported kind": {
    script: {
      packets: onChannel(
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
    assert.equal(error?.code, failure.code, error?.message ?? "it played");
    assert.match(error.message, failure.message);
    assert.match(error.remedy, failure.remedy);
    const logins = camera.requests.filter(({ headers }) => headers.has("authorization"));
    assert.equal(logins.length, failure.logins ?? 0);
  });
}

Deno.test("rtsp: a known track that is no longer set up is not asked for again", async () => {
  const script = { description: h264Description(2), answer: refuseSecondTrack(404), packets };
  await using camera = ScriptedCamera.start(script);
  const hints = new CameraHints();
  hints.trackIndex = 1;
  assert.equal((await play(camera.url(), undefined, hints)).error?.code, "STREAM_NOT_FOUND");
  assert.equal((await play(camera.url(), undefined, hints)).error, null);
  assert.equal(hints.trackIndex, 0);
});

Deno.test("rtsp: a known track is selected anew if the camera describes other tracks", async () => {
  const hints = new CameraHints();
  const setUps = async (tracks: number) => {
    await using camera = ScriptedCamera.start({ description: h264Description(tracks), packets });
    assert.equal((await play(camera.url(), undefined, hints)).error, null);
    return camera.requests.filter(({ method }) => method === "SETUP").length;
  };
  assert.deepEqual([await setUps(1), await setUps(1), await setUps(3), await setUps(3)], [
    1,
    1,
    3,
    1,
  ]);
});

Deno.test("rtsp: a camera has more time for each answer than for the first, and 5 s for that", async () => {
  const answer = instead("SETUP", (request) => response(request, 404));
  await using camera = ScriptedCamera.start({ answer });
  for (const [stepMs, firstMs] of [[24_000, 15_000], [8000, 5000], [4000, 4000]] as const) {
    const limitsMs: number[] = [];
    const after: Clock["after"] = (delayMs, callback) => {
      limitsMs.push(delayMs);
      return systemClock.after(delayMs, callback);
    };
    await play(camera.url(), stepMs, new CameraHints(), { ...systemClock, after });
    assert.deepEqual(limitsMs.slice(0, 4), [firstMs, firstMs, stepMs, stepMs], "connect, OPTIONS");
  }
});
