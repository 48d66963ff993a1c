/** Live cameras of each codec and size, over RTSP from a third-party server. */
import assert from "node:assert/strict";
import {
  type Codec,
  CODECS,
  makeCameraClips,
  type Shape,
  SHAPES,
  shownFrame,
} from "../support/clips/camera_clips.ts";
import { tempFolder } from "../support/system/files.ts";
import { shareFound } from "../support/models/found.ts";
import { inferences, Schemas } from "../support/brokers/messages.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { assertReportCloses } from "../support/product/report.ts";
import { Rig } from "../support/product/rig.ts";
import { RtspServer } from "../support/cameras/rtsp_server.ts";

const MESSAGES = 20;
const MIN_FOUND = 0.95;
const MIN_IOU = 0.7;

/** What `/status` reports for each codec. */
const EXPECTED: Readonly<Record<Codec, { readonly codec: string; readonly pixelFormat: string }>> =
  {
    h264: { codec: "h264", pixelFormat: "yuv420p" },
    h265: { codec: "hevc", pixelFormat: "yuv420p" },
    mjpeg: { codec: "mjpeg", pixelFormat: "yuvj420p" },
  };

/** Starts one camera for each codec, with its name as id. */
async function startCameras(clips: ReadonlyMap<Codec, string>, cameras: AsyncDisposableStack) {
  const lines: string[] = [];
  for (const [codec, clip] of clips) {
    // From the clip's first frame, so that the presentation time identifies the frame.
    const camera = cameras.use(await RtspServer.start({ clip, codec, ownPlayback: true }));
    lines.push(`  - { id: ${codec}, url: "${camera.url}" }`);
  }
  return lines.join("\n");
}

async function assertStatus(rig: Rig, { size }: Shape): Promise<void> {
  const { cameras } = assertReportCloses((await rig.get("/status")).body);
  assert.equal(cameras.length, CODECS.length);
  for (const codec of CODECS) {
    const camera = cameras.find(({ id }) => id === codec);
    assert.ok(camera);
    const { width, height, pixelFormat, reconnects, ledger: { corrupt } } = camera;
    assert.deepEqual(
      { codec: camera.codec, width, height, pixelFormat, reconnects, corrupt },
      { ...EXPECTED[codec], ...size, reconnects: 0, corrupt: 0 },
    );
  }
}

async function assertFound(rig: Rig, { size, people, moved }: Shape): Promise<void> {
  const all = inferences(rig.subscriber.messages, new Schemas());
  for (const codec of CODECS) {
    const messages = all.filter(({ camera }) => camera === codec);
    for (const { frame: { width, height } } of messages) {
      assert.deepEqual({ width, height }, size, codec);
    }
    for (const person of people) {
      const sought = { person, clipFrame: shownFrame, moved, minIou: MIN_IOU };
      const share = await shareFound(messages, sought);
      const found = `person ${person} in ${(share * 100).toFixed(0)} % of ${messages.length}`;
      assert.ok(share >= MIN_FOUND, `${codec}: ${found}`);
    }
  }
}

for (const shape of SHAPES) {
  Deno.test({
    name: `streams: H.264, H.265 and MJPEG of ${shape.size.width}x${shape.size.height} over RTSP ` +
      "give detections at the right places",
    ignore: ignoreWithout("libav", "mosquitto", "gst-rtsp-server", "ffmpeg"),
    async fn() {
      using folder = tempFolder();
      await using cameras = new AsyncDisposableStack();
      const clips = await makeCameraClips(shape, folder.path);
      await using rig = await Rig.start({
        config: [
          `cameras:\n${await startCameras(clips, cameras)}`,
          "detectors: [{ id: person, model: builtin:person-int8, rateHz: 6, classes: [person] }]",
        ].join("\n"),
      });
      for (const codec of CODECS) await rig.inferences(codec, MESSAGES);
      await assertStatus(rig, shape);
      assert.equal(await rig.stop(), 0);
      await assertFound(rig, shape);
    },
  });
}
