import assert from "node:assert/strict";
import { StreamError } from "../../../../src/core/errors.ts";
import { MAX_SDP_LINE_CHARS, MAX_SDP_LINES, MAX_TRACKS } from "../../../../src/rtsp/limits.ts";
import { parseSdp } from "../../../../src/rtsp/sdp/session_description.ts";
import { annexB, extradata, first, formatOf, PPS, SPS, SPS_265, VPS_265 } from "./descriptions.ts";

const CAMERA = [
  "v=0",
  "o=- 7 7 IN IP4 0.0.0.0",
  "s=Live",
  "t=0 0",
  "a=control:*",
  "m=audio 0 RTP/AVP 8",
  "a=control:track2",
  "m=video 0 RTP/AVP 96",
  "b=AS:2000",
  "a=framerate:12.5",
  `a=fmtp:96 packetization-mode=1;sprop-parameter-sets=${SPS},${PPS}`,
  "a=rtpmap:96 H264/90000",
  "a=control:track1",
  "m=application 0 RTP/AVP 107",
  "a=rtpmap:107 vnd.onvif.metadata/90000",
  "a=control:track3",
];

Deno.test("rtsp: a session description has its media sections in order", () => {
  const { control, media } = parseSdp(CAMERA.join("\r\n"));
  assert.equal(control, "*");
  assert.deepEqual(media.map(({ index, kind, control }) => [index, kind, control]), [
    [0, "audio", "track2"],
    [1, "video", "track1"],
    [2, "application", "track3"],
  ]);
  const [audio, video, metadata] = media;
  assert.equal(audio?.encodingName, null);
  assert.equal(metadata?.encodingName, "vnd.onvif.metadata");
  assert.equal(video?.encodingName, "H264");
  assert.equal(video?.frameRate, 12.5);
  assert.deepEqual([audio?.format, audio?.problem, metadata?.format], [null, null, null]);
  assert.deepEqual({ ...video?.format, extradata: video?.format?.extradata?.toHex() }, {
    codec: "h264",
    clockRate: 90000,
    payloadType: 96,
    extradata: annexB(SPS, PPS),
    hasDonl: false,
    sizePx: null,
  });
});

/** Notations of the same description. */
const SHAPES: Record<string, (lines: readonly string[]) => string> = {
  "LF alone": (lines) => lines.join("\n"),
  "CR alone": (lines) => lines.join("\r"),
  "a last line end": (lines) => `${lines.join("\r\n")}\r\n`,
  "blank lines between": (lines) => lines.join("\r\n\r\n"),
  "spaces at the ends": (lines) => lines.map((line) => ` ${line} \t`).join("\r\n"),
  "spaces around the equals sign": (lines) =>
    lines.map((line) => `${line[0]} = ${line.slice(2)}`).join("\n"),
  "lines that are none": (lines) => ["\ufeff", "=", "junk", "a", ...lines, "!!"].join("\r\n"),
  "zeros at the end": (lines) => `${lines.join("\r\n")}\0\0\0\0`,
  "attributes in upper case": (lines) =>
    lines.map((line) => line.replace(/^a=(\w+)/, (_, name: string) => `a=${name.toUpperCase()}`))
      .join("\r\n"),
};

for (const [what, write] of Object.entries(SHAPES)) {
  Deno.test(`rtsp: a session description with ${what} parses to the same`, () => {
    assert.deepEqual(parseSdp(write(CAMERA)), parseSdp(CAMERA.join("\r\n")));
  });
}

/** Notations of an rtpmap, and its codec. */
const NAMES: readonly (readonly [string, string])[] = [
  ["96 H264/90000", "h264"],
  ["96 h264/90000 ", "h264"],
  ["96\tH264 / 90000/1", "h264"],
  ["96 H264", "h264"],
  ["96 H264/", "h264"],
  ["96 H264/0", "h264"],
  ["96 H.264/90000", "h264"],
  ["96 HEVC/90000", "hevc"],
  ["96 jpeg/90000", "mjpeg"],
  ["96 MJPEG/90000", "mjpeg"],
  ["96 mp4v-es/90000", "mpeg4"],
  ["96 AV1/90000", "av1"],
];

