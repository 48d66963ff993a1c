import assert from "node:assert/strict";
import type { AccessUnit, VideoCodec } from "../../src/rtsp/media.ts";
import { ignoreWithout, SYSTEM_PYTHON } from "../support/system/parts.ts";
import { Assembly, videoFormat } from "../support/cameras/rtp/assembly.ts";
import { parseJpeg, quantizationOf } from "../support/cameras/rtp/jpeg.ts";
import { joined } from "../support/cameras/rtp/packets.ts";
import { ffmpeg, TempFolder } from "./support.ts";

const SCRIPT = new URL("../support/cameras/rtp/gst_payloads.py", import.meta.url).pathname;
const RTP_HEADER_BYTES = 12;
/** From payloads of 20 bytes to packets of 1500. */
const FIRST_BYTES = 20 + RTP_HEADER_BYTES;
const LAST_BYTES = 1500;
const SIZE = { width: 176, height: 144 };
const SOURCE = ["-f", "lavfi", "-i", `testsrc2=size=${SIZE.width}x${SIZE.height}:rate=25`];

interface Case {
  readonly codec: VideoCodec;
  /** GStreamer's payloaders, with properties. */
  readonly payloaders: readonly string[];
  /** Arguments of ffmpeg that make a raw stream. */
  readonly encoder: readonly string[];
  /** Splits that stream into the access units that the payloader gets. */
  readonly split: (stream: Uint8Array) => Uint8Array[];
  /** The part of an access unit that must not change. */
  readonly essence: (picture: Uint8Array) => readonly Uint8Array[];
  /** The smallest packets that the payloader supports. */
  readonly firstBytes: number;
}

/** Offsets of a byte pattern. */
function places(bytes: Uint8Array, pattern: readonly number[]): number[] {
  const found: number[] = [];
  for (let at = 0; at + pattern.length <= bytes.length; at++) {
    if (pattern.every((value, index) => bytes[at + index] === value)) found.push(at);
  }
  return found;
}

/** Splits before each offset. */
function cutAt(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  return at.map((start, index) => bytes.slice(start, at[index + 1]));
}

/** NAL units without start codes and without delimiters. */
function nals(delimiter: number): (picture: Uint8Array) => Uint8Array[] {
  return (picture) => {
    const units = cutAt(picture, places(picture, [0, 0, 1])).map((unit) => {
      let end = unit.length;
      while (end > 3 && unit[end - 1] === 0) end--;
      return unit.slice(3, end);
    });
    return units.filter(([first]) => first !== delimiter);
  };
}

/** Access units that each start with a delimiter, which is removed. */
function delimited(delimiter: number): (stream: Uint8Array) => Uint8Array[] {
  return (stream) =>
    cutAt(stream, places(stream, [0, 0, 0, 1, delimiter])).map((picture) =>
      joined(nals(delimiter)(picture).flatMap((unit) => [[0, 0, 0, 1], unit]))
    );
}

/** MPEG-4 without its configuration, which payloaders move to the session description. */
function withoutConfiguration(picture: Uint8Array): Uint8Array[] {
  const [group] = places(picture, [0, 0, 1, 0xb3]);
  return [picture.slice(group)];
}

const H264_AUD = 9;
const H265_AUD = 70;
const SLICES = ["-g", "2", "-bf", "0", "-frames:v", "4"];

/** Whether this is the first byte of an H.264 parameter set. */
function isSet(first: number): boolean {
  return (first & 31) === 7 || (first & 31) === 8;
}

const CASES: Readonly<Record<string, Case>> = {
  "H.264": {
    codec: "h264",
    payloaders: [
      "rtph264pay aggregate-mode=none",
      "rtph264pay aggregate-mode=zero-latency",
      "rtph264pay aggregate-mode=max-stap",
    ],
    encoder: [...SLICES, "-c:v", "libx264", "-x264-params", "slices=3:aud=1", "-f", "h264"],
    split: delimited(H264_AUD),
    essence: nals(H264_AUD),
    firstBytes: FIRST_BYTES,
  },
  "H.264 with its parameter sets before each slice": {
    codec: "h264",
    payloaders: ["rtph264pay config-interval=-1"],
    encoder: [...SLICES, "-c:v", "libx264", "-x264-params", "slices=3:aud=1", "-f", "h264"],
    split: delimited(H264_AUD),
    essence: (picture) => nals(H264_AUD)(picture).filter(([first = 0]) => !isSet(first)),
    firstBytes: FIRST_BYTES,
  },
  "H.265": {
    codec: "hevc",
    payloaders: [
      "rtph265pay aggregate-mode=none",
      "rtph265pay aggregate-mode=zero-latency",
    ],
    encoder: [
      ...[...SLICES, "-c:v", "libx265", "-x265-params"],
      ...["slices=2:aud=1:repeat-headers=1:info=0:log-level=error", "-f", "hevc"],
    ],
    split: delimited(H265_AUD),
    essence: nals(H265_AUD),
    firstBytes: FIRST_BYTES,
  },
  "JPEG": {
    codec: "mjpeg",
    payloaders: ["rtpjpegpay"],
    encoder: [
      ...["-frames:v", "3", "-c:v", "mjpeg", "-huffman", "default", "-q:v", "5"],
      ...["-pix_fmt", "yuvj420p", "-f", "mjpeg"],
    ],
    split: (stream) => cutAt(stream, places(stream, [0xff, 0xd8])),
    essence: (picture) => {
      const file = parseJpeg(picture);
      const tables = quantizationOf(file);
      return [file.scan, tables.length === 64 ? joined([tables, tables]) : tables];
    },
    // The payloader crashes with smaller ones, because the first packet contains the tables.
    firstBytes: 160,
  },
  "MPEG-4": {
    codec: "mpeg4",
    payloaders: ["rtpmp4vpay config-interval=0"],
    encoder: [...SLICES, "-c:v", "mpeg4", "-f", "m4v"],
    split: (stream) => {
      // A keyframe starts with its configuration, other pictures with their own start code.
      const keys = places(stream, [0, 0, 1, 0xb0]);
      const others = places(stream, [0, 0, 1, 0xb6]).filter((_, index) => index % 2 === 1);
      return cutAt(stream, [...keys, ...others].toSorted((a, b) => a - b));
    },
    essence: withoutConfiguration,
    firstBytes: FIRST_BYTES,
  },
};

