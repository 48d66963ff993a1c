/** What is measured of a stream before it is configured, as it passes between the threads. */
import type { LibavPaths, TrackInfo } from "./camera_types.ts";
import type { Confinement } from "./confinement.ts";

/** The properties of a stream. */
export interface ProbeResult {
  readonly schema: "orion.probe/1";
  /** libav's name: "h264". */
  readonly codec: string;
  /** The frame as displayed. */
  readonly width: number;
  readonly height: number;
  /** The coded frame, which is mirrored, rotated clockwise by these degrees, and scaled to square pixels. */
  readonly codedWidth: number;
  readonly codedHeight: number;
  readonly rotation: number;
  readonly mirrored: boolean;
  readonly sampleAspectRatio: number;
  readonly pixelFormat: string;
  /** As measured, else as declared, else null. */
  readonly fps: number | null;
  /** null with fewer than two keyframes. */
  readonly keyframeIntervalSeconds: number | null;
  /** "file" for a file. */
  readonly transport: "tcp" | "udp" | "file";
  /** The track in use; null where libav demuxes. */
  readonly track: TrackInfo | null;
  /** All tracks of the camera; empty where libav demuxes. */
  readonly tracks: readonly TrackInfo[];
  /** `sha256:` and 64 hexadecimal digits of the camera's certificate; null without `rtsps:`. */
  readonly fingerprint: string | null;
  /** The installed libav's decoders of this codec; `auto` uses the first. */
  readonly decoders: readonly string[];
  /** The installed libav: "5.x". */
  readonly libav: string;
}

/** From main to the thread of a probe. */
export interface ToProbe {
  readonly kind: "probe";
  /** Of an RTSP camera, credentials in clear. */
  readonly url: string;
  readonly libraries: LibavPaths;
  /** null: the kernel does not confine the thread. */
  readonly confinement: Confinement | null;
}

/** From the thread of a probe to main; a failure is posted as by every worker. */
export interface FromProbe {
  readonly kind: "probed";
  readonly result: ProbeResult;
  /** The first frame as a JPEG; transferred. */
  readonly picture: ArrayBuffer;
}
