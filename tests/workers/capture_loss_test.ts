/** A camera over UDP that loses packets: the frames that reach a detector are intact. */
import assert from "node:assert/strict";
import { ignoreWithout } from "../support/system/parts.ts";
import { loseUdpPackets, lossProblems } from "../support/cameras/udp_loss.ts";

Deno.test({
  name:
    "capture: of a stream that loses 5 % of its UDP packets no corrupt frame reaches a detector",
  ignore: ignoreWithout("libav", "ffmpeg"),
  async fn() {
    assert.deepEqual(lossProblems(await loseUdpPackets({ seconds: 0, pictures: 200 })), []);
  },
});
