/** A short version of the soak runs in `scripts/soak/`. */
import assert from "node:assert/strict";
import { overload } from "../../scripts/soak/overload.ts";
import { ignoreWithout } from "../support/system/parts.ts";

Deno.test({
  name: "soak: a detector ten times too slow changes neither memory nor the age of frames",
  ignore: ignoreWithout("libav", "mosquitto"),
  async fn() {
    const result = await overload(15);
    assert.ok(result.ok, JSON.stringify(result));
    assert.ok(result.overwritten > 5 * result.delivered, JSON.stringify(result));
  },
});
