/** Cameras that go and come back. */
import assert from "node:assert/strict";
import { ignoreWithout } from "../support/system/parts.ts";
import { patternClip } from "../support/clips/pattern.ts";
import { restartCamera } from "../support/cameras/restarts.ts";

Deno.test({
  name: "capture: a camera killed and started again is taken up again each time, and counts go on",
  ignore: ignoreWithout("libav", "ffmpeg"),
  async fn() {
    const clip = await patternClip(100, ["-bf", "0", "-g", "25"]);
    const restarts = await restartCamera(clip, 3);
    assert.equal(restarts.length, 3);
    // One that failed as it came back may be told only then.
    assert.ok(restarts.every(({ failures }) => failures <= 1), JSON.stringify(restarts));
  },
});
