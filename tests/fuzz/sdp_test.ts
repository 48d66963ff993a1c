/** Session descriptions under mutation: typed errors, bounds, and what a mutation may not change. */
import assert from "node:assert/strict";
import { OrionError } from "../../src/core/errors.ts";
import { MAX_TRACKS } from "../../src/rtsp/limits.ts";
import { writeRequest } from "../../src/rtsp/protocol/messages.ts";
import { resolveControl, trackBase } from "../../src/rtsp/protocol/url.ts";
import { parseSdp } from "../../src/rtsp/sdp/session_description.ts";
import { DESCRIPTIONS, OTHER_SECTIONS, SDP_WORDS, VIDEO_SECTIONS } from "./corpus/sdp.ts";
import { corpusOf, mutated, pick, type Random } from "./mutate.ts";
import { fuzz, FUZZ_RUNS } from "./runs.ts";

/** Within the bounds of a line and of a description. */
const MAX_OTHER_CHARS = 4000;
const decoder = new TextDecoder();

function mutatedText(random: Random, texts: readonly [string, ...string[]]): string {
  return decoder.decode(mutated(random, corpusOf(texts), SDP_WORDS));
}

/** Moves, drops or doubles lines, which mutations of bytes rarely do. */
function shuffledLines(random: Random, text: string): string {
  const lines = text.split("\r\n");
  for (let rounds = random(4); rounds > 0; rounds--) {
    const at = random(lines.length);
    const moved = random(2) === 0 ? lines.splice(at, 1) : lines.slice(at, at + 1);
    if (random(3) > 0) lines.splice(random(lines.length + 1), 0, ...moved);
  }
  return lines.join(pick(random, ["\r\n", "\n", "\r", "\r\n\r\n"]));
}

Deno.test("sdp fuzz: a mutated session description parses, or throws a stream error", async () => {
  let described = 0;
  await fuzz({
    name: "session descriptions",
    seed: 13_601,
    runs: FUZZ_RUNS,
    input: (random) => shuffledLines(random, mutatedText(random, DESCRIPTIONS)),
    shown: JSON.stringify,
    check(text) {
      try {
        const { media, control } = parseSdp(text);
        described++;
        assert.ok(media.length > 0 && media.length <= MAX_TRACKS);
        for (const { format, problem, kind, control: own } of media) {
          assert.ok(kind !== "video" || (format === null) !== (problem === null));
          assert.ok(format === null || format.clockRate > 0 && format.payloadType < 128);
          assert.ok(format?.extradata?.byteLength !== 0);
          const { uri } = resolveControl(trackBase("rtsp://cam/x", control), own);
          writeRequest({ method: "SETUP", uri, headers: [] });
        }
      } catch (error) {
        assert.ok(error instanceof OrionError && error.code === "STREAM_INVALID", String(error));
      }
    },
  });
  assert.ok(described > FUZZ_RUNS / 2, `${described}`);
});

Deno.test("sdp fuzz: whatever another section says, that of the video means the same", async () => {
  await fuzz({
    name: "sections of a description",
    seed: 13_602,
    runs: FUZZ_RUNS,
    input: (random) => {
      // A section begins at "m=" alone, zeros removed: without one, a mutation stays within its own.
      const other = mutatedText(random, OTHER_SECTIONS).replaceAll("\0", "").replaceAll(
        /m\s*=/gi,
        "x",
      )
        .slice(0, MAX_OTHER_CHARS);
      return { video: pick(random, VIDEO_SECTIONS), other: `m=audio 0 RTP/AVP 0\r\n${other}` };
    },
    shown: ({ video, other }) => JSON.stringify([video, other]),
    check({ video, other }) {
      const [alone] = parseSdp(video).media;
      assert.ok(alone !== undefined && alone.format !== null, video);
      const after = parseSdp(`v=0\r\n${other}\r\n${video}`).media;
      assert.equal(after.length, 2);
      assert.deepEqual({ ...after[1], index: 0 }, alone);
      const before = parseSdp(`v=0\r\n${video}\r\n${other}`).media;
      assert.deepEqual(before[0], alone);
    },
  });
});

/** What a printed description says. */
interface Printed {
  readonly codec: "h264" | "hevc" | "mjpeg" | "mpeg4" | "av1";
  readonly payloadType: number;
  readonly clockRate: number;
  readonly frameRate: number;
  readonly control: string;
}

const NAMES = { h264: "H264", hevc: "H265", mjpeg: "JPEG", mpeg4: "MP4V-ES", av1: "AV1" } as const;

/** Prints one section with its lines in any order. */
function print(random: Random, { codec, payloadType, clockRate, ...more }: Printed): string {
  const lines = [
    `a=rtpmap:${payloadType} ${NAMES[codec]}/${clockRate}`,
    `a=framerate:${more.frameRate}`,
    `a=control:${more.control}`,
    `a=fmtp:${payloadType} unknown=1`,
  ];
  const order = lines.map((line) => ({ line, at: random(1000) })).sort((a, b) => a.at - b.at);
  return [`m=video 0 RTP/AVP ${payloadType}`, ...order.map(({ line }) => line)].join("\r\n");
}

Deno.test("sdp fuzz: a description that was printed is parsed to the same values", async () => {
  await fuzz({
    name: "printed descriptions",
    seed: 13_603,
    runs: FUZZ_RUNS,
    input: (random): Printed => ({
      codec: pick(random, ["h264", "hevc", "mjpeg", "mpeg4", "av1"]),
      payloadType: 96 + random(32),
      clockRate: 1 + random(1_000_000),
      frameRate: (1 + random(2000)) / 8,
      control: pick(random, ["track1", "rtsp://10.0.0.2/a?b=c", "*", "a:b;c=d"]),
    }),
    shown: JSON.stringify,
    check(printed, random) {
      const [media] = parseSdp(print(random, printed)).media;
      assert.deepEqual({
        codec: media?.format?.codec,
        payloadType: media?.format?.payloadType,
        clockRate: media?.format?.clockRate,
        frameRate: media?.frameRate,
        control: media?.control,
      }, printed);
    },
  });
});
