import fc from "fast-check";
import assert from "node:assert/strict";
import { withoutControlCharacters } from "../../../../src/core/control_characters.ts";
import { LifecycleError } from "../../../../src/core/errors.ts";
import {
  MAX_BLANK_LINES,
  MAX_BODY_BYTES,
  MAX_HEADER_BYTES,
  MAX_HEADERS,
} from "../../../../src/rtsp/limits.ts";
import {
  decodeText,
  type ParsedMessage,
  parseMessage,
  type RtspRequest,
  type RtspResponse,
  writeRequest,
  writeResponse,
} from "../../../../src/rtsp/protocol/messages.ts";

const encoder = new TextEncoder();

function parse(text: string): ParsedMessage {
  const bytes = encoder.encode(text);
  return parseMessage(bytes, 0, bytes.byteLength);
}

function response(text: string): RtspResponse {
  const parsed = parse(text);
  assert.equal(parsed.state, "message");
  assert.ok(parsed.state === "message" && parsed.message.kind === "response");
  return parsed.message;
}

function request(text: string): RtspRequest {
  const parsed = parse(text);
  assert.ok(parsed.state === "message" && parsed.message.kind === "request", parsed.state);
  return parsed.message;
}

Deno.test("rtsp: a response has a status, a reason, case-insensitive headers and a body", () => {
  const answer = response(
    "RTSP/1.0 200 OK\r\nCseq: 3\r\nContent-Length:  5 \r\nX-Note: a:b\r\n\r\nv=0\r\n$",
  );
  assert.equal(answer.status, 200);
  assert.equal(answer.reason, "OK");
  assert.equal(answer.headers.get("CSeq"), "3");
  assert.equal(answer.headers.get("x-note"), "a:b");
  assert.equal(answer.headers.get("Session"), null);
  assert.equal(new TextDecoder().decode(answer.body), "v=0\r\n");
});

/** Deviations of cameras from RTSP: each parses like the first. */
const TOLERATED: readonly { what: string; text: string }[] = [
  { what: "by the letter", text: "RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\nSession: a\r\n\r\n" },
  { what: "lines that end in LF", text: "RTSP/1.0 401 Unauthorized\nCSeq: 2\nSession: a\n\n" },
  { what: "mixed line ends", text: "RTSP/1.0 401 Unauthorized\r\nCSeq: 2\nSession: a\r\n\n" },
  {
    what: "blank lines before it",
    text: "\r\n\r\n\nRTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\nSession: a\r\n\r\n",
  },
  { what: "no reason", text: "RTSP/1.0 401\r\nCSeq: 2\r\nSession: a\r\n\r\n" },
  { what: "an empty reason", text: "RTSP/1.0 401 \r\nCSeq: 2\r\nSession: a\r\n\r\n" },
  { what: "spaces before the colon", text: "RTSP/1.0 401 x\r\nCSeq : 2\r\nSession\t: a\r\n\r\n" },
  { what: "no space behind the colon", text: "RTSP/1.0 401 x\r\nCSeq:2\r\nSession:a\r\n\r\n" },
  { what: "spaces at the end", text: "RTSP/1.0 401 x \r\nCSeq: 2 \r\nSession: a\t\r\n\r\n" },
  { what: "a continued header", text: "RTSP/1.0 401 x\r\nCSeq: 2\r\nSession:\r\n  a\r\n\r\n" },
  { what: "a line that is none", text: "RTSP/1.0 401 x\r\njunk\r\nCSeq: 2\r\nSession: a\r\n\r\n" },
  { what: "another version", text: "rtsp/2.0  401  x\r\nCSeq: 2\r\nSession: a\r\n\r\n" },
  {
    what: "an empty length",
    text: "RTSP/1.0 401 x\r\nCSeq: 2\r\nContent-Length:\r\nSession: a\r\n\r\n",
  },
];

for (const { what, text } of TOLERATED) {
  Deno.test(`rtsp: a response is parsed with ${what}`, () => {
    const answer = response(text);
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get("cseq"), "2");
    assert.equal(answer.headers.get("session"), "a");
    assert.equal(answer.body.byteLength, 0);
  });
}