for (const [rtpmap, codec] of NAMES) {
  Deno.test(`rtsp: the codec of rtpmap ${JSON.stringify(rtpmap)} is ${codec}`, () => {
    const format = formatOf("m=video 0 RTP/AVP 96", `a=rtpmap:${rtpmap}`);
    assert.deepEqual([format.codec, format.clockRate, format.payloadType], [codec, 90000, 96]);
  });
}

Deno.test("rtsp: another clock rate is kept", () => {
  const format = formatOf("m=video 0 RTP/AVP 96", "a=rtpmap:96 MP4V-ES/10000");
  assert.equal(format.clockRate, 10000);
});

Deno.test("rtsp: payload type 26 is JPEG without an rtpmap", () => {
  const format = formatOf("m=video 0 RTP/AVP 26", "a=control:track1");
  assert.deepEqual([format.codec, format.payloadType, format.clockRate], ["mjpeg", 26, 90000]);
});

Deno.test("rtsp: an rtpmap of another payload type applies if it is the only one", () => {
  const lines = ["a=rtpmap:97 H264/90000", `a=fmtp:98 sprop-parameter-sets=${SPS},${PPS}`];
  const format = formatOf("m=video 0 RTP/AVP 96", ...lines);
  assert.deepEqual([format.codec, format.payloadType], ["h264", 96]);
  assert.equal(extradata(format), annexB(SPS, PPS));
  assert.equal(formatOf("m=video 0 RTP/AVP", ...lines).payloadType, 97);
  assert.equal(formatOf("m=video 0 RTP/AVP 26", ...lines).codec, "mjpeg");
});

Deno.test("rtsp: format parameters in the section of another track are found", () => {
  const parameters = `a=fmtp:96 sprop-parameter-sets=${SPS},${PPS}`;
  const found = (...lines: string[]) =>
    formatOf("m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", ...lines).extradata?.toHex();
  assert.equal(
    found("m=audio 0 RTP/AVP 8", "a=rtpmap:0 pcma/8000/1", parameters),
    annexB(SPS, PPS),
  );
  assert.equal(found("m=video 0 RTP/AVP 96", parameters), undefined, "the other track's own");
});

Deno.test("rtsp: of several payload types the first supported one is used", () => {
  const { format, encodingName } = first(
    "m=video 0 RTP/AVP 100 99 98",
    "a=rtpmap:98 H264/90000",
    "a=rtpmap:99 H265/90000",
    "a=rtpmap:100 VP8/90000",
    `a=fmtp:98 sprop-parameter-sets=${SPS}`,
    `a=fmtp:99 sprop-vps=${VPS_265}`,
    `a=fmtp:99 sprop-sps=${SPS_265}`,
  );
  assert.deepEqual([format?.codec, format?.payloadType, encodingName], ["hevc", 99, "H265"]);
  assert.equal(format?.extradata?.toHex(), annexB(VPS_265, SPS_265));
});

Deno.test("rtsp: a format without a name is identified by its parameters", () => {
  const unnamed = (parameters: string) => first("m=video 0 RTP/AVP 96", `a=fmtp:96 ${parameters}`);
  assert.equal(unnamed(`sprop-parameter-sets=${SPS}`).format?.codec, "h264");
  assert.equal(unnamed("packetization-mode=1;profile-level-id=420029").format?.codec, "h264");
  assert.equal(unnamed(`sprop-sps=${SPS_265}`).format?.codec, "hevc");
  assert.equal(unnamed("profile-id=1").format, null);
});

