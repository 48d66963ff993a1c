/** `orion probe`, as a person runs it. */
import assert from "node:assert/strict";
import { freePort } from "../support/files.ts";
import { HostileCamera } from "../support/hostile_camera.ts";
import { ignoreWithout } from "../support/parts.ts";
import { patternClip } from "../support/pattern.ts";
import { startOrion } from "../support/process.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
const SECRET = "hunter2";

async function orion(args: readonly string[]) {
  await using process = startOrion(args);
  const { code } = await process.exit();
  return { code, out: process.stdout.text(), err: process.stderr.text() };
}

Deno.test({
  name: "probe: tells codec, size, rate, keyframes, transport and decoders of a stream",
  ignore,
  async fn() {
    const clip = await patternClip(100, ["-bf", "0", "-g", "25"]);
    await using camera = HostileCamera.start({ clip });
    const url = camera.url.replace("rtsp://", `rtsp://viewer:${SECRET}@`);
    const { code, out, err } = await orion(["probe", url, "--json"]);
    assert.equal(code, 0, err);
    const { decoders, libav, fps, ...rest } = JSON.parse(out);
    assert.deepEqual(rest, {
      schema: "orion.probe/1",
      codec: "h264",
      width: 320,
      height: 192,
      pixelFormat: "yuv420p",
      keyframeIntervalSeconds: 1,
      transport: "tcp",
    });
    assert.ok(Math.abs(fps - 25) < 0.5);
    assert.equal(decoders[0], "h264");
    assert.match(libav, /^\d/);
    assert.ok(!(out + err).includes(SECRET));
  },
});

Deno.test({
  name: "probe: says why a stream cannot be opened, without its password",
  ignore,
  async fn() {
    const url = `rtsp://viewer:${SECRET}@127.0.0.1:${freePort()}/x`;
    const refused = await orion(["probe", url]);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /Connection refused/);
    const wrong = await orion(["probe", url, "another"]);
    assert.equal(wrong.code, 2);
    assert.ok(!(refused.err + wrong.err + wrong.out).includes(SECRET));
    assert.equal((await orion(["probe"])).code, 2);
  },
});