Deno.test("rtsp: repeated headers keep their order", () => {
  const { headers } = response(
    'RTSP/1.0 401 x\r\nWWW-Authenticate: Digest realm="a"\r\nCSeq: 1\r\n' +
      'www-authenticate: Basic realm="b"\r\n\r\n',
  );
  assert.deepEqual(headers.getAll("WWW-Authenticate"), ['Digest realm="a"', 'Basic realm="b"']);
  assert.equal(headers.get("WWW-Authenticate"), 'Digest realm="a"');
});

Deno.test("rtsp: a server's request has a method, a URI and a body", () => {
  const asked = request(
    "SET_PARAMETER rtsp://cam/a b?c=%zz&d RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 2\r\n\r\nhi",
  );
  assert.equal(asked.method, "SET_PARAMETER");
  assert.equal(asked.uri, "rtsp://cam/a b?c=%zz&d");
  assert.equal(new TextDecoder().decode(asked.body), "hi");
});

Deno.test("rtsp: a repeated Content-Length is valid if both agree", () => {
  const twice = (second: string) =>
    `RTSP/1.0 200 OK\r\nContent-Length: 2\r\nContent-length: ${second}\r\n\r\nhi`;
  assert.equal(response(twice("2")).body.byteLength, 2);
  assert.equal(response("RTSP/1.0 200 OK\r\nContent-Length: 2, 2\r\n\r\nhi").body.byteLength, 2);
  assert.equal(parse(twice("1")).state, "invalid");
});

Deno.test("rtsp: a message is incomplete until its last byte has arrived, whatever follows", () => {
  const text = "\r\nRTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 4\r\n\r\nbody";
  const bytes = encoder.encode(`$$${text}$more`);
  const end = 2 + text.length;
  for (let at = 2; at < end; at++) {
    assert.deepEqual(parseMessage(bytes, 2, at), { state: "incomplete" }, `at ${at}`);
  }
  for (let at = end; at <= bytes.byteLength; at++) {
    const parsed = parseMessage(bytes, 2, at);
    assert.ok(parsed.state === "message");
    assert.equal(parsed.consumedBytes, text.length);
  }
});

Deno.test("rtsp: the body is a copy of the connection's buffer", () => {
  const bytes = encoder.encode("RTSP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  const parsed = parseMessage(bytes, 0, bytes.byteLength);
  bytes.fill(0);
  assert.ok(parsed.state === "message");
  assert.equal(new TextDecoder().decode(parsed.message.body), "hi");
});

Deno.test("rtsp: a malformed or oversized message is invalid with a reason", () => {
  const answer = (headers: string) => `RTSP/1.0 200 OK\r\n${headers}\r\n`;
  const cases: Record<string, string> = {
    "the first line": "HTTP/1.1 200 OK\r\n\r\n",
    "is no RTSP start line": "RTSP/1.0 20 OK\r\n\r\n",
    "no RTSP start line": "OPTIONS RTSP/1.0\r\n\r\n",
    "is no number": answer("Content-Length: ten\r\n"),
    "no number": answer("Content-Length: -1\r\n"),
    "a body over": answer(`Content-Length: ${MAX_BODY_BYTES + 1}\r\n`),
    "blank lines": "\r\n".repeat(MAX_BLANK_LINES + 1) + answer(""),
    "headers over": answer(`X: ${"x".repeat(MAX_HEADER_BYTES)}\r\n`),
    "more than": answer("X: y\r\n".repeat(MAX_HEADERS + 1)),
  };
  for (const [reason, text] of Object.entries(cases)) {
    const parsed = parse(text);
    assert.ok(parsed.state === "invalid", reason);
    assert.ok(parsed.reason.includes(reason), parsed.reason);
  }
  assert.equal(parse(answer("X: y\r\n".repeat(MAX_HEADERS))).state, "message");
  assert.equal(parse(answer(`Content-Length: ${MAX_BODY_BYTES}\r\n`)).state, "incomplete");
});

Deno.test("rtsp: endless headers are invalid once the limit is exceeded, not before", () => {
  const text = `RTSP/1.0 200 OK\r\n${"X: yyyy\r\n".repeat(MAX_HEADER_BYTES / 9 + 2)}`;
  const bytes = encoder.encode(text);
  assert.equal(parseMessage(bytes, 0, MAX_HEADER_BYTES).state, "incomplete");
  assert.equal(parseMessage(bytes, 0, MAX_HEADER_BYTES + 1).state, "invalid");
});

Deno.test("rtsp: control characters in headers are removed", () => {
  const { headers, reason } = response("RTSP/1.0 200 O\x1bK\r\nSession: a\rb\x00c\r\n\r\n");
  assert.equal(headers.get("Session"), "a b c");
  assert.equal(reason, "O K");
});

Deno.test("rtsp: text that is no UTF-8 is decoded as Latin-1", () => {
  assert.equal(decodeText(Uint8Array.of(0x63, 0x61, 0x6d, 0xe9)), "camé");
  assert.equal(decodeText(encoder.encode("camé")), "camé");
});

Deno.test("rtsp: a line break in a field of a request throws, without quoting it", () => {
  const uri = "rtsp://cam/";
  const attempts = [
    () => writeRequest({ method: "PLAY", uri: `${uri}\r\nX: secret`, headers: [] }),
    () => writeRequest({ method: "PLAY", uri, headers: [["Session", "secret\nX: y"]] }),
    () => writeRequest({ method: "PLAY", uri, headers: [["Session", "secret\0"]] }),
    () => writeRequest({ method: "PLAY", uri, headers: [["X: y\r\nZ", "secret"]] }),
    () => writeRequest({ method: "PLAY secret", uri, headers: [] }),
    () => writeRequest({ method: "PLAY", uri: "", headers: [] }),
    () => writeResponse({ status: 200, reason: "OK\rsecret", headers: [] }),
    () => writeResponse({ status: 99, reason: "secret", headers: [] }),
  ];
  for (const attempt of attempts) {
    assert.throws(attempt, (error) => {
      return error instanceof LifecycleError && !error.message.includes("secret");
    });
  }
});

Deno.test("rtsp: a request is written byte for byte", () => {
  const uri = "rtsp://cam/user=admin_password=x_channel=1_stream=0.sdp?real_stream;a=%20é";
  const bytes = writeRequest({ method: "DESCRIBE", uri, headers: [["CSeq", "1"]] });
  assert.equal(decodeText(bytes), `DESCRIBE ${uri} RTSP/1.0\r\nCSeq: 1\r\n\r\n`);
});

const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,15}$/);
const value = fc.string({ maxLength: 40, unit: "grapheme" })
  .map((text) => withoutControlCharacters(text).trim());
