/** What the page says of a camera that is not online. */
import assert from "node:assert/strict";
import { pathWords, reasonWords } from "../../../src/dashboard/page/words.js";
import { RTSP_ERROR_CODES } from "../../../src/rtsp/errors.ts";

/** Reasons that are no error of RTSP. */
const OTHERS: readonly string[] = [
  ...["WAITING_FOR_KEYFRAME", "NO_PICTURE", "RESTARTING", "ENDED", "CAMERA_PARKED"],
  ...["STREAM_STALLED", "STREAM_TOO_LARGE", "STREAM_PICTURE_REFUSED", "STREAM_DECODE_BUDGET"],
  ...["FILE_NOT_FOUND", "FILE_DENIED", "STREAM_DECODER", "STREAM_FAILED", "STREAM_OPTION"],
];

Deno.test("words: every reason is said in words, with a remedy", () => {
  const unknown = reasonWords({ reason: "OTHER", error: null });
  for (const reason of [...RTSP_ERROR_CODES, ...OTHERS]) {
    const words = reasonWords({ reason, error: null });
    assert.notEqual(words?.says, unknown?.says, reason);
    assert.match(words?.remedy ?? "", /^[A-Z].*\.$/, reason);
  }
});

Deno.test("words: an error of the service says more, if it is the reason's", () => {
  const error = {
    code: "CAMERA_PARKED",
    message: "the worker failed",
    retryable: true,
    remedy: "Look here.",
  };
  const parked = reasonWords({ reason: "CAMERA_PARKED", error });
  assert.equal(parked?.remedy, "the worker failed. Look here.");
  const refused = reasonWords({ reason: "STREAM_REFUSED", error });
  assert.match(refused?.remedy ?? "", /^Check the port/);
  assert.equal(reasonWords({ reason: null, error }), null);
});

Deno.test("words: a way through a picture, by the parts of it", () => {
  assert.equal(pathWords([]), "not known");
  assert.equal(pathWords([[0, 1], [0.2, 0.9]]), "around the bottom left");
  assert.equal(pathWords([[0.1, 0.5], [0.5, 0.5], [1, 0]]), "from the left to the top right");
  assert.equal(pathWords([[0.5, 0.5], [0.5, 0.95]]), "from the middle to the bottom middle");
});
