/** What libav itself prints, at the highest log level that Orion permits. */
import assert from "node:assert/strict";
import { locateLibav } from "../../src/libav/locate.ts";
import { Child } from "../support/system/children.ts";
import { ROOT } from "../support/system/files.ts";
import { HostileCamera } from "../support/cameras/hostile_camera.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { PASSWORD_ENCODED, tracesIn, USER } from "../support/product/secrecy.ts";

/** Opens a camera that requires the password, and returns the output. */
async function printed(...how: string[]): Promise<string> {
  await using camera = HostileCamera.start({
    clip: { pictures: [], parameterSets: [] },
    status: 401,
  });
  const url = camera.url.replace("rtsp://", `rtsp://${USER}:${PASSWORD_ENCODED}@`);
  const libraries = locateLibav();
  const script = `${ROOT}/tests/support/streams/talkative_libav.ts`;
  await using child = new Child({
    name: "libav",
    // A process of its own, since libav writes to the descriptor itself; through the permitted shell.
    command: "sh",
    args: ["-c", 'exec "$0" "$@"', Deno.execPath(), "run", "--no-check"]
      .concat([`--allow-ffi=${Object.values(libraries).join(",")}`, script])
      .concat([JSON.stringify(libraries), url, ...how]),
  });
  await child.exit();
  const text = child.stderr.text();
  assert.match(text, /401/);
  return text;
}

Deno.test({
  name: "log: libav prints no password, even at its most verbose level",
  ignore: ignoreWithout("libav"),
  async fn() {
    assert.deepEqual(tracesIn(await printed()), []);
    const everything = await printed("uncapped");
    assert.ok(tracesIn(everything).length > 0, "without the cap the test would find it");
  },
});
