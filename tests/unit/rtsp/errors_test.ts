import assert from "node:assert/strict";
import { wallMs } from "../../../src/core/clock.ts";
import { StreamError } from "../../../src/core/errors.ts";
import { redactText } from "../../../src/core/redact.ts";
import { RTSP_ERROR_CODES, rtspError, serverText, statusError } from "../../../src/rtsp/errors.ts";
import { MAX_SERVER_TEXT_CHARS } from "../../../src/rtsp/limits.ts";

const action = "Cannot open rtsp://cam.lan:554";

/** The error codes of RTSP status codes. */
const STATUSES: readonly (readonly [number, string])[] = [
  [301, "STREAM_REDIRECT"],
  [302, "STREAM_REDIRECT"],
  [400, "STREAM_SERVER"],
  [401, "STREAM_UNAUTHORISED"],
  [403, "STREAM_FORBIDDEN"],
  [404, "STREAM_NOT_FOUND"],
  [405, "STREAM_SERVER"],
  [408, "STREAM_TIMEOUT"],
  [453, "STREAM_BANDWIDTH"],
  [454, "STREAM_SESSION"],
  [461, "STREAM_TRANSPORT"],
  [500, "STREAM_SERVER"],
  [503, "STREAM_UNAVAILABLE"],
];

for (const [status, code] of STATUSES) {
  Deno.test(`rtsp: status ${status} is ${code}`, () => {
    const error = statusError(status, "Some Reason", { action });
    assert.ok(error instanceof StreamError);
    assert.deepEqual([error.code, error.status, error.retryable], [code, status, true]);
    assert.equal(error.message, `${action}: the camera answered ${status} (Some Reason)`);
  });
}

Deno.test("rtsp: every error has a remedy of one sentence", () => {
  assert.ok(RTSP_ERROR_CODES.length > 20);
  for (const code of RTSP_ERROR_CODES) {
    const error = rtspError(code, { action });
    assert.match(error.code, /^STREAM_[A-Z_]+$/);
    assert.match(error.remedy, /^[A-Z].*[^.]\.$/, code);
    assert.ok(!error.remedy.includes(". "), code);
    assert.equal(redactText(error.remedy), error.remedy, "nothing in it looks like a credential");
    assert.equal(error.message, action);
  }
});

Deno.test("rtsp: remedies name the key to set", () => {
  const remedy = (...[code, context]: Parameters<typeof rtspError>) =>
    rtspError(code, context).remedy;
  assert.match(
    remedy("STREAM_REDIRECT", { action, host: "10.0.0.9" }),
    /allowRedirect: \[10.0.0.9\]/,
  );
  assert.doesNotMatch(remedy("STREAM_REDIRECT", { action }), /allowRedirect/);
  assert.match(remedy("STREAM_TRANSPORT", { action, transport: "tcp" }), /transport: udp/);
  assert.match(remedy("STREAM_TRANSPORT", { action, transport: "udp" }), /transport: tcp/);
  assert.match(remedy("STREAM_TRANSPORT", { action }), /transport: udp.*transport: tcp/);
  const untrusted = rtspError("STREAM_TLS_UNTRUSTED", { action, fingerprint: "ab12" });
  assert.match(untrusted.remedy, /\bca\b.*fingerprint: sha256:ab12/);
  assert.equal(untrusted.fingerprint, "ab12");
});

Deno.test("rtsp: the error of a busy camera has its Retry-After", () => {
  const nowMs = wallMs(0);
  assert.equal(statusError(503, "", { action, retryAfter: "7", nowMs }).retryAfterMs, 7000);
  assert.equal(statusError(503, "", { action, nowMs }).retryAfterMs, null);
});

Deno.test("rtsp: a server's reason phrase is short, on one line, and never quotes a URI", () => {
  assert.equal(serverText(" Not\r\n\x1b[31mFound\u202e\0 "), "Not [31mFound");
  assert.equal([...serverText("😀".repeat(500))].length, MAX_SERVER_TEXT_CHARS);
  for (
    const text of [
      "No /user=admin_password=hunter2_channel=1",
      "rtsp://admin:hunter2@cam/",
      "hunter2@cam",
      "?pwd=hunter2",
    ]
  ) {
    assert.equal(serverText(text), "", text);
    assert.ok(!statusError(404, text, { action }).message.includes("hunter2"));
  }
});

Deno.test("rtsp: no error message has credentials", () => {
  const error = rtspError("STREAM_REFUSED", {
    action: "Cannot open rtsp://admin:hunter2@cam/",
    found: "Authorization: Basic aHVudGVyMg==",
  });
  assert.ok(!error.message.includes("hunter2") && !error.message.includes("aHVudGVyMg"));
});
