import assert from "node:assert/strict";
import { AVERROR, type LibavCode, libavCode, LibavError } from "../../src/libav/error.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { testLibav } from "./support.ts";

const CASES: readonly (readonly [averror: number, opening: boolean, code: LibavCode])[] = [
  [AVERROR.ENOENT, true, "FILE_NOT_FOUND"],
  [AVERROR.EACCES, true, "FILE_DENIED"],
  [AVERROR.EIO, true, "STREAM_UNREACHABLE"],
  [AVERROR.EIO, false, "STREAM_FAILED"],
  [AVERROR.ETIMEDOUT, false, "STREAM_TIMEOUT"],
  [AVERROR.ECONNREFUSED, true, "STREAM_REFUSED"],
  [AVERROR.EHOSTUNREACH, true, "STREAM_UNREACHABLE"],
  [AVERROR.ECONNRESET, false, "STREAM_ENDED"],
  [AVERROR.EOF, false, "STREAM_ENDED"],
  [AVERROR.EXIT, false, "STREAM_INTERRUPTED"],
  [AVERROR.INVALIDDATA, true, "STREAM_INVALID"],
  [AVERROR.PROTOCOL_NOT_FOUND, true, "STREAM_PROTOCOL"],
  [AVERROR.DECODER_NOT_FOUND, true, "STREAM_CODEC"],
  [AVERROR.STREAM_NOT_FOUND, true, "STREAM_NO_VIDEO"],
  [AVERROR.HTTP_UNAUTHORIZED, true, "STREAM_UNAUTHORISED"],
  [AVERROR.HTTP_FORBIDDEN, true, "STREAM_UNAUTHORISED"],
  [AVERROR.HTTP_NOT_FOUND, true, "STREAM_NOT_FOUND"],
  [AVERROR.HTTP_SERVER_ERROR, true, "STREAM_SERVER"],
  [-123456, false, "STREAM_FAILED"],
];

Deno.test("error: each of libav's codes has a stable name, a remedy, and a number", () => {
  for (const [averror, opening, code] of CASES) {
    assert.equal(libavCode(averror, opening), code);
    const error = new LibavError({ action: "Cannot test", averror, text: "because", opening });
    assert.equal(error.code, code);
    assert.equal(error.averror, averror);
    assert.equal(error.message, "Cannot test: because");
    assert(error.remedy.endsWith("."));
  }
});

Deno.test("error: credentials are redacted in the action and in libav's text", () => {
  const error = new LibavError({
    action: "Cannot open rtsp://viewer:hunter2@192.0.2.1/stream?token=abc123",
    averror: AVERROR.EIO,
    text: "no answer from rtsp://viewer:hunter2@192.0.2.1/",
  });
  assert.doesNotMatch(error.message, /hunter2|abc123/);
  assert.match(error.message, /192\.0\.2\.1/);
});

Deno.test("error: transient failures are retryable, those that the user must fix are not", () => {
  const retryable = (code: LibavCode) =>
    new LibavError({ action: "Cannot test", averror: -1, text: "", code }).retryable;
  for (const code of ["STREAM_TIMEOUT", "STREAM_REFUSED", "STREAM_UNAUTHORISED"] as const) {
    assert.equal(retryable(code), true, code);
  }
  for (const code of ["FILE_NOT_FOUND", "STREAM_DECODER", "STREAM_PROTOCOL"] as const) {
    assert.equal(retryable(code), false, code);
  }
});

Deno.test("error: the message contains libav's text", { ignore: ignoreWithout("libav") }, () => {
  using libav = testLibav();
  const error = libav.error({ action: "Cannot open it", averror: AVERROR.ECONNREFUSED });
  assert.equal(error.message, "Cannot open it: Connection refused");
  assert.match(libav.errorText(AVERROR.INVALIDDATA), /Invalid data/);
});