/** Packets of every size, in sending order. */
function* packets(output: Uint8Array): Generator<{ size: number; bytes: Uint8Array<ArrayBuffer> }> {
  const view = new DataView(output.buffer, output.byteOffset, output.byteLength);
  for (let at = 0; at < output.length;) {
    const [size, length] = [view.getUint16(at), view.getUint16(at + 2)];
    yield { size, bytes: output.slice(at + 4, at + 4 + length) };
    at += 4 + length;
  }
}

async function payloads(options: {
  readonly folder: TempFolder;
  readonly pictures: readonly Uint8Array[];
  readonly payloader: string;
  readonly firstBytes: number;
}): Promise<Uint8Array> {
  const path = `${options.folder.path}/pictures`;
  const size = (picture: Uint8Array) => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, picture.length);
    return bytes;
  };
  const pieces = options.pictures.flatMap((picture) => [size(picture), picture]);
  Deno.writeFileSync(path, joined(pieces));
  const { code, stdout, stderr } = await new Deno.Command(SYSTEM_PYTHON, {
    args: [
      ...[SCRIPT, "--pictures", path, "--payloader", options.payloader],
      ...["--width", `${SIZE.width}`, "--height", `${SIZE.height}`],
      ...["--from", `${options.firstBytes}`, "--to", `${LAST_BYTES}`],
    ],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return stdout;
}

/** Access units by the packet size that carried them. */
function unitsBySize(codec: VideoCodec, output: Uint8Array): Map<number, readonly AccessUnit[]> {
  const bySize = new Map<number, readonly AccessUnit[]>();
  let assembly = new Assembly(videoFormat(codec));
  for (const { size, bytes } of packets(output)) {
    if (!bySize.has(size)) {
      assembly = new Assembly(videoFormat(codec));
      bySize.set(size, assembly.units);
    }
    assert.ok(bytes.length <= size || codec === "mjpeg", `${bytes.length} bytes, not ${size}`);
    assembly.pushBytes(bytes);
  }
  return bySize;
}

for (
  const [name, { codec, payloaders, encoder, split, essence, firstBytes }] of Object.entries(CASES)
) {
  for (const payloader of payloaders) {
    Deno.test(`rtsp: ${name} from ${payloader} is depacketized unchanged, for each packet size`, {
      ignore: ignoreWithout("gst-rtsp-server", "ffmpeg"),
    }, async () => {
      using folder = new TempFolder();
      const pictures = split(await ffmpeg(...SOURCE, ...encoder, "-"));
      assert.ok(pictures.length >= 3);
      const output = await payloads({ folder, pictures, payloader, firstBytes });
      const bySize = unitsBySize(codec, output);
      assert.equal(bySize.size, LAST_BYTES - firstBytes + 1);
      const expected = pictures.map(essence);
      for (const [size, units] of bySize) {
        assert.deepEqual(units.map(({ data }) => essence(data)), expected, `${size} bytes`);
        assert.ok(units.every(({ isCorrupt }) => !isCorrupt), `${size} bytes`);
        assert.equal(units[0]?.isKey, true);
      }
    });
  }
}

Deno.test("rtsp: depacketized JPEG decodes to the same frame", {
  ignore: ignoreWithout("gst-rtsp-server", "ffmpeg"),
}, async () => {
  using folder = new TempFolder();
  const { encoder, split } = CASES["JPEG"] ?? assert.fail();
  const pictures = split(await ffmpeg(...SOURCE, ...encoder, "-"));
  const output = await payloads({
    folder,
    pictures,
    payloader: "rtpjpegpay",
    firstBytes: LAST_BYTES,
  });
  const units = unitsBySize("mjpeg", output).get(LAST_BYTES) ?? [];
  assert.equal(units.length, pictures.length);
  const decoded = (picture: Uint8Array) => {
    const path = `${folder.path}/picture.jpg`;
    Deno.writeFileSync(path, picture);
    return ffmpeg("-i", path, "-f", "rawvideo", "-pix_fmt", "yuvj420p", "-");
  };
  for (const [index, unit] of units.entries()) {
    const expected = await decoded(pictures[index] ?? new Uint8Array(0));
    assert.equal(expected.length, SIZE.width * SIZE.height * 3 / 2);
    assert.deepEqual(await decoded(unit.data), expected);
  }
});
