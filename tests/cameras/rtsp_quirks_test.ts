/** Quirks of cameras' streams that are tolerated: every picture is delivered undamaged. */
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
/** The GOP length. */
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
  /** Pictures that may be skipped as corrupt until the quirk is detected. */
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

/** Small enough for several packets per picture, and large enough not to fill a socket. */
const payloadBytes = 200;

const QUIRKS: readonly Quirk[] = [
  quirk("has no quirks", {}, BOTH),
  quirk("describes no parameter sets", { description: { sprop: "absent" } }, BOTH),
  quirk("describes empty parameter sets", { description: { sprop: "empty" } }),
  quirk("sends no parameter sets", { packets: { hasInBandSets: false } }, BOTH),
  quirk("sends its parameter sets in one packet", { packets: { aggregatesSets: true } }),
  quirk("sends packets of every size", { packets: { payloadBytes: 23 } }, BOTH),
  quirk("sends extensions, padding and contributing sources", {
    packets: { payloadBytes, extensionWords: 3, paddingBytes: 7, csrcCount: 2 },
  }, BOTH),
  quirk("never sets the marker bit", { packets: { payloadBytes, marker: "never" } }, BOTH),
  quirk("sets the marker bit on every packet", {
    packets: { payloadBytes, marker: "every-packet" },
  }, BOTH),
  quirk("sends slices", { clip: sliced, packets: { payloadBytes } }, BOTH),
  quirk(
    "sets the marker bit on every slice",
    { clip: sliced, packets: { payloadBytes, marker: "every-slice" } },
    TCP,
    GOP,
  ),
  quirk("sends slices without a marker bit", {
    clip: sliced,
    packets: { payloadBytes, marker: "never" },
  }),
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
    "sends packets of another SSRC",
    { packets: { payloadBytes, strangeSsrcEvery: 7 } },
    UDP,
  ),
  quirk("sends packets without payload", { packets: { payloadBytes, emptyEvery: 3 } }, BOTH),
  quirk("sends another payload type", { packets: { payloadTypeOffset: 3 } }, TCP, 2 * GOP),
  quirk("does not announce its ports", { control: { announcesServerPorts: false } }, UDP),
  quirk("sends junk between packets", { wire: { junkEveryFrames: 3 } }),
  quirk("sends on channels that were not set up", { wire: { strayChannelEveryFrames: 2 } }),
  quirk("writes a byte at a time", { wire: { splitBytes: 1 } }),
  quirk("writes seven bytes at a time", { wire: { splitBytes: 7, junkEveryFrames: 5 } }),
  quirk("plays before it answers PLAY", { wire: { framesBeforePlayAnswer: 3 } }),
  quirk("writes CSeq in another case", { wire: { cseqName: "Cseq" } }, BOTH),
  quirk("ends lines with a line feed", { wire: { lineEnd: "\n" } }, BOTH),
  quirk("chooses the channel", { control: { ownChannel: 4 } }),
  quirk("announces its SSRC", { control: { ssrc: "right" } }, BOTH),
  quirk("announces another SSRC", { control: { ssrc: "wrong" } }, BOTH),
  quirk("sends no RTP-Info", { control: { rtpInfo: "absent" } }),
  quirk("sends a wrong RTP-Info", { control: { rtpInfo: "wrong" } }),
  quirk(
    "begins in the middle of a GOP",
    { playback: { startFrame: 5, fps: FPS } },
    TCP,
    5,
  ),
  quirk("is joined while it runs", { playback: { isLive: true, fps: FPS } }, TCP, GOP),
  quirk("sends intra refresh without keyframes", { clip: intra }),
  quirk("announces no methods", { control: { public: "" } }),
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
    // Concurrently: they mostly wait.
    fn: async () => void await atOnce(transports, assertPlayed),
  });
}

Deno.test({
  name:
    "rtsp: of a camera with intra refresh that begins without a keyframe, only complete pictures are delivered",
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
  name: "rtsp: H.265 is played, also with its parameter sets in one packet",
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
  name: "rtsp: packets that a camera loses are counted, and no damaged picture is delivered",
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
      assert.ok(account.corrupt > 0, "no picture was skipped as corrupt");
      const lost = network?.lostPackets ?? 0;
      // The last packets sent may not have been read: only losses before received ones are known.
      const seen = camera.log.frames.slice(0, account.received - 1);
      const least = seen.reduce((sum, { dropped }) => sum + dropped, 0);
      const most = camera.log.droppedPackets + await watch.dropped();
      assert.ok(lost > 0 && lost >= least && lost <= most, `${lost} of ${least} to ${most}`);
    }
  },
});

Deno.test({
  name: "rtsp: an encoder that restarts with another SSRC is played from its next keyframe",
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
  name: "rtsp: a camera's requests are answered while it plays",
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
