/** A thread that is terminated in the middle of a native call must not crash the process. */
import assert from "node:assert/strict";
import { locateLibav } from "../../src/libav/locate.ts";
import { Child } from "../support/system/children.ts";
import { ROOT } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";

Deno.test({
  name: "terminate: capture workers that are terminated inside libav do not crash the process",
  ignore: ignoreWithout("libav"),
  async fn() {
    const libav = Object.values(locateLibav());
    const flags = [`--allow-ffi=${libav}`, `--allow-read=${[ROOT, ...libav]}`];
    await using child = new Child({
      name: "terminated captures",
      command: "sh",
      // If it crashes, then within the first hundred, mostly within the first ten.
      args: ["-c", 'exec "$0" "$@"', Deno.execPath(), "run", "--no-check", "--no-prompt"]
        .concat([...flags, `${ROOT}/tests/support/streams/terminate_captures.ts`, "60"]),
      cwd: ROOT,
    });
    const { code, signal } = await child.exit(120_000);
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, child.stderr.text());
  },
});
