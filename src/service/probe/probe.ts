/** `orion probe`: opens one stream and tells what it is. */
import type { Clock } from "../../core/clock.ts";
import { viewInfo } from "../../core/display.ts";
import { StreamError } from "../../core/errors.ts";
import type { CameraSource, LibavPaths, TrackInfo } from "../../core/messages.ts";
import { redactText } from "../../core/redact.ts";
import { Decoder } from "../../libav/decoder.ts";
import { LibavError } from "../../libav/error.ts";
import type { VideoStream } from "../../libav/video_stream.ts";
import { Interrupt } from "../../libav/interrupt.ts";
import type { Libav } from "../../libav/library.ts";
import { openLibav } from "../../libav/open.ts";
import { CameraHints } from "../../rtsp/client/camera_hints.ts";
import { MAX_UNIT_BYTES } from "../../rtsp/limits.ts";
import type { MediaDescription } from "../../rtsp/media.ts";
import { RtpTimeline } from "../../rtsp/timing/timeline.ts";
import { parseRtspUrl } from "../../rtsp/protocol/url.ts";
import type { BoundedDecoder } from "../../stream/bounds/bounded_decoder.ts";
import { DEFAULT_MAX_PIXELS } from "../../stream/bounds/limits.ts";
import { StreamBounds } from "../../stream/bounds/stream_bounds.ts";
import { CaptureTime } from "../../stream/capture_time.ts";
import { LibavSource } from "../../stream/libav_source.ts";
import { openDecoder } from "../../stream/open_decoder.ts";
import { RtspSource } from "../../stream/rtsp_source.ts";
import { look, type Looked, type LookParts } from "./probe_stream.ts";

/** What is opened, and how. The URL goes to what opens it alone. */
export interface ProbeRequest
  extends Pick<CameraSource, "url" | "file" | "demuxer" | "transport" | "track" | "tls"> {
  /** The local ports for RTP and RTCP over UDP; null where it is not used. */
  readonly udpPorts: CameraSource["udpPorts"];
  readonly libraries: LibavPaths;
  readonly clock: Clock;
  /** Uniform in 0..1. */
  readonly random: () => number;
}

/** What is known of a stream after a look at it. */
export interface ProbeResult {
  readonly schema: "orion.probe/1";
  /** libav's name: "h264". */
  readonly codec: string;
  /** The picture as shown. */
  readonly width: number;
  readonly height: number;
  /** As it is coded: it is mirrored, turned clockwise by so many degrees, and its pixels are squared. */
  readonly codedWidth: number;
  readonly codedHeight: number;
  readonly rotation: number;
  readonly mirrored: boolean;
  readonly sampleAspectRatio: number;
  readonly pixelFormat: string;
  /** Measured over the frames that came, else as announced, else null. */
  readonly fps: number | null;
  /** null when fewer than two keyframes came. */
  readonly keyframeIntervalSeconds: number | null;
  /** "file" for a file. */
  readonly transport: "tcp" | "udp" | "file";
  /** The media section that was played; null where libav demuxes. */
  readonly track: TrackInfo | null;
  /** Every media section that the camera offers, that one included; empty where libav demuxes. */
  readonly tracks: readonly TrackInfo[];
  /** `sha256:` and 64 hexadecimal digits of the camera's certificate; null without `rtsps:`. */
  readonly fingerprint: string | null;
  /** Decoders of this codec that the installed libav has; the first is what `auto` uses. */
  readonly decoders: readonly string[];
  /** The installed libav: "5.x". */
  readonly libav: string;
}

/** How long it may take until a stream plays. */
const OPEN_TIMEOUT_MS = 15_000;
/** How long one step of that may take. */
const STEP_TIMEOUT_MS = 5000;

/** How hardware's decoders are named, after the codec: V4L2, Jetson, NVIDIA, Intel, Raspberry Pi, Rockchip. */
const DECODER_ENDINGS = ["v4l2m2m", "nvv4l2dec", "nvmpi", "cuvid", "qsv", "mmal", "rkmpp"] as const;

/**
 * Opens a stream, reads until its keyframes are known, and decodes one picture.
 *
 * @throws {OrionError} why it cannot be opened, or shows no picture
 */
export async function probe(request: ProbeRequest): Promise<ProbeResult> {
  const isRtsp = request.file === null && request.demuxer === "orion";
  using libav = openLibav(request.libraries, { demux: !isRtsp });
  return isRtsp ? await probeRtsp(libav, request) : await probeLibav(libav, request);
}

async function probeRtsp(libav: Libav, request: ProbeRequest): Promise<ProbeResult> {
  const { clock, random } = request;
  const abort = new AbortController();
  const source = await inTime(request, () => abort.abort(), () =>
    RtspSource.open({
      libav,
      source: sourceOf(request),
      captureTime: new CaptureTime(),
      memory: new CameraHints(),
      clock,
      signal: abort.signal,
      random,
    }));
  try {
    using decoder = openBounded(libav, source.video, clock);
    const looked = await look({
      libav,
      source,
      decoder,
      clock,
      where: whereOf(request),
      positionOf: (packet) => packet.positionSeconds,
      constantStamps: () => source.anomalies.constant,
      end: () => void source.close(0),
    });
    const { session } = source;
    return {
      ...resultOf(libav, source.video, decoder, looked),
      transport: session.transport,
      track: trackInfo(session.track.media),
      tracks: session.media.map(trackInfo),
      fingerprint: session.fingerprint === null ? null : `sha256:${session.fingerprint}`,
    };
  } finally {
    await source.close();
    source[Symbol.dispose]();
  }
}