const headers = fc.array(fc.tuple(token, value), { maxLength: 8 })
  .map((all) => all.filter(([name]) => name.toLowerCase() !== "content-length"));
const body = fc.uint8Array({ maxLength: 64 });

Deno.test("rtsp: a request round-trips", () => {
  const uri = value.map((text) => `rtsp://cam/${text}`.trim());
  fc.assert(fc.property(uri, headers, body, (uri, headers, body) => {
    const bytes = writeRequest({ method: "ANNOUNCE", uri, headers, body });
    const parsed = parseMessage(bytes, 0, bytes.byteLength);
    assert.ok(parsed.state === "message" && parsed.message.kind === "request");
    assert.equal(parsed.consumedBytes, bytes.byteLength);
    assert.equal(parsed.message.method, "ANNOUNCE");
    assert.equal(parsed.message.uri, uri);
    assert.deepEqual(parsed.message.headers.entries().slice(0, -1), headers);
    assert.deepEqual([...parsed.message.body], [...body]);
  }));
});

Deno.test("rtsp: a reason may contain line terminators of other formats", () => {
  for (const separator of ["\u2028", "\u2029", "\u0085"]) {
    const reason = `Not${separator}Found`;
    const bytes = writeResponse({ status: 404, reason, headers: [] });
    const parsed = parseMessage(bytes, 0, bytes.byteLength);
    assert.ok(parsed.state === "message" && parsed.message.kind === "response", reason);
    assert.equal(parsed.message.reason, reason);
  }
});

Deno.test("rtsp: a response round-trips", () => {
  const status = fc.integer({ min: 100, max: 599 });
  fc.assert(fc.property(status, value, headers, body, (status, reason, headers, body) => {
    const bytes = writeResponse({ status, reason, headers, body });
    const parsed = parseMessage(bytes, 0, bytes.byteLength);
    assert.ok(parsed.state === "message" && parsed.message.kind === "response");
    assert.equal(parsed.message.status, status);
    assert.equal(parsed.message.reason, reason);
    assert.deepEqual(parsed.message.headers.entries().slice(0, -1), headers);
    assert.deepEqual([...parsed.message.body], [...body]);
  }));
});
