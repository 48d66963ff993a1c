import assert from "node:assert/strict";
import { LibavError } from "../../src/libav/error.ts";
import { Decoder } from "../../src/libav/decoder.ts";
import { Frame } from "../../src/libav/frame.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { Clip, TempFolder, testLibav, thrownCode, TWO_PEOPLE } from "./support.ts";

const ignore = ignoreWithout("libav");
const ignoreClips = ignoreWithout("libav", "ffmpeg");

Deno.test(
  "decoder: the clip of two people has 300 packets, 300 frames and 6 keyframes, 40 ms apart",
  {
    ignore,
  },
  () => {
    using libav = testLibav();
    using clip = new Clip(libav, TWO_PEOPLE);
    const seconds: number[] = [];
    const keys: number[] = [];
    const { num, den } = clip.input.video.timeBase;
    const count = clip.decodeAll((frame) => {
      assert.equal(frame.width, 1280);
      assert.equal(frame.height, 720);
      assert.equal(clip.decoder.pixelFormatName(frame.format), "yuv420p");
      assert.equal(frame.isCorrupt, false);
      assert.equal(frame.decodeErrorFlags, 0);
      assert.equal(frame.pts, frame.bestEffortPts);
      if (frame.isKey) keys.push(seconds.length);
      seconds.push(Number(frame.pts) * num / den);
    });
    assert.deepEqual(count, { packets: 300, keys: 6, frames: 300 });
    assert.deepEqual(keys, [0, 50, 100, 150, 200, 250]);
    for (const [index, at] of seconds.entries()) assert(Math.abs(at - index * 0.04) < 1e-9);
    assert.equal(clip.decoder.name, "h264");
    assert.equal(clip.decoder.codecName, "h264");
  },
);

Deno.test("decoder: continues after the end once it is flushed, also with several threads", {
  ignore,
}, () => {
  using libav = testLibav();
  using clip = new Clip(libav, TWO_PEOPLE, { decoder: "h264", threads: 2 });
  for (let round = 0; round < 2; round++) {
    assert.equal(clip.decodeAll(() => {}).frames, 300);
    assert.equal(clip.decoder.receive(clip.frame), "end");
    assert.equal(clip.frame.isEmpty, true);
    clip.input.seekToStart();
    clip.decoder.flush();
  }
});

Deno.test("decoder: skips all but keyframes when set to", { ignore }, () => {
  using libav = testLibav();
  using clip = new Clip(libav, TWO_PEOPLE);
  clip.decoder.setSkipFrame("nokey");
  const count = clip.decodeAll((frame) => assert.equal(frame.isKey, true));
  assert.equal(count.frames, 6);
  clip.input.seekToStart();
  clip.decoder.flush();
  clip.decoder.setSkipFrame("noref");
  clip.decoder.setSkipFrame("default");
  assert.equal(clip.decodeAll(() => {}).frames, 300);
});

Deno.test("decoder: a full decoder returns again and accepts the packet later", { ignore }, () => {
  using libav = testLibav();
  using clip = new Clip(libav, TWO_PEOPLE);
  let again = 0;
  for (let packets = 0; packets < 20; packets++) {
    clip.input.readSync(clip.packet);
    while (clip.decoder.send(clip.packet) === "again") {
      again++;
      assert.equal(clip.decoder.receive(clip.frame), "frame");
    }
  }
  assert(again > 0);
});

Deno.test(
  "decoder: a damaged packet is an error, and the decoder continues",
  { ignore },
  () => {
    using libav = testLibav();
    using clip = new Clip(libav, TWO_PEOPLE);
    let errors = 0;
    let frames = 0;
    for (let index = 0; index < 100; index++) {
      clip.input.readSync(clip.packet);
      if (index === 10) {
        const data = libav.memory.u64(clip.packet.pointer + 24n);
        for (let byte = 0n; byte < BigInt(clip.packet.sizeBytes & ~7); byte += 8n) {
          libav.memory.writeU64(data + byte, 0xffffffffffffffffn);
        }
      }
      try {
        clip.decoder.send(clip.packet);
        while (clip.decoder.receive(clip.frame) === "frame") frames++;
      } catch (error) {
        assert(error instanceof LibavError);
        assert.equal(error.code, "STREAM_INVALID");
        assert.equal(error.retryable, true);
        errors++;
      }
    }
    assert.equal(errors, 1);
    assert.equal(frames, 99);
  },
);

Deno.test("decoder: one that does not exist, or is for another codec, fails permanently", {
  ignore,
}, () => {
  using libav = testLibav();
  using clip = new Clip(libav, TWO_PEOPLE);
  const alive = libav.alive;
  for (const decoder of ["no_such_decoder", "hevc", "aac"]) {
    assert.throws(() => Decoder.open(libav, clip.input.video, { decoder }), (error) => {
      assert(error instanceof LibavError);
      assert.equal(error.code, "STREAM_DECODER");
      assert.equal(error.retryable, false);
      assert(error.message.includes(decoder));
      return true;
    });
  }
  assert.equal(libav.alive, alive);
});

Deno.test("decoder: H.265 is decoded in the same way", { ignore: ignoreClips }, async () => {
  using folder = new TempFolder();
  const path = await folder.make(
    ...["-i", TWO_PEOPLE, "-frames:v", "10", "-vf", "scale=320:180", "-c:v", "libx265"],
    ...["-x265-params", "log-level=none:bframes=0", "h265.mp4"],
  );
  using libav = testLibav();
  using clip = new Clip(libav, path);
  assert.equal(clip.input.video.codecName, "hevc");
  const sizes = new Set<string>();
  const { frames } = clip.decodeAll((frame) => sizes.add(`${frame.width}x${frame.height}`));
  assert.equal(frames, 10);
  assert.deepEqual([...sizes], ["320x180"]);
});

Deno.test("frame: moving empties the source, referencing keeps both", { ignore }, () => {
  using libav = testLibav();
  using clip = new Clip(libav, TWO_PEOPLE);
  using held = new Frame(libav);
  using shared = new Frame(libav);
  assert.equal(held.isEmpty, true);
  assert.equal(held.pts, null);
  assert.equal(held.format, -1);
  const first = clip.first();
  const planes = { moved: new BigUint64Array(4), shared: new BigUint64Array(4) };
  held.moveFrom(first);
  assert.equal(first.isEmpty, true);
  assert.equal(held.pts, 0n);
  assert.equal(held.isKey, true);
  shared.refFrom(held);
  held.planes(planes.moved);
  shared.planes(planes.shared);
  assert.deepEqual(planes.shared, planes.moved);
  held.unref();
  assert.equal(held.isEmpty, true);
  assert.equal(shared.width, 1280);
  // A reference stays valid, independently of the decoder.
  const luma = libav.memory.u8(planes.shared[0] ?? 0n);
  for (let index = 0; index < 30; index++) clip.first();
  assert.equal(libav.memory.u8(planes.shared[0] ?? 0n), luma);
  held.moveFrom(held);
  shared.refFrom(shared);
  assert.equal(shared.isEmpty, false);
  assert.equal(thrownCode(() => held.refFrom(held)), "nothing was thrown");
});
