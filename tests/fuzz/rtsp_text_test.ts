import assert from "node:assert/strict";
import fc from "fast-check";
import { wallMs } from "../../src/core/clock.ts";
import {
  hasControlCharacters,
  withoutControlCharacters,
} from "../../src/core/control_characters.ts";
import { Authenticator, selectChallenge } from "../../src/rtsp/protocol/authenticator.ts";
import { parseChallenges } from "../../src/rtsp/protocol/challenges.ts";
import { MAX_BODY_BYTES, MAX_CHALLENGES, MAX_HEADERS, MAX_TRACKS } from "../../src/rtsp/limits.ts";
import { decodeText, parseMessage, writeRequest } from "../../src/rtsp/protocol/messages.ts";
import { parseSdp } from "../../src/rtsp/sdp/session_description.ts";
import {
  parsePublic,
  parseRetryAfter,
  parseRtpInfo,
  parseSession,
  parseTransport,
} from "../../src/rtsp/protocol/headers.ts";
import { baseUri, parseRtspUrl, resolveControl, trackBase } from "../../src/rtsp/protocol/url.ts";
import { mutated, type Random, seededRandom } from "./mutate.ts";
import { FUZZ_RUNS, fuzzSeed, reportFuzz } from "./runs.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

const DESCRIPTION = [
  "v=0",
  "o=- 1 1 IN IP4 10.0.0.2",
  "s=Live",
  "a=control:*",
  "m=video 0 RTP/AVP 96 97",
  "a=rtpmap:96 H264/90000 ",
  "a=framerate:0S",
  "a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z0LAHtkAoC/5cBEAAAMAAQAAAwAyDxYuSA==,aMuMsg==;",
  "a=rtpmap:97 HEVC/90000",
  "a=fmtp:97 sprop-vps=QAEMAf//AWAAAAMAkAAAAwAAAwBdugJA;sprop-max-don-diff=1;sprop-sps=QgEBAWAAAAMAkAA=",
  "a=control:trackID=1",
  "m=video 0 RTP/AVP 26",
  "a=x-dimensions: 2592, 1944",
  "a=cliprect:0,0,1944,2592",
  "m=video 0 RTP/AVP 98",
  "a=rtpmap:98 MP4V-ES/90000",
  "a=fmtp:98 config=000001b001000001b58913",
  "m=application/X 0 RTP/AVP smart/1/90000",
  "a=control:rtsp://10.0.0.2/x",
].join("\r\n");

const MESSAGES = [
  `RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Base: rtsp://10.0.0.2/x/\r\nContent-Length: ${DESCRIPTION.length}\r\n\r\n${DESCRIPTION}`,
  'RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\nWWW-Authenticate: Digest realm="a, b", nonce="c"\r\n\r\n',
  "RTSP/1.0 200 OK\nCseq : 3\nSession: 12;timeout=60\nTransport: RTP/AVP/TCP;interleaved=0-1\n folded\n\n",
  "\r\n\r\nOPTIONS rtsp://cam/x RTSP/1.0\r\nCSeq: 4\r\nContent-Length: 2\r\n\r\nhi",
  "RTSP/1.0 302 Moved\r\nLocation: rtsp://other/\r\nContent-Length: 0, 0\r\n\r\n",
] as const;

const CHALLENGES = [
  'Digest realm="IP Cam, \\"Hall\\"", nonce="4a:b,c=", qop="auth,auth-int", opaque="x", stale=FALSE',
  "Digest realm=IP Camera, nonce=abc algorithm=SHA-256-sess",
  'Basic realm="b", Digest realm="r", nonce="n", algorithm=MD5, NTLM',
] as const;

const HEADERS = [
  "RTP/AVP/TCP;unicast;destination=10.0.0.1;source=10.0.0.2;interleaved=0-1;ssrc=30A98EE7",
  'RTP/AVP;unicast;mode="PLAY,RECORD";client_port=18714-18715;server_port=40004-40005,RTP/AVP/TCP',
  "12345678;timeout=60",
  "url=trackID=1;seq=17;rtptime=4000000000, url=rtsp://cam/a;b,c?d=e/2;seq=2;rtptime=-1",
  "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER",
  "Sun, 01 Mar 2026 12:00:20 GMT",
  "rtsp://user:pass@[fe80::1]:554/x?y=z/",
  "/trackID=1",
] as const;