async function probeLibav(libav: Libav, request: ProbeRequest): Promise<ProbeResult> {
  const isFile = request.file !== null;
  const clock = isFile ? withoutWaiting(request.clock) : request.clock;
  using interrupt = new Interrupt(libav);
  const end = () => interrupt.raise();
  const source = await inTime(request, end, () =>
    LibavSource.open({
      libav,
      source: sourceOf(request),
      captureTime: new CaptureTime(),
      clock,
      signal: new AbortController().signal,
      interrupt,
    }));
  try {
    using decoder = openBounded(libav, source.video, clock);
    const times = isFile ? FILE_TIMES : checkedTimes(source.video);
    const where = whereOf(request);
    const looked = await look({ libav, source, decoder, clock, where, end, ...times });
    return {
      ...resultOf(libav, source.video, decoder, looked),
      transport: isFile ? "file" : request.transport === "udp" ? "udp" : "tcp",
      track: null,
      tracks: [],
      fingerprint: null,
    };
  } finally {
    await source.close();
  }
}

/** Opens a stream. What takes too long is ended by `end`. */
async function inTime<T>(
  request: ProbeRequest,
  end: () => void,
  open: () => Promise<T>,
): Promise<T> {
  let isLate = false;
  const cancel = request.clock.after(OPEN_TIMEOUT_MS, () => {
    isLate = true;
    end();
  });
  try {
    return await open();
  } catch (error) {
    // What ends a call from outside makes it fail in one way or another.
    if (!isLate) throw error;
    throw new StreamError({
      code: "STREAM_TIMEOUT",
      message: `Cannot open ${whereOf(request)}: nothing plays after ${OPEN_TIMEOUT_MS / 1000} s`,
      retryable: true,
      remedy: "Check that the camera is reachable from here, and that it streams.",
    });
  } finally {
    cancel();
  }
}

/** A camera with that address and nothing else configured. */
function sourceOf(request: ProbeRequest): CameraSource {
  const { url, file, demuxer, transport, track, tls, udpPorts } = request;
  return {
    camera: "probe",
    ...{ url, file, demuxer, transport, track, tls, udpPorts },
    loop: false,
    allowRedirect: [],
    maxUnitBytes: MAX_UNIT_BYTES,
    maxPixels: DEFAULT_MAX_PIXELS,
    reconnectMaxMs: 0,
    decoder: "auto",
    decode: "all",
    rotate: 0,
    aspect: null,
    roi: null,
    masks: [],
    stallTimeoutMs: STEP_TIMEOUT_MS,
    firstSeq: 0,
  };
}

/** libav's own choice of a decoder, within the bounds that a configuration sets by itself. */
function openBounded(libav: Libav, video: VideoStream, clock: Clock): BoundedDecoder {
  const bounds = new StreamBounds({ maxPixels: DEFAULT_MAX_PIXELS, isLive: false, clock });
  return openDecoder(libav, video, { decoder: "auto", bounds, onFallback: () => {} });
}

/** For messages: the host alone, since a path may hold a password. */
function whereOf({ url, file }: ProbeRequest): string {
  if (file !== null) return redactText(url);
  const parsed = parseRtspUrl(url);
  return parsed === null ? "the stream" : `${parsed.scheme}://${parsed.host}`;
}

type Common = Omit<ProbeResult, "transport" | "track" | "tracks" | "fingerprint">;

function resultOf(
  libav: Libav,
  video: VideoStream,
  decoder: BoundedDecoder,
  looked: Looked,
): Common {
  const { view, pixelFormat, keyframeIntervalSeconds } = looked;
  return {
    schema: "orion.probe/1",
    codec: video.codecName,
    ...viewInfo(view),
    pixelFormat,
    fps: looked.fps ?? video.frameRate,
    keyframeIntervalSeconds,
    decoders: decodersOf(libav, video, decoder.name),
    libav: libav.release.name,
  };
}

function trackInfo({ index, kind, encodingName }: MediaDescription): TrackInfo {
  return { index, kind, encoding: encodingName };
}

type Times = Pick<LookParts, "positionOf" | "constantStamps">;

const FILE_TIMES: Times = {
  positionOf: (packet) => packet.positionSeconds,
  constantStamps: () => 0,
};

/** libav gives a camera's timestamps as they are: they are checked as those of Orion's own RTSP. */
function checkedTimes({ timeBase }: VideoStream): Times {
  const timeline = new RtpTimeline(timeBase.den / timeBase.num);
  return {
    positionOf({ pts, arrivedAtMs }) {
      if (pts === null) return null;
      return timeline.positionSeconds(timeline.unit(Number(BigInt.asUintN(32, pts)), arrivedAtMs));
    },
    constantStamps: () => timeline.anomalies.constant,
  };
}

/** A file is read as fast as it goes, and not at its own pace. */
function withoutWaiting(clock: Clock): Clock {
  return {
    nowMs: () => clock.nowMs(),
    wallMs: () => clock.wallMs(),
    after: (delayMs, run) => clock.after(delayMs, run),
    sleep: () => Promise.resolve(),
  };
}

/** The decoders that could be named in the configuration: those that the library knows and starts. */
function decodersOf(libav: Libav, video: VideoStream, own: string): string[] {
  const names = DECODER_ENDINGS.map((ending) => `${video.codecName}_${ending}`);
  const known = names.filter((name) => {
    try {
      Decoder.open(libav, video, { decoder: name })[Symbol.dispose]();
      return true;
    } catch (error) {
      if (error instanceof LibavError) return false;
      throw error;
    }
  });
  return [own, ...known];
}
