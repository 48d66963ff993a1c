/** What cameras get wrong in a stream that can be played all the same: it is played, and undisturbed. */
import assert from "node:assert/strict";
import { atOnce } from "../support/system/at_once.ts";
import { makeRawClip } from "../support/clips/camera_clips.ts";
import { FaultyCamera } from "../support/cameras/faulty_camera/camera.ts";
import type { CameraClip } from "../support/cameras/faulty_camera/clip.ts";
import type { FaultyCameraOptions } from "../support/cameras/faulty_camera/options.ts";
import { patternCameraClip, PatternWatch } from "../support/cameras/faulty_camera/pattern_watch.ts";
import { ignoreWithout } from "../support/system/parts.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
const FPS = 50;
const FRAMES = 30;
/** Pictures from one keyframe to the next. */
const GOP = 10;
const TCP = ["tcp"] as const;
const UDP = ["udp"] as const;
const BOTH = ["tcp", "udp"] as const;

const NO_CLIP: CameraClip = { codec: "h264", pictures: [], parameterSets: [] };
const clip = ignore ? NO_CLIP : await patternCameraClip(200);
const sliced = ignore ? NO_CLIP : await patternCameraClip(200, ["-x264-params", "slices=4"]);
const intra = ignore ? NO_CLIP : await patternCameraClip(200, ["-x264-params", "intra-refresh=1"]);

interface Quirk {
  readonly what: string;
  readonly options: FaultyCameraOptions;
  readonly transports: readonly ("tcp" | "udp")[];
  /** Pictures that may be left out as damaged until it is understood. */
  readonly corrupt: number;
}

function quirk(
  what: string,
  options: FaultyCameraOptions,
  transports: Quirk["transports"] = TCP,
  corrupt = 0,
): Quirk {
  return { what, options, transports, corrupt };
}

/** Small, so that each picture takes several, and not so many that they fill a socket. */
const payloadBytes = 200;

const QUIRKS: readonly Quirk[] = [
  quirk("is without a fault", {}, BOTH),
  quirk("describes no parameter sets", { description: { sprop: "absent" } }, BOTH),
  quirk("describes empty parameter sets", { description: { sprop: "empty" } }),
  quirk("sends no parameter sets", { packets: { hasInBandSets: false } }, BOTH),
  quirk("sends its parameter sets in one packet", { packets: { aggregatesSets: true } }),
  quirk("sends packets of every size", { packets: { payloadBytes: 23 } }, BOTH),
  quirk("sends extensions, padding and contributing sources", {
    packets: { payloadBytes, extensionWords: 3, paddingBytes: 7, csrcCount: 2 },
  }, BOTH),
  quirk("never marks the end of a picture", { packets: { payloadBytes, marker: "never" } }, BOTH),
  quirk("marks every packet", { packets: { payloadBytes, marker: "every-packet" } }, BOTH),
  quirk("sends slices", { clip: sliced, packets: { payloadBytes } }, BOTH),
  quirk(
    "marks every slice",
    { clip: sliced, packets: { payloadBytes, marker: "every-slice" } },
    TCP,
    GOP,
  ),
  quirk("marks no slice", { clip: sliced, packets: { payloadBytes, marker: "never" } }),
  quirk(
    "begins near the end of the sequence numbers",
    { packets: { startSequence: 65_533 } },
    BOTH,
  ),
  quirk("begins near the end of the timestamps", { stamps: { start: 2 ** 32 - 5 * 1800 } }),
  quirk("reorders packets", { packets: { payloadBytes, reorderEvery: 5 } }, UDP),
  quirk("sends packets twice", { packets: { payloadBytes, duplicateEvery: 3 } }, UDP),
  quirk("shares its ports with a forger", { packets: { payloadBytes, strangePortEvery: 3 } }, UDP),
  quirk(
    "sends packets of another source",
    { packets: { payloadBytes, strangeSsrcEvery: 7 } },
    UDP,
  ),
  quirk("sends packets without payload", { packets: { payloadBytes, emptyEvery: 3 } }, BOTH),
  quirk("sends another payload type", { packets: { payloadTypeOffset: 3 } }, TCP, 2 * GOP),
  quirk("does not name its ports", { control: { announcesServerPorts: false } }, UDP),
  quirk("sends junk between packets", { wire: { junkEveryFrames: 3 } }),
  quirk("sends on channels of its own", { wire: { strayChannelEveryFrames: 2 } }),
  quirk("writes a byte at a time", { wire: { splitBytes: 1 } }),
  quirk("writes seven bytes at a time", { wire: { splitBytes: 7, junkEveryFrames: 5 } }),
  quirk("plays before it answers PLAY", { wire: { framesBeforePlayAnswer: 3 } }),
  quirk("spells CSeq in its own way", { wire: { cseqName: "Cseq" } }, BOTH),
  quirk("ends lines with a line feed", { wire: { lineEnd: "\n" } }, BOTH),
  quirk("chooses the channel", { control: { ownChannel: 4 } }),
  quirk("announces its source", { control: { ssrc: "right" } }, BOTH),
  quirk("announces another source", { control: { ssrc: "wrong" } }, BOTH),
  quirk("says nothing of its first packet", { control: { rtpInfo: "absent" } }),
  quirk("is wrong about its first packet", { control: { rtpInfo: "wrong" } }),
  quirk(
    "begins in the middle of a group of pictures",
    { playback: { startFrame: 5, fps: FPS } },
    TCP,
    5,
  ),
  quirk("is joined while it runs", { playback: { isLive: true, fps: FPS } }, TCP, GOP),
  quirk("refreshes without keyframes", { clip: intra }),
  quirk("names no methods", { control: { public: "" } }),
];