const WORDS = [
  ...["\r\n", "\n", "\r", "\0", " ", "\t", ":", ";", ",", "=", '"', "\\", "/", "?", "@", "[", "*"],
  ...["RTSP/1.0 ", "Content-Length: ", "99999999999", "-1", "65536", "4294967296", "1e9", "0x"],
  ...["m=video 0 RTP/AVP 96", "a=fmtp:96 ", "a=rtpmap:96 ", "sprop-sps=", "config=", "\u202e", "é"],
  ...['Digest realm="', "Basic ", "nonce=", "stale=true", "algorithm=", "auth-int", "rtsp://"],
] as const;

const corpusOf = (texts: readonly [string, ...string[]]): [Uint8Array, ...Uint8Array[]] => {
  const [first, ...rest] = texts;
  return [bytesOf(first), ...rest.map(bytesOf)];
};

/** Runs a target on mutated inputs; a failure names the input. */
function fuzz(
  seed: number,
  texts: readonly [string, ...string[]],
  target: (bytes: Uint8Array, random: Random) => void,
): void {
  const first = fuzzSeed(seed);
  const random = seededRandom(first);
  const corpus = corpusOf(texts);
  for (let run = 0; run < FUZZ_RUNS; run++) {
    const bytes = mutated(random, corpus, WORDS);
    try {
      target(bytes, random);
    } catch (cause) {
      const shown = JSON.stringify(decodeText(bytes)).slice(0, 2000);
      throw new Error(`seed ${first}, run ${run}: ${shown}`, { cause });
    }
  }
  reportFuzz(`rtsp text ${seed}`, FUZZ_RUNS);
}

Deno.test("rtsp fuzz: a mutated message parses, is incomplete or invalid, and stays within limits", () => {
  const states = { message: 0, incomplete: 0, invalid: 0 };
  fuzz(1, MESSAGES, (bytes) => {
    const parsed = parseMessage(bytes, 0, bytes.byteLength);
    states[parsed.state]++;
    if (parsed.state !== "message") return;
    const { message, consumedBytes } = parsed;
    assert.ok(consumedBytes > 0 && consumedBytes <= bytes.byteLength);
    assert.ok(message.body.byteLength <= MAX_BODY_BYTES);
    const entries = message.headers.entries();
    assert.ok(entries.length <= MAX_HEADERS);
    for (const [name, value] of entries) assert.ok(!hasControlCharacters(name + value));
    const again = parseMessage(bytes, 0, consumedBytes);
    assert.deepEqual(again, parsed, "what follows a message changes nothing");
    assert.notEqual(parseMessage(bytes, 0, consumedBytes - 1).state, "message");
  });
  for (const count of Object.values(states)) assert.ok(count > 0, JSON.stringify(states));
});

Deno.test("rtsp fuzz: a message in pieces parses as in one piece", () => {
  fuzz(2, MESSAGES, (bytes, random) => {
    const whole = parseMessage(bytes, 0, bytes.byteLength);
    for (let end = random(20); end < bytes.byteLength; end += 1 + random(40)) {
      const part = parseMessage(bytes, 0, end);
      if (part.state === "incomplete") continue;
      if (part.state === "message") assert.deepEqual(part, whole);
      else assert.equal(whole.state, "invalid");
      return;
    }
  });
});

Deno.test("rtsp fuzz: a mutated challenge is answered in one line, or rejected with a reason", () => {
  const counts = { answered: 0, refused: 0 };
  fuzz(4, CHALLENGES, (bytes) => {
    // As in a parsed message: without control characters.
    const header = withoutControlCharacters(decodeText(bytes), " ");
    assert.ok(parseChallenges([header]).length <= MAX_CHALLENGES);
    const chosen = selectChallenge(parseChallenges([header]));
    const login = new Authenticator({ username: "u", password: "p", randomToken: () => "c" });
    const outcome = login.acceptChallenge([header]);
    assert.equal(outcome.ok, chosen.ok);
    counts[outcome.ok ? "answered" : "refused"]++;
    const authorization = login.authorization("PLAY", "rtsp://cam/x");
    assert.equal(authorization !== null, outcome.ok);
    if (authorization === null) return;
    writeRequest({ method: "PLAY", uri: "*", headers: [["Authorization", authorization]] });
  });
  assert.ok(counts.answered > 0 && counts.refused > 0, JSON.stringify(counts));
});

