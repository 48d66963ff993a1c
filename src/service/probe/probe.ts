/** `orion probe`: opens one stream and reports its properties. */
import type { CameraSource, LibavPaths, TrackInfo } from "../../core/camera_types.ts";
import type { Clock } from "../../core/clock.ts";
import { viewInfo } from "../../core/display.ts";
import { StreamError } from "../../core/errors.ts";
import type { ProbeResult } from "../../core/probe_types.ts";
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
import { measure, type Measured, type MeasureParts } from "./probe_stream.ts";

/** The stream to open, and how. The URL is passed only to the code that opens it. */
export interface ProbeRequest
  extends Pick<CameraSource, "url" | "file" | "demuxer" | "transport" | "track" | "tls"> {
  /** The local ports for RTP and RTCP over UDP; null without UDP. */
  readonly udpPorts: CameraSource["udpPorts"];
  readonly libraries: LibavPaths;
  readonly clock: Clock;
  /** Uniform in 0..1. */
  readonly random: () => number;
  /** Called when libav is open, before anything is read from outside. */
  readonly onOpened?: () => Promise<void>;
  /** Gets the first decoded frame, which stays the probe's. */
  readonly onFrame?: MeasureParts["onFrame"];
}

/** The time limit for opening a stream. */
const OPEN_TIMEOUT_MS = 15_000;
/** The time limit for one step of that. */
const STEP_TIMEOUT_MS = 5000;

/** The name suffixes of hardware decoders: V4L2, Jetson, NVIDIA, Intel, Raspberry Pi, Rockchip. */
const DECODER_ENDINGS = ["v4l2m2m", "nvv4l2dec", "nvmpi", "cuvid", "qsv", "mmal", "rkmpp"] as const;

/**
 * Opens a stream, reads until its keyframe interval is known, and decodes one frame.
 *
 * @throws {OrionError} why it cannot be opened, or has no frame
 */
export async function probe(request: ProbeRequest): Promise<ProbeResult> {
  const isRtsp = request.file === null && request.demuxer === "orion";
  using libav = openLibav(request.libraries, { demux: !isRtsp });
  await request.onOpened?.();
  return isRtsp ? await probeRtsp(libav, request) : await probeLibav(libav, request);
}

async function probeRtsp(libav: Libav, request: ProbeRequest): Promise<ProbeResult> {
  const { clock, random } = request;
  const abort = new AbortController();
  const source = await withTimeout(request, () => abort.abort(), () =>
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
    const measured = await measure({
      libav,
      source,
      decoder,
      clock,
      where: whereOf(request),
      positionOf: (packet) => packet.positionSeconds,
      constantStamps: () => source.anomalies.constant,
      end: () => void source.close(0),
      onFrame: request.onFrame,
    });
    const { session } = source;
    return {
      ...resultOf(libav, source.video, decoder, measured),
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
  const clock = isFile ? withoutSleep(request.clock) : request.clock;
  using interrupt = new Interrupt(libav);
  const end = () => interrupt.raise();
  const source = await withTimeout(request, end, () =>
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
    const { onFrame } = request;
    const measured = await measure({
      libav,
      source,
      decoder,
      clock,
      where,
      end,
      onFrame,
      ...times,
    });
    return {
      ...resultOf(libav, source.video, decoder, measured),
      transport: isFile ? "file" : request.transport === "udp" ? "udp" : "tcp",
      track: null,
      tracks: [],
      fingerprint: null,
    };
  } finally {
    await source.close();
  }
}

/** Opens a stream, and calls `end` when that takes too long. */
async function withTimeout<T>(
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
    // A call that is ended from outside may fail with any error.
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

/** A camera with this address and defaults otherwise. */
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

/** Opens libav's default decoder, within the default bounds. */
function openBounded(libav: Libav, video: VideoStream, clock: Clock): BoundedDecoder {
  const bounds = new StreamBounds({ maxPixels: DEFAULT_MAX_PIXELS, isLive: false, clock });
  return openDecoder(libav, video, { decoder: "auto", bounds, onFallback: () => {} });
}

/** For messages: the host alone, since a path may contain a password. */
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
  measured: Measured,
): Common {
  const { view, pixelFormat, keyframeIntervalSeconds } = measured;
  return {
    schema: "orion.probe/1",
    codec: video.codecName,
    ...viewInfo(view),
    pixelFormat,
    fps: measured.fps ?? video.frameRate,
    keyframeIntervalSeconds,
    decoders: decodersOf(libav, video, decoder.name),
    libav: libav.release.name,
  };
}

function trackInfo({ index, kind, encodingName }: MediaDescription): TrackInfo {
  return { index, kind, encoding: encodingName };
}

type Times = Pick<MeasureParts, "positionOf" | "constantStamps">;

const FILE_TIMES: Times = {
  positionOf: (packet) => packet.positionSeconds,
  constantStamps: () => 0,
};

/** libav passes a camera's timestamps on unchecked: they are checked like those of Orion's own RTSP. */
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

/** A file is read as fast as possible, not in real time. */
function withoutSleep(clock: Clock): Clock {
  return {
    nowMs: () => clock.nowMs(),
    wallMs: () => clock.wallMs(),
    after: (delayMs, run) => clock.after(delayMs, run),
    sleep: () => Promise.resolve(),
  };
}

/** The decoders that can be configured: those that the library has and can open. */
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
