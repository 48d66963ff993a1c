/** Session descriptions in the notations of camera makers: what differs is kept, sets and addresses are others. */
const SETS_264 = "Z0LAHtkAoC/5cBEAAAMAAQAAAwAyDxYuSA==,aMuMsg==";
const VPS_265 = "QAEMAf//AWAAAAMAkAAAAwAAAwBdugJA";
const SPS_265 = "QgEBAWAAAAMAkAAAAwAAAwBdoAKAgC0WUbpKTC8BAQAAAwABAAADAAwI";
const PPS_265 = "RAHBc8GJ";

const HEAD = ["v=0", "o=- 1 1 IN IP4 10.0.0.2", "s=Live"];

function description(...lines: readonly string[]): string {
  return [...HEAD, ...lines, ""].join("\r\n");
}

/** A section that a camera sends beside its video. */
export const OTHER_SECTIONS: readonly [string, ...string[]] = [
  "m=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=control:audio",
  "m=audio 0 RTP/AVP 0\r\na=rtpmap:0 MPEG4-GENERIC/16000/2\r\na=fmtp:0 config=1408",
  "m=audio 0 RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96",
  "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=recvonly",
  "m=application/MAKER 0 RTP/AVP smart/1/90000\r\na=rtpmap:95 MAKER/90000",
];

/** A section with video that can be played. */
export const VIDEO_SECTIONS: readonly [string, ...string[]] = [
  `m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000 \r\na=range:npt=0-\r\na=framerate:0S\r\n` +
  `a=fmtp:96 packetization-mode=1; sprop-parameter-sets=${SETS_264};\r\na=framerate:25`,
  `m=video 0 RTP/AVP 105\r\na=control:rtsp://10.0.0.2/media/video1/video\r\n` +
  `a=rtpmap:105 H264/90000\r\na=fmtp:105 profile-level-id=4d4032; sprop-parameter-sets=${SETS_264}`,
  `m=video 0 RTP/AVP 98\r\na=framerate:12.000000\r\na=rtpmap:98 H265/90000\r\n` +
  `a=fmtp:98 profile-id=1;sprop-sps=${SPS_265};sprop-pps=${PPS_265};sprop-vps=${VPS_265}`,
  `m=video 0 RTP/AVP 97\r\na=rtpmap:97 HEVC/90000\r\na=fmtp:97 sprop-max-don-diff=1;sprop-sps=${SPS_265}`,
  "m=video 0 RTP/AVP 26\r\na=x-dimensions: 2592, 1944\r\na=cliprect:0,0,1944,2592",
  "m=video 0 RTP/AVP 98\r\na=rtpmap:98 MP4V-ES/90000\r\na=fmtp:98 config=000001b001000001b58913",
  "m=video 0 RTP/AVP 99\r\na=rtpmap:99 AV1/90000\r\na=framesize:99 1920-1080",
];

/** Whole descriptions. */
export const DESCRIPTIONS: readonly [string, ...string[]] = [
  description(
    "a=control:*",
    ...VIDEO_SECTIONS.slice(0, 4),
    "m=application/X 0 RTP/AVP smart/1/90000",
  ),
  ...VIDEO_SECTIONS.map((video, index) =>
    description(
      "e=NONE",
      "c=IN IP4 0.0.0.0",
      "t=0 0",
      "a=tool:server v1",
      "a=control:*",
      "a=range:npt=now-",
      ...index % 2 === 0 ? [video, ...OTHER_SECTIONS] : [...OTHER_SECTIONS, video],
      "a=appversion:1.0",
    )
  ),
  // Encodings that are not supported, encryption, payload types that do not fit, lines that are none.
  description("m=video 0 RTP/AVP 96", "a=rtpmap:96 H263-1998/90000"),
  description("m=video 0 RTP/SAVP 96", "a=rtpmap:96 H264/90000", "a=crypto:1 AES inline:x"),
  description("m=video 0 RTP/AVP 96", "a=rtpmap:97 H264/90000", `a=fmtp:98 sprop-sps=${SPS_265}`),
  description("m=video 0 UDP 33", "m=video", "m=", "a", "=", "a=:", "a=control", "a=fmtp:"),
];

/** Pieces that are inserted into descriptions. */
export const SDP_WORDS = [
  ...[
    "\r\n",
    "\n",
    "\r",
    "\0",
    " ",
    "\t",
    ":",
    ";",
    ",",
    "=",
    "/",
    "*",
    "-",
    "\u202e",
    "é",
    "\ufeff",
  ],
  ...["m=video 0 RTP/AVP 96", "m=audio 0 RTP/AVP 0", "a=fmtp:96 ", "a=rtpmap:96 ", "a=control:"],
  ...["sprop-sps=", "sprop-parameter-sets=", "config=", "packetization-mode=2", "AAAA", "===="],
  ...["99999999999", "-1", "65536", "4294967296", "1e9", "0x", "128", "H264/0", "rtsp://other/"],
] as const;
