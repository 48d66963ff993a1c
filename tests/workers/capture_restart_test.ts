/** Cameras that disconnect and come back. */
import assert from "node:assert/strict";
import { ignoreWithout } from "../support/system/parts.ts";
import { patternClip } from "../support/clips/pattern.ts";
import { restartCamera } from "../support/cameras/restarts.ts";

Deno.test({
  name:
    "capture: a camera that is killed and restarted is reconnected each time, and its counts go on",
  ignore: ignoreWithout("libav", "ffmpeg"),
  async fn() {
    const clip = await patternClip(100, ["-bf", "0", "-g", "25"]);
    const restarts = await restartCamera(clip, 3);
    assert.equal(restarts.length, 3);
    // A connect that fails while it comes back may be reported only then.
    assert.ok(restarts.every(({ failures }) => failures <= 1), JSON.stringify(restarts));
  },
});
