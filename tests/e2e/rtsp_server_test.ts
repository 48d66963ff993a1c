/** The RTSP server of the tests: it must behave as they expect. */
import assert from "node:assert/strict";
import { Child } from "../support/system/children.ts";
import { tempFolder, TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { RtspServer } from "../support/cameras/rtsp_server.ts";

const ignore = ignoreWithout("gst-rtsp-server", "ffmpeg");

async function run(command: string, args: readonly string[]): Promise<Child> {
  const child = new Child({ name: command, command, args });
  await child.exit();
  return child;
}

Deno.test({
  name: "rtsp server: plays a clip in a loop, with continuous presentation times",
  ignore,
  async fn() {
    using folder = tempFolder();
    const clip = `${folder.path}/short.mp4`;
    const cut = ["-v", "error", "-i", TWO_PEOPLE_CLIP, "-t", "1", "-c", "copy", clip];
    await using cutter = await run("ffmpeg", cut);
    assert.equal(cutter.stderr.text(), "");
    await using camera = await RtspServer.start({ clip });
    // The second client starts after the first has disconnected.
    for (const client of [1, 2]) {
      await using probe = await run("ffprobe", [
        ...["-v", "error", "-rtsp_transport", "tcp", "-read_intervals", "%+#75"],
        ...["-show_entries", "packet=pts_time", "-of", "csv=p=0", camera.url],
      ]);
      const times = probe.stdout.text().split("\n").filter((line) => /^\d/.test(line)).map(
        parseFloat,
      );
      assert.ok(times.length >= 70, `only ${times.length} frames came`);
      assert.ok((times.at(-1) ?? 0) > 2.5, "the clip did not start for the third time");
      times.slice(1).forEach((time, index) => {
        const step = time - (times[index] ?? 0);
        assert.ok(Math.abs(step - 0.04) < 0.002, `a step of ${step} s at ${time} s`);
      });
      assert.equal(camera.clients, client);
    }
  },
});

Deno.test({
  name: "rtsp server: refuses clients without the right password",
  ignore,
  async fn() {
    const auth = { user: "viewer", password: "p@ss:word/1" };
    await using camera = await RtspServer.start({ clip: TWO_PEOPLE_CLIP, auth });
    const probe = (url: string) =>
      run("ffprobe", ["-v", "error", "-rtsp_transport", "tcp", "-show_streams", url]);
    await using stranger = await probe(camera.url);
    assert.match(stranger.stderr.text(), /401/);
    await using guest = await probe(camera.urlWithCredentials);
    assert.match(guest.stdout.text(), /codec_name=h264/);
  },
});

Deno.test({
  name: "rtsp server: closes its clients' connections, freezes and restarts on request",
  ignore,
  async fn() {
    await using camera = await RtspServer.start({ clip: TWO_PEOPLE_CLIP });
    const args = ["-v", "error", "-rtsp_transport", "tcp", "-i", camera.url, "-f", "null"]
      .concat(["-progress", "pipe:1", "/dev/null"]);
    await using player = new Child({ name: "ffmpeg", command: "ffmpeg", args });
    // Disconnected in the middle of its handshake it would wait for an answer for ever.
    await player.stdout.waitFor((line) => /^frame=[1-9]/.test(line), { what: "that it plays" });
    await camera.kick();
    await player.exit();
    camera.freeze();
    camera.thaw();
    await camera.kick();
    await camera.stop();
    await using again = await RtspServer.start({ clip: TWO_PEOPLE_CLIP, port: camera.port });
    assert.equal(again.port, camera.port);
  },
});
