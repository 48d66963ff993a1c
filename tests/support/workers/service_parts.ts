/** What the workers of a service are made of, for tests without threads. */
import type { Age } from "../../../src/core/age.ts";
import { noDrops, noUndecoded } from "../../../src/core/accounts.ts";
import { loadSettings } from "../../../src/config/load.ts";
import type { Settings } from "../../../src/config/settings.ts";
import type { StreamInfo, WatchedReport } from "../../../src/core/camera_types.ts";
import { wallMs } from "../../../src/core/clock.ts";
import type { ConfinementState } from "../../../src/core/confinement.ts";
import type { ErrorData } from "../../../src/core/errors.ts";
import type { ResultNote } from "../../../src/core/detector_types.ts";
import type { FromInference } from "../../../src/core/messages.ts";
import type { StayPicture } from "../../../src/core/presence_types.ts";
import type { CameraRouter, ResultRouter } from "../../../src/service/workers/publisher_routes.ts";
import { fixedInput } from "../models/inputs.ts";

export const LIBRARIES = {
  avutil: "/lib/avutil",
  avcodec: "/lib/avcodec",
  avformat: "/lib/avformat",
  swscale: "/lib/swscale",
};

export const FAULT: ErrorData = {
  code: "FAULT",
  message: "it is broken",
  retryable: true,
  remedy: "Mend it.",
};

/** Settings as loaded from a configuration whose files all exist. */
export function settingsOf(yaml: string): Settings {
  return loadSettings({
    path: "/etc/orion/orion.yaml",
    root: "/opt/orion",
    env: () => undefined,
    readText: () => yaml,
    isFile: () => true,
  });
}

export const STREAM: StreamInfo = {
  width: 640,
  height: 360,
  codedWidth: 640,
  codedHeight: 360,
  rotation: 0,
  mirrored: false,
  sampleAspectRatio: 1,
  codec: "h264",
  decoder: "h264",
  pixelFormat: "yuv420p",
  fps: 25,
  keyframeIntervalSeconds: 2,
  longestKeyframeIntervalSeconds: 2,
};

/**
 * The report of a capture worker whose only detector is `person`: a frame waits in its mailbox, the other
 * frames were processed.
 */
export function captureReport(
  received: number,
  change: Partial<WatchedReport> = {},
): WatchedReport {
  return {
    state: "online",
    reason: null,
    sinceMs: wallMs(1_795_345_361_640),
    reconnects: 0,
    info: STREAM,
    decodeLevel: "all",
    lastFrameAge: null,
    decodeSeconds: 0,
    account: {
      received,
      undecoded: noUndecoded(),
      corrupt: 0,
      decoded: received,
      detectors: [{
        detector: "person",
        paused: false,
        rateHz: 5,
        decoded: received,
        processed: received - 1,
        dropped: noDrops(),
        waiting: 1,
      }],
    },
    gopBuffer: { packets: 0, bytes: 0, maxBytes: 0, catchUps: 0 },
    network: null,
    flow: { pictureAgoMs: 40, offers: [] },
    ...change,
  };
}

/** The state of a thread that the newest kernels confine. */
export const CONFINED: ConfinementState = {
  abi: 7,
  enforced: ["files", "connections", "signals"],
};

export const READY: FromInference = {
  kind: "ready",
  input: fixedInput({ width: 416, height: 416 }),
  identity: { name: "builtin:person", sha256: "0123456789ab" },
  file: { file: "nanodet-g-int8.onnx", precision: "int8", choice: "int8 is fast here" },
  classes: ["person"],
  family: "boxes and scores",
  provider: "cpu",
  loadMs: 100,
  confinement: CONFINED,
};

/** A frame of camera `gate` was inferred. */
export function inferred(
  seq: number,
  change: Partial<ResultNote> = {},
): Extract<FromInference, { kind: "inferred" }> {
  const note = {
    detector: "person",
    camera: "gate",
    seq,
    input: { width: 640, height: 384 },
    detections: [],
    invalid: 0,
    queueMs: 1,
    convertMs: 1,
    inferenceMs: 20,
    postprocessMs: 1,
    dropsSinceLast: 3,
    ...change,
  };
  return { kind: "inferred", note };
}

/** The publisher as the cameras and the inference workers see it: records calls, and closes the ports when disposed. */
export class FakeRouter implements ResultRouter, CameraRouter, Disposable {
  /** About results. */
  readonly calls: string[] = [];
  /** About pictures of stays. */
  readonly pictures: string[] = [];
  readonly detecting = new Map<string, boolean>();
  readonly #ports: MessagePort[] = [];

  openResults(worker: string): MessagePort {
    this.calls.push(`open ${worker}`);
    const { port1, port2 } = new MessageChannel();
    this.#ports.push(port1);
    return port2;
  }

  abandonResults(worker: string): void {
    this.calls.push(`abandon ${worker}`);
  }

  setDetecting(camera: string, on: boolean): void {
    this.detecting.set(camera, on);
  }

  kept(stay: string, seq: number): void {
    this.pictures.push(`kept ${stay} ${seq}`);
  }

  silence(camera: string, age: Age | null): void {
    this.pictures.push(`silence ${camera} ${age?.ms}`);
  }

  picture({ stay, seq, bytes }: StayPicture): void {
    this.pictures.push(`picture ${stay} ${seq} ${bytes?.byteLength}`);
  }

  [Symbol.dispose](): void {
    for (const port of this.#ports) port.close();
  }
}