Deno.test("rtsp fuzz: mutated headers parse to numbers within their ranges, or null", () => {
  const within = (value: number | null, maximum: number) =>
    assert.ok(value === null || Number.isInteger(value) && value >= 0 && value <= maximum);
  fuzz(5, HEADERS, (bytes) => {
    const text = decodeText(bytes);
    const answer = parseTransport(text, { kind: "tcp", rtpChannel: 0 });
    within(answer.ssrc, 0xffffffff);
    if (answer.kind === "tcp") {
      within(answer.rtpChannel, 255);
      within(answer.rtcpChannel, 255);
    } else {
      for (const ports of [answer.clientPorts, answer.serverPorts]) {
        within(ports?.rtp ?? null, 65535);
        within(ports?.rtcp ?? null, 65535);
      }
    }
    within(parseSession(text).timeoutSeconds, 1e9);
    const info = parseRtpInfo(text);
    assert.ok(info.length <= MAX_TRACKS);
    for (const { seq, rtptime } of info) {
      within(seq, 0xffff);
      within(rtptime, 0xffffffff);
    }
    within(parseRetryAfter(text, wallMs(0)), 3_600_000);
    for (const method of parsePublic(text)) assert.match(method, /^[A-Z_]+$/);
  });
});

Deno.test("rtsp fuzz: no mutated URL leads to another host", () => {
  fuzz(6, HEADERS, (bytes) => {
    const text = decodeText(bytes);
    parseRtspUrl(text);
    const requestUri = "rtsp://cam:554/x";
    const base = baseUri({ contentBase: text, contentLocation: text, requestUri });
    const { uri } = resolveControl(trackBase(base, text), text);
    assert.ok(uri.startsWith("rtsp://cam:554"), uri);
    assert.equal(parseRtspUrl(uri)?.host, "cam:554", uri);
  });
});

Deno.test("rtsp fuzz: parsing time grows linearly with the text", () => {
  const parts = [
    " ",
    ",",
    ";",
    '"',
    "=",
    "a=",
    "url=,",
    ", url",
    "x ",
    "\t",
    "m=",
    "Basic ",
    "%",
  ];
  const started = performance.now();
  for (const part of parts) {
    const text = part.repeat(30_000 / part.length);
    parseMessage(bytesOf(`${text}\r\n\r\n`), 0, text.length + 4);
    parseMessage(bytesOf(`RTSP/1.0 200 ${text}\r\nX: ${text}`), 0, text.length);
    parseMessage(bytesOf(`OPTIONS ${text} RTSP/1.0\r\n\r\n`), 0, text.length + 21);
    parseChallenges(Array(8).fill(`Digest ${text}`));
    parseTransport(text, { kind: "tcp", rtpChannel: 0 });
    parseTransport(`RTP/AVP;ssrc=${text}`, { kind: "tcp", rtpChannel: 0 });
    parseSession(text);
    parseRtpInfo(text);
    parseRtpInfo(`url=${text}`);
    parsePublic(text);
    parseRetryAfter(text, wallMs(0));
    parseRtspUrl(`rtsp://${text}`);
    resolveControl("rtsp://cam/x", text);
    baseUri({ contentBase: text, contentLocation: null, requestUri: "rtsp://cam/x" });
    for (
      const line of [`m=video 0 RTP/AVP ${text}`, `a=fmtp:96 config=${text}`, `a=rtpmap:96 ${text}`]
    ) {
      assert.doesNotThrow(() => parseSdp(`m=video 0 RTP/AVP 96\r\n${line}\r\n`));
    }
  }
  const tookMs = performance.now() - started;
  assert.ok(tookMs < 20_000, `${tookMs} ms; a quadratic pattern takes minutes`);
});

Deno.test("rtsp fuzz: random bytes make no parser throw", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    parseMessage(bytes, 0, bytes.byteLength);
    const text = decodeText(bytes);
    parseChallenges([text]);
    parseTransport(text, { kind: "udp", rtpPort: 1 });
    parseRtpInfo(text);
    resolveControl(text, text);
    parseSdp(`m=video 0 RTP/AVP 96\n${text}`);
  }));
});
