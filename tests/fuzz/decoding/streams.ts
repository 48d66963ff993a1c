/** Small streams of every supported codec, split into packets. */
import { annexB } from "../../support/clips/coded/h264.ts";
import { h264Clip, h265Clip } from "../../support/cameras/faulty_camera/clip.ts";
import type { FedUnit } from "../../support/streams/packet_feed.ts";
import { ffmpeg } from "../../support/clips/ffmpeg.ts";

/** Streams of one codec; packets of one may be mixed into another. */
export interface Corpus {
  readonly codec: string;
  readonly streams: readonly (readonly FedUnit[])[];
}

const FRAMES = 12;

async function encode(
  size: string,
  format: string,
  args: string,
): Promise<Uint8Array<ArrayBuffer>> {
  return await ffmpeg(
    ...["-f", "lavfi", "-i", `testsrc2=s=${size}:r=25`, "-frames:v", `${FRAMES}`],
    ...[...args.split(" "), "-f", format, "-"],
  );
}

type Clip = ReturnType<typeof h264Clip>;

function unitsOf({ pictures }: Clip): FedUnit[] {
  return pictures.map(({ units, isKey }) => ({ data: annexB(...units), isKey }));
}

/** Splits before each position where `begins` is true. */
function split(
  stream: Uint8Array<ArrayBuffer>,
  begins: (at: number) => boolean,
  isKey: (part: Uint8Array) => boolean,
): FedUnit[] {
  const starts = [...stream.keys()].filter(begins);
  return starts.map((start, index) => {
    const data = stream.slice(index === 0 ? 0 : start, starts[index + 1] ?? stream.length);
    return { data, isKey: isKey(data) };
  });
}

function jpegUnits(stream: Uint8Array<ArrayBuffer>): FedUnit[] {
  return split(stream, (at) => stream[at] === 0xff && stream[at + 1] === 0xd8, () => true);
}

/** Headers belong to the picture that follows; an I-VOP has two zero bits after its start code. */
function mpeg4Units(stream: Uint8Array<ArrayBuffer>): FedUnit[] {
  const isCode = (bytes: Uint8Array, at: number, code: number) =>
    bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 1 && bytes[at + 3] === code;
  const hasHeaders = (at: number) => isCode(stream, at, 0xb0);
  let wasHeader = false;
  return split(stream, (at) => {
    if (hasHeaders(at)) return wasHeader = true;
    if (!isCode(stream, at, 0xb6)) return false;
    const begins = !wasHeader;
    wasHeader = false;
    return begins;
  }, (part) => part.some((_, at) => isCode(part, at, 0xb6) && (part[at + 4] ?? 0xff) < 0x40));
}

const X264 = "-c:v libx264 -preset veryfast -threads 1 -g 6 -bsf:v h264_metadata=aud=insert";
const X265 = "-c:v libx265 -preset ultrafast -bsf:v hevc_metadata=aud=insert -g 6 -x265-params " +
  "log-level=none:pools=1:frame-threads=1";

/** Encodes the streams with ffmpeg. */
export async function corpora(): Promise<Corpus[]> {
  const h264 = (size: string, more: string) =>
    encode(size, "h264", `${X264} ${more}`).then((stream) => unitsOf(h264Clip(stream)));
  const h265 = (size: string, more: string) =>
    encode(size, "hevc", `${X265}${more}`).then((stream) => unitsOf(h265Clip(stream)));
  return await Promise.all([
    Promise.all([
      h264("320x180", "-pix_fmt yuv420p -slices 4"),
      h264("160x128", "-pix_fmt yuv420p -flags +ildct+ilme -x264-params tff=1"),
      h264("176x144", "-pix_fmt yuv422p10le -bf 3 -refs 4"),
    ]).then((streams) => ({ codec: "h264", streams })),
    Promise.all([
      h265("320x180", ":slices=2 -pix_fmt yuv420p"),
      h265("160x128", ":bframes=3:b-adapt=0 -pix_fmt yuv420p10le"),
    ]).then((streams) => ({ codec: "hevc", streams })),
    Promise.all([
      encode("160x120", "mjpeg", "-c:v mjpeg -q:v 4 -pix_fmt yuvj420p").then(jpegUnits),
      encode("176x144", "mjpeg", "-c:v mjpeg -q:v 4 -pix_fmt yuvj422p").then(jpegUnits),
    ]).then((streams) => ({ codec: "mjpeg", streams })),
    Promise.all([
      encode("176x144", "m4v", "-c:v mpeg4 -g 6").then(mpeg4Units),
      encode("160x128", "m4v", "-c:v mpeg4 -g 6 -flags +ildct+ilme -bf 2").then(mpeg4Units),
    ]).then((streams) => ({ codec: "mpeg4", streams })),
  ]);
}
