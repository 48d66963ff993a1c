import fc from "fast-check";
import assert from "node:assert/strict";
import { decodeHex, parseFormatParameters } from "../../../../src/rtsp/sdp/fmtp.ts";
import {
  annexB,
  base64Of,
  extradata,
  formatOf,
  h264,
  hexOf,
  OTHER_SPS,
  PPS,
  PPS_265,
  SPS,
  SPS_265,
  START,
  VPS_265,
} from "./descriptions.ts";

/** Notations of the same two H.264 parameter sets. */
const SAME_SETS: Record<string, string> = {
  "spaces behind the semicolons": `packetization-mode=1; sprop-parameter-sets=${SPS},${PPS}`,
  "a semicolon at the end": `sprop-parameter-sets=${SPS},${PPS};`,
  "keys in upper case": `SPROP-PARAMETER-SETS=${SPS},${PPS}`,
  "no padding": `sprop-parameter-sets=${SPS.replaceAll("=", "")},${PPS.replaceAll("=", "")}`,
  "junk in the base64": `sprop-parameter-sets=${SPS.slice(0, 8)} !${SPS.slice(8)},"${PPS}"`,
  "quotes": `sprop-parameter-sets="${SPS},${PPS}"`,
  "empty entries": `sprop-parameter-sets=,${SPS},,${PPS},`,
  "the PPS first": `sprop-parameter-sets=${PPS},${SPS}`,
  "a set twice": `sprop-parameter-sets=${SPS},${PPS},${SPS}`,
  "start codes in the sets": `sprop-parameter-sets=${base64Of(START + hexOf(SPS))},` +
    base64Of(`000001${hexOf(PPS)}`),
  "start codes behind the sets": `sprop-parameter-sets=${base64Of(hexOf(SPS) + START)},` +
    base64Of(hexOf(PPS) + START),
  "zeros behind the sets": `sprop-parameter-sets=${base64Of(`${hexOf(SPS)}0000`)},${PPS}`,
  "both sets in one": `sprop-parameter-sets=${base64Of(annexB(SPS, PPS))}`,
  "a config beside them": `sprop-parameter-sets=${SPS},${PPS};config=${
    annexB(OTHER_SPS, PPS)
  }${START}06f02c`,
  "a config in place of them": `profile-level-id=42C01E;config=${START}0910${annexB(SPS, PPS)}`,
  "an empty one before": `sprop-parameter-sets=;sprop-parameter-sets=${SPS},${PPS}`,
  "other NAL units between": `sprop-parameter-sets=${SPS},BgUB,ZYg=,${PPS}`,
};

for (const [what, parameters] of Object.entries(SAME_SETS)) {
  Deno.test(`rtsp: parameter sets are found with ${what}`, () => {
    assert.equal(extradata(h264(parameters)), annexB(SPS, PPS));
  });
}

Deno.test("rtsp: an SPS alone is extradata, and without an SPS there is none", () => {
  assert.equal(extradata(h264(`sprop-parameter-sets=${SPS}`)), annexB(SPS));
  for (const none of ["", ",", PPS, "????", "AAAAAQ==", "/////w=="]) {
    assert.equal(extradata(h264(`sprop-parameter-sets=${none}`)), null, none);
  }
  assert.equal(extradata(h264("packetization-mode=1")), null);
  assert.equal(extradata(formatOf("m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000")), null);
});

Deno.test("rtsp: H.265 parameter sets are in the order of extradata, whatever key they have", () => {
  const h265 = (name: string, parameters: string) =>
    formatOf("m=video 0 RTP/AVP 98", `a=rtpmap:98 ${name}/90000`, `a=fmtp:98 ${parameters}`);
  const wanted = annexB(VPS_265, SPS_265, PPS_265);
  const [vps, sps, pps] = [`sprop-vps=${VPS_265}`, `sprop-sps=${SPS_265}`, `sprop-pps=${PPS_265}`];
  assert.equal(extradata(h265("H265", `${vps};${sps};${pps}`)), wanted);
  assert.equal(extradata(h265("hevc", `${pps}; ${sps}; ${vps};`)), wanted);
  assert.equal(
    extradata(h265("h265", `sprop-sps=${VPS_265},${SPS_265},;sprop-vps=${PPS_265}`)),
    wanted,
  );
  assert.equal(
    extradata(h265("H265", `${vps};${sps};sprop-pps=${PPS_265},RAHBcrRiQA4=`)),
    `${wanted}${annexB("RAHBcrRiQA4=")}`,
  );
  assert.equal(extradata(h265("H265", `${vps};${pps}`)), null);
  assert.equal(h265("H265", vps).hasDonl, false);
  assert.equal(h265("H265", `${vps};sprop-max-don-diff=0`).hasDonl, false);
  assert.equal(h265("H265", `${vps};sprop-max-don-diff=2`).hasDonl, true);
  assert.equal(h265("H265", `${vps};sprop-max-don-diff=x`).hasDonl, false);
});

Deno.test("rtsp: the extradata of MPEG-4 part 2 is its config", () => {
  const mpeg4 = (config: string) =>
    formatOf("m=video 0 RTP/AVP 96", "a=rtpmap:96 MP4V-ES/90000", `a=fmtp:96 config=${config}`);
  assert.equal(extradata(mpeg4("000001b001000001B58913")), "000001b001000001b58913");
  assert.equal(extradata(mpeg4("000001b")), null);
  assert.equal(extradata(mpeg4("xyz0")), null);
  assert.equal(extradata(mpeg4("")), null);
  assert.equal(decodeHex(undefined), null);
});

Deno.test("rtsp: values of format parameters may contain equals signs", () => {
  const parameters = parseFormatParameters(" A=b=c= ;; d ; =e; A=f");
  assert.deepEqual([...parameters], [["a", "b=c="], ["d", ""]]);
});

Deno.test("rtsp: parameter sets are found among any start codes and zeros", () => {
  const sets = fc.array(fc.uint8Array({ minLength: 3, maxLength: 20 }), { maxLength: 4 });
  const filler = fc.constantFrom("", "00", "0000", "000001", START, `00${START}`);
  fc.assert(fc.property(sets, filler, filler, (tails, before, after) => {
    // Bytes of at least 1 form no start code, and no trailing zero.
    const units = tails.map((tail) => `68${tail.map((byte) => byte | 1).toHex()}`);
    const all = [hexOf(SPS), ...units];
    const wanted = [...new Set(all)].map((unit) => START + unit).join("");
    const codes = before.endsWith("01") || before === "" ? before : `${before}01`.padStart(8, "0");
    const text = all.map((unit) => base64Of(codes + unit + after)).join(",");
    assert.equal(extradata(h264(`sprop-parameter-sets=${text}`)), wanted);
  }));
});