for (const { what, options, transports, corrupt } of QUIRKS) {
  const assertPlayed = async (transport: typeof transports[number]) => {
    await using camera = FaultyCamera.start({ clip, playback: { fps: FPS }, ...options });
    await using watch = new PatternWatch(camera, { transport });
    await watch.pictures(FRAMES);
    const { network } = await watch.assertUndisturbed(corrupt);
    assert.deepEqual(network?.anomalies, { outlier: 0, jump: 0, constant: 0 }, transport);
  };
  Deno.test({
    name: `rtsp: a camera that ${what} is played over ${
      transports.join(" and ")
    }, every picture whole`,
    ignore,
    // At once: there is little to do but to wait.
    fn: async () => void await atOnce(transports, assertPlayed),
  });
}

Deno.test({
  name: "rtsp: a camera that refreshes and begins without a keyframe shows whole pictures only",
  ignore,
  async fn() {
    const playback = { fps: FPS, startFrame: 7 };
    await using camera = FaultyCamera.start({ clip: intra, playback });
    await using watch = new PatternWatch(camera);
    await watch.pictures(FRAMES);
    await watch.stop();
    assert.equal(camera.log.connections.length, 1);
  },
});

Deno.test({
  name: "rtsp: a camera's H.265 is played, also with its parameter sets in one packet",
  ignore,
  async fn() {
    const size = { width: 320, height: 180 };
    const h265 = await makeRawClip({ codec: "h265", size, frames: 60, keyframeInterval: 10 });
    for (const aggregatesSets of [false, true]) {
      for (const transport of BOTH) {
        await using camera = FaultyCamera.start({
          clip: h265,
          playback: { fps: FPS },
          packets: { payloadBytes, aggregatesSets },
        });
        await using watch = new PatternWatch(camera, { transport });
        await watch.pictures(FRAMES);
        const { account, info } = await watch.run.stop();
        assert.equal(account.corrupt, 0);
        assert.deepEqual([info?.codec, info?.width, info?.height], ["hevc", 320, 180]);
      }
    }
  },
});

Deno.test({
  name: "rtsp: what a camera loses is counted, and no picture with a hole is shown",
  ignore,
  async fn() {
    for (const transport of BOTH) {
      await using camera = FaultyCamera.start({
        clip,
        playback: { fps: FPS },
        packets: { payloadBytes, dropEvery: 37 },
      });
      await using watch = new PatternWatch(camera, { transport });
      await watch.pictures(FRAMES);
      const { account, network } = await watch.stop();
      assert.equal(camera.log.connections.length, 1);
      assert.ok(account.corrupt > 0, "no picture was left out");
      const lost = network?.lostPackets ?? 0;
      // Of those that were sent last, some were not read any more: only what was received is known.
      const seen = camera.log.frames.slice(0, account.received - 1);
      const least = seen.reduce((sum, { dropped }) => sum + dropped, 0);
      const most = camera.log.droppedPackets + await watch.dropped();
      assert.ok(lost > 0 && lost >= least && lost <= most, `${lost} of ${least} to ${most}`);
    }
  },
});

Deno.test({
  name: "rtsp: an encoder that begins anew, as another source, is played on from its next keyframe",
  ignore,
  async fn() {
    for (const transport of BOTH) {
      await using camera = FaultyCamera.start({
        clip,
        playback: { fps: FPS },
        packets: { payloadBytes, restartAtSeconds: 0.5 },
        stamps: { jumps: [{ atSeconds: 0.5, bySeconds: -3000 }] },
      });
      await using watch = new PatternWatch(camera, { transport });
      await watch.pictures(60);
      const { network } = await watch.assertUndisturbed(2 * GOP);
      assert.equal(network?.anomalies["jump"], 1);
    }
  },
});

Deno.test({
  name: "rtsp: a camera's questions are answered while it plays",
  ignore,
  async fn() {
    const asks = ["OPTIONS", "GET_PARAMETER", "ANNOUNCE"];
    await using camera = FaultyCamera.start({
      clip,
      playback: { fps: FPS },
      control: { asks, asksEverySeconds: 0.1 },
    });
    await using watch = new PatternWatch(camera);
    const { log } = camera;
    await log.until("three answers", () => log.answers.length >= asks.length);
    assert.deepEqual(log.answers.slice(0, 3).map(({ cseq }) => cseq), ["1", "2", "3"]);
    assert.deepEqual(log.answers.slice(0, 2).map(({ status }) => status), [200, 200]);
    await watch.pictures(FRAMES);
    await watch.assertUndisturbed();
  },
});
