import { openCheckDecoder } from "./check_decoder.ts";
import { expectEqual, layoutError } from "./check_layout.ts";
import { Decoder } from "./decoder.ts";
import { AVERROR, LibavError } from "./error.ts";
import { Frame } from "./frame.ts";
import { Interrupt } from "./interrupt.ts";
import { STABLE } from "./layouts.ts";
import type { Libav } from "./library.ts";
import { openInputSync } from "./open_input.ts";
import { Packet } from "./packet.ts";

/** Four H.264 frames of one colour without a container: 50x38 pixels with an aspect of 4:3, BT.709. */
const CLIP =
  "AAAAAWdCwAraEfiJsOagICAoAAADAAgAAAMBkHiRNQAAAAFozgOcgAAAAWWIhD///8EUUfHAxwZNycnW66666668" +
  "AAAAAUGaI8bAAAAAAUGaQ8bAAAAAAUGaY8bA";
const FRAMES = 4;
const WIDTH = 50;
const HEIGHT = 38;
const BT709 = 1;
const COLOR_RANGE = 1;
const LUMA = 95;
const FIRST_PACKET_BYTES = 66;
const PACKET_BYTES = 9;
/** A timestamp that no demuxer produces. */
const MARK = 424242n;

/** Components that a build of libav may lack. */
const OPTIONAL: ReadonlySet<number> = new Set([
  AVERROR.PROTOCOL_NOT_FOUND,
  AVERROR.DEMUXER_NOT_FOUND,
  AVERROR.DECODER_NOT_FOUND,
]);

/**
 * Decodes the test clip through the classes that decode every camera, and compares every field they
 * read with its known value.
 *
 * @returns null, or why these libraries cannot decode the clip
 * @throws {LibraryError} `LIBAV_LAYOUT` naming the field that differs
 */
export function checkDecoding(libav: Libav): string | null {
  try {
    checkUnits(libav);
    if (libav.canDemux) checkDemuxing(libav);
    return null;
  } catch (error) {
    if (!(error instanceof LibavError)) throw error;
    if (OPTIONAL.has(error.averror)) {
      return `the test clip could not be decoded with these libraries: ${error.code}`;
    }
    throw layoutError(libav, "decoding the test clip", error.message, "no error");
  }
}

/** Decodes access units without a container, as cameras send them. */
function checkUnits(libav: Libav): void {
  const bytes = Uint8Array.fromBase64(CLIP);
  using decoder = openCheckDecoder(libav);
  using packet = new Packet(libav);
  let at = 0;
  decodeAll(libav, decoder, checkFrame, (send) => {
    for (let packets = 0; packets < FRAMES; packets++) {
      const sizeBytes = packets === 0 ? FIRST_PACKET_BYTES : PACKET_BYTES;
      packet.fill(bytes.subarray(at, at + sizeBytes), packets === 0);
      packet.stamp(MARK + BigInt(packets));
      at += sizeBytes;
      checkPacket(libav, packet, packets);
      send(packet);
    }
  });
}

function checkDemuxing(libav: Libav): void {
  using interrupt = new Interrupt(libav);
  using input = openInputSync(libav, {
    url: `data:video/h264;base64,${CLIP}`,
    options: { protocol_whitelist: "data" },
    format: "h264",
    interrupt,
    findStreamInfo: true,
  });
  const { video } = input;
  const same = <T extends number | string | bigint>(field: string, found: T, wanted: T) =>
    expectEqual(libav, field, found, wanted);
  same("the test clip's codec", video.codecName, "h264");
  same("AVCodecParameters.width", video.size.width, WIDTH);
  same("AVCodecParameters.height", video.size.height, HEIGHT);
  same("AVStream.time_base.num", video.timeBase.num, 1);
  same("AVStream.time_base.den", video.timeBase.den, 1_200_000);

  using decoder = Decoder.open(libav, video, { decoder: "auto" });
  using packet = new Packet(libav);
  decodeAll(libav, decoder, checkDemuxedFrame, (send) => {
    for (let packets = 0; input.readSync(packet) === "packet"; packets++) {
      same("AVPacket.stream_index", packet.streamIndex, video.index);
      checkPacket(libav, packet, packets);
      mark(libav, packet, MARK + BigInt(packets));
      send(packet);
    }
  });
}

