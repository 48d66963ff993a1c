import assert from "node:assert/strict";
import { RtspError, rtspError } from "../../../../src/rtsp/errors.ts";
import { connectionError } from "../../../../src/rtsp/transport/byte_stream.ts";

const action = "Cannot connect to unreachable.lan:554";

Deno.test("rtsp: an error that has a code keeps it, whatever the name of the host", () => {
  const late = rtspError("STREAM_TIMEOUT", { action, found: "no answer in 5000 ms" });
  assert.equal(connectionError(late, { action }), late);
});

Deno.test("rtsp: the errors of the system get a code, others are returned", () => {
  const codes: readonly (readonly [Error, string])[] = [
    [new Deno.errors.ConnectionRefused(), "STREAM_REFUSED"],
    [new Deno.errors.TimedOut(), "STREAM_TIMEOUT"],
    [new Error("failed to lookup address information"), "STREAM_NAME_UNKNOWN"],
    [new Error("No route to host (os error 113)"), "STREAM_UNREACHABLE"],
    [new Deno.errors.ConnectionReset(), "STREAM_ENDED"],
  ];
  for (const [error, code] of codes) {
    const mapped = connectionError(error, { action });
    assert.ok(mapped instanceof RtspError, code);
    assert.equal(mapped.code, code);
  }
  const defect = new TypeError("x is not a function");
  assert.equal(connectionError(defect, { action }), defect);
});