Deno.test("rtsp: an unsupported video section has a problem", () => {
  const problem = (...lines: string[]) => {
    const { format, problem } = first(...lines);
    assert.equal(format, null);
    return problem;
  };
  assert.equal(
    problem("m=video 0 RTP/AVP 96", "a=rtpmap:96 VP8/90000"),
    "the codec VP8 is not supported",
  );
  assert.equal(problem("m=video 0 RTP/AVP 33"), "the codec MP2T is not supported");
  assert.equal(problem("m=video 0 RTP/AVP 96"), "payload type 96 is not described");
  assert.equal(problem("m=video 0 RTP/AVP"), "it names no payload type");
  assert.equal(problem("m=video 0 RTP/SAVP 96"), "it is encrypted (SRTP)");
  assert.equal(problem("m=video 0 udp 33"), "it is not sent over RTP");
  const long = problem("m=video 0 RTP/AVP 96", `a=rtpmap:96 \x1b[1m${"x".repeat(900)}/90000`);
  assert.ok(long !== null && long.length < 80 && !long.includes("\x1b"));
});

Deno.test("rtsp: vendor-specific media kinds and formats are tolerated", () => {
  const { kind, format, encodingName } = first(
    "m=application/X-CAM 0 RTP/AVP smart/1/90000",
    "a=rtpmap:95 X-CAM/90000",
  );
  assert.deepEqual([kind, format, encodingName], ["application", null, "X-CAM"]);
});

/** Notations of a frame rate. */
const RATES: readonly (readonly [readonly string[], number | null])[] = [
  [["a=framerate:25"], 25],
  [["a=framerate: 15.000000"], 15],
  [["a=framerate:0S", "a=framerate:20"], 20],
  [["a=framerate:0S"], null],
  [["a=framerate:30000/1001"], 30000 / 1001],
  [["a=framerate:25/0"], null],
  [["a=framerate:-5"], null],
  [["a=framerate:99999"], null],
  [["a=x-framerate: 12"], 12],
  [[], null],
];

for (const [lines, rate] of RATES) {
  Deno.test(`rtsp: the frame rate of ${JSON.stringify(lines)} is ${rate}`, () => {
    assert.equal(first("m=video 0 RTP/AVP 26", ...lines).frameRate, rate);
  });
}

/** Notations of a picture size. */
const SIZES: readonly string[] = [
  "a=x-dimensions: 2592, 1944",
  "a=x-dimensions:2592,1944",
  "a=framesize:26 2592-1944",
  "a=cliprect:0,0,1944,2592",
  "a=fmtp:26 width=2592;height=1944",
];

for (const line of SIZES) {
  Deno.test(`rtsp: the size of MJPEG is parsed from ${line}`, () => {
    const { sizePx } = formatOf("m=video 0 RTP/AVP 26", line);
    assert.deepEqual(sizePx, { width: 2592, height: 1944 });
  });
}

Deno.test("rtsp: a payload type that no packet can have is none", () => {
  const { media } = parseSdp("m=video 0 RTP/AVP 977\r\na=rtpmap:977 H264/90000");
  assert.equal(media[0]?.format, null);
  assert.equal(media[0]?.problem, "it names no payload type");
});

Deno.test("rtsp: invalid sizes are ignored", () => {
  for (
    const line of ["a=x-dimensions:0,0", "a=cliprect:0,0,0,0", "a=framesize:26 1", "a=cliprect:5"]
  ) {
    assert.equal(formatOf("m=video 0 RTP/AVP 26", line).sizePx, null, line);
  }
});

Deno.test("rtsp: a description without a track, or beyond a limit, is invalid", () => {
  const track = "m=video 0 RTP/AVP 96\r\n";
  const refused = {
    empty: "",
    "no track": "v=0\r\ns=x\r\n",
    "HTML": "<html>\n<body>m=video</body>",
    tracks: track.repeat(MAX_TRACKS + 1),
    "a line": `${track}a=x:${"x".repeat(MAX_SDP_LINE_CHARS)}\r\n`,
    lines: `${track}${"\n".repeat(MAX_SDP_LINES)}`,
    length: `${track}${`a=${"x".repeat(1000)}\n`.repeat(300)}`,
  };
  for (const [what, text] of Object.entries(refused)) {
    assert.throws(
      () => parseSdp(text),
      (error) => error instanceof StreamError && error.code === "STREAM_INVALID",
      what,
    );
  }
  assert.equal(parseSdp(track.repeat(MAX_TRACKS)).media.length, MAX_TRACKS);
});