/** Decodes the packets that `feed` sends, and checks each frame and their number. */
function decodeAll(
  libav: Libav,
  decoder: Decoder,
  check: (libav: Libav, frame: Frame, index: number) => void,
  feed: (send: (packet: Packet) => void) => void,
): void {
  using frame = new Frame(libav);
  let frames = 0;
  const send = (packet: Packet | null) => {
    decoder.send(packet);
    while (decoder.receive(frame) === "frame") check(libav, frame, frames++);
  };
  feed(send);
  send(null);
  expectEqual(libav, "the test clip's frames", frames, FRAMES);
}

function checkPacket(libav: Libav, packet: Packet, index: number): void {
  const sizeBytes = index === 0 ? FIRST_PACKET_BYTES : PACKET_BYTES;
  expectEqual(libav, "AVPacket.flags", Number(packet.isKey), index === 0 ? 1 : 0);
  expectEqual(libav, "AVPacket.size", packet.sizeBytes, sizeBytes);
}

/** Sets the timestamps that the frame of a packet must carry. */
function mark(libav: Libav, packet: Packet, time: bigint): void {
  for (const offset of [STABLE.AVPacket.pts, STABLE.AVPacket.dts]) {
    libav.memory.writeU64(packet.pointer + BigInt(offset), time);
  }
}

/** Checks a frame of a demuxed packet, which carries both of its timestamps. */
function checkDemuxedFrame(libav: Libav, frame: Frame, index: number): void {
  const { memory, release: { layout } } = libav;
  const i64 = (offset: number) => BigInt.asIntN(64, memory.u64(frame.pointer + BigInt(offset)));
  const time = MARK + BigInt(index);
  expectEqual(libav, "AVFrame.pkt_dts", i64(layout.AVFrame.pktDts), time);
  expectEqual(libav, "AVFrame.best_effort_timestamp", frame.bestEffortPts ?? 0n, time);
  checkFrame(libav, frame, index);
}

/** Checks the fields of every frame. */
function checkFrame(libav: Libav, frame: Frame, index: number): void {
  const { memory, release: { layout } } = libav;
  const same = (field: string, found: number | bigint, wanted: number | bigint) =>
    expectEqual(libav, `AVFrame.${field}`, found, wanted);
  const i32 = (offset: number) => memory.i32(frame.pointer + BigInt(offset));
  const time = MARK + BigInt(index);
  same("width", frame.width, WIDTH);
  same("height", frame.height, HEIGHT);
  same("pts", frame.pts ?? 0n, time);
  same("key_frame", Number(frame.isKey), index === 0 ? 1 : 0);
  same("flags (corrupt)", Number(frame.isCorrupt), 0);
  same("decode_error_flags", frame.decodeErrorFlags, 0);
  same("color_range", frame.colorRange, COLOR_RANGE);
  same("color_primaries", i32(layout.AVFrame.colorPrimaries), BT709);
  same("color_trc", i32(layout.AVFrame.colorTrc), BT709);
  same("colorspace", frame.colorSpace, BT709);
  same("sample_aspect_ratio.num", i32(layout.AVFrame.sampleAspectRatio), 4);
  same("sample_aspect_ratio.den", i32(layout.AVFrame.sampleAspectRatio + 4), 3);
  const planes = new BigUint64Array(new ArrayBuffer(128), 0, 4);
  const linesizes = new Int32Array(new ArrayBuffer(128), 0, 4);
  frame.planes(planes);
  frame.linesizes(linesizes);
  same("linesize[0]", Number((linesizes[0] ?? 0) >= WIDTH), 1);
  same("data[0]", memory.u8(planes[0] ?? 0n), LUMA);
}
