/** `orion probe`: opens one stream and tells what it is. */
import type { Clock } from "../core/clock.ts";
import type { LibavPaths } from "../core/messages.ts";
import { Decoder } from "../libav/decoder.ts";
import { LibavError } from "../libav/error.ts";
import { Frame } from "../libav/frame.ts";
import { Input } from "../libav/input.ts";
import { Interrupt } from "../libav/interrupt.ts";
import { type Libav, openLibav } from "../libav/library.ts";
import { fileOptions, rtspOptions } from "../libav/options.ts";
import { Packet } from "../libav/packet.ts";

/** What is opened. The URL goes to libav alone. */
export interface ProbeRequest {
  readonly url: string;
  /** The path of a local file, or null for a stream. */
  readonly file: string | null;
  readonly transport: "tcp" | "udp";
  readonly libraries: LibavPaths;
  readonly clock: Clock;
}

/** What is known of a stream after a look at it. */
export interface ProbeResult {
  readonly schema: "orion.probe/1";
  /** libav's name: "h264". */
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  readonly pixelFormat: string;
  /** Measured over the frames that came, else as announced, else null. */
  readonly fps: number | null;
  /** null when fewer than two keyframes came. */
  readonly keyframeIntervalSeconds: number | null;
  /** "file" for a file. */
  readonly transport: "tcp" | "udp" | "file";
  /** Decoders of this codec that the installed libav has; the first is what `auto` uses. */
  readonly decoders: readonly string[];
  /** The installed libav: "5.x". */
  readonly libav: string;
}

const OPEN_TIMEOUT_MS = 10_000;
/** Looked at for so long at most; long enough for two keyframes of most cameras. */
const LOOK_MS = 12_000;
const KEYFRAMES_WANTED = 3;

/** How hardware's decoders are named, after the codec: V4L2, Jetson, NVIDIA, Intel, Raspberry Pi, Rockchip. */
const DECODER_ENDINGS = ["v4l2m2m", "nvv4l2dec", "nvmpi", "cuvid", "qsv", "mmal", "rkmpp"] as const;

/**
 * Opens a stream, reads until its keyframes are known, and decodes one picture.
 *
 * @throws OrionError why it cannot be opened, or shows no picture
 */
export async function probe(request: ProbeRequest): Promise<ProbeResult> {
  using libav = openLibav(request.libraries);
  using interrupt = new Interrupt(libav);
  const cancel = request.clock.after(OPEN_TIMEOUT_MS + LOOK_MS, () => interrupt.raise());
  try {
    using input = await Input.open(libav, {
      url: request.url,
      options: request.file === null
        ? rtspOptions(libav, { transport: request.transport, timeoutMs: OPEN_TIMEOUT_MS })
        : fileOptions(),
      interrupt,
      findStreamInfo: request.file !== null,
      clock: request.clock,
    });
    using decoder = Decoder.open(libav, input.video, { decoder: "auto" });
    using frame = new Frame(libav);
    const seen = await look({ libav, input, decoder, frame, clock: request.clock });
    if (frame.isEmpty) {
      throw libav.error({
        action: "Cannot decode a picture of the stream",
        averror: -1,
        code: "STREAM_INVALID",
      });
    }
    return {
      schema: "orion.probe/1",
      codec: input.video.codecName,
      width: frame.width,
      height: frame.height,
      pixelFormat: libav.pixelFormatName(frame.format),
      fps: seen.fps ?? input.video.frameRate,
      keyframeIntervalSeconds: seen.keyframeIntervalSeconds,
      transport: request.file === null ? request.transport : "file",
      decoders: decodersOf(libav, input, decoder.name),
      libav: libav.release,
    };
  } finally {
    cancel();
  }
}

interface Seen {
  readonly fps: number | null;
  readonly keyframeIntervalSeconds: number | null;
}

/** Reads on until enough is known; the first whole picture is left in `frame`. */
async function look(parts: {
  readonly libav: Libav;
  readonly input: Input;
  readonly decoder: Decoder;
  readonly frame: Frame;
  readonly clock: Clock;
}): Promise<Seen> {
  const { libav, input, decoder, frame, clock } = parts;
  const { timeBase, index } = input.video;
  const untilMs = clock.nowMs() + LOOK_MS;
  const keys: number[] = [];
  const times: number[] = [];
  let decoding = false;
  let hasPicture = false;
  using packet = new Packet(libav);
  using scratch = new Frame(libav);
  while (keys.length < KEYFRAMES_WANTED && clock.nowMs() < untilMs) {
    if (await input.read(packet) === "end") break;
    if (packet.streamIndex !== index) continue;
    const time = packet.pts ?? packet.dts;
    const seconds = time === null ? null : Number(time) * timeBase.num / timeBase.den;
    if (seconds !== null) times.push(seconds);
    if (packet.isKey && seconds !== null) keys.push(seconds);
    decoding ||= packet.isKey;
    if (!decoding || hasPicture) continue;
    hasPicture = decodeOne(decoder, packet, scratch);
    if (hasPicture) frame.moveFrom(scratch);
  }
  if (!hasPicture && decoding && decodeOne(decoder, null, scratch)) frame.moveFrom(scratch);
  const spanSeconds = Math.max(...times) - Math.min(...times);
  const [first, ...later] = keys;
  const last = later.at(-1);
  return {
    fps: times.length > 2 && spanSeconds > 0 ? rounded((times.length - 1) / spanSeconds) : null,
    keyframeIntervalSeconds: first === undefined || last === undefined
      ? null
      : rounded((last - first) / later.length),
  };
}

/** Whether this packet gave a picture. A damaged one gives none. */
function decodeOne(decoder: Decoder, packet: Packet | null, into: Frame): boolean {
  try {
    decoder.send(packet);
    return decoder.receive(into) === "frame";
  } catch (error) {
    if (error instanceof LibavError) return false;
    throw error;
  }
}

/** The decoders that could be named in the configuration: those that the library knows and starts. */
function decodersOf(libav: Libav, input: Input, own: string): string[] {
  const { codecName } = input.video;
  const names = DECODER_ENDINGS.map((ending) => `${codecName}_${ending}`);
  const known = names.filter((name) => {
    try {
      Decoder.open(libav, input.video, { decoder: name })[Symbol.dispose]();
      return true;
    } catch (error) {
      if (error instanceof LibavError) return false;
      throw error;
    }
  });
  return [own, ...known];
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
