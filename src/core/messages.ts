/**
 * Every message that passes between threads, and beside each link's union the function that says
 * which buffers and ports of a message are transferred.
 *
 * Messages carry data only: errors travel as {@link ErrorData}, because `postMessage` flattens
 * classes. Who sends what:
 *
 *     main ──ToCapture──▶ capture ──FromCapture──▶ main
 *     main ──ToInference──▶ inference ──FromInference──▶ main
 *     capture ──ToConsumer──▶ inference ──ToMailbox──▶ capture      (one MessagePort per pair)
 *     inference ──ToResults──▶ publisher                         (one MessagePort per thread)
 *     main ──ToPublisher──▶ publisher ──FromPublisher──▶ main
 *     main ──ToBroker──▶ broker ──FromBroker──▶ main
 */
import type { Age } from "./age.ts";
import type { CameraSource, CameraState, LibavPaths, WatchedReport } from "./camera_shapes.ts";
import type { WallMs } from "./clock.ts";
import type { CommandAnswer, CommandRequest } from "./command_shapes.ts";
import type { ErrorData } from "./errors.ts";
import type { BoxNorm, BoxPx, Fit, SizePx } from "./geometry.ts";
import type { Detection, DetectorPlan, ResultNote } from "./inference_shapes.ts";
import type { LogRecord } from "./log.ts";
import type { OwnClient } from "./own_client.ts";
import type { BrokerTarget, PublisherPlan } from "./publisher_shapes.ts";

export type {
  CameraSource,
  CameraState,
  CaptureReport,
  DecodeLevel,
  DecodeSetting,
  LibavPaths,
  NetworkStats,
  ReceivedReport,
  StreamInfo,
  TrackInfo,
  WatchedReport,
} from "./camera_shapes.ts";
export type { Detection, DetectorPlan, ResultNote } from "./inference_shapes.ts";

export type {
  CommandAnswer,
  CommandOutcome,
  CommandRequest,
  ControlCommand,
} from "./command_shapes.ts";
export type {
  BrokerTarget,
  HomeAssistantPlan,
  OutboxPlan,
  PublisherPlan,
} from "./publisher_shapes.ts";

/** A worker's log line, on its way to the one place that formats and redacts. */
export interface LogMessage {
  readonly kind: "log";
  readonly record: LogRecord;
}

/** The worker cannot go on; it will be told to stop, or terminated. */
export interface FailedMessage {
  readonly kind: "failed";
  readonly error: ErrorData;
}

/** The worker has let go of everything and may be terminated. */
export interface StoppedMessage {
  readonly kind: "stopped";
}

/** Stop in order, answer `stopped`. */
export interface StopMessage {
  readonly kind: "stop";
}

// ---------------------------------------------------------------------------- main ⇄ capture

/** What a detector asks of the frame bus. */
export interface Subscription {
  readonly detector: string;
  /** null: as fast as the detector takes them. */
  readonly rateHz: number | null;
  readonly paused: boolean;
}

export type ToCapture =
  | { readonly kind: "start"; readonly source: CameraSource; readonly libraries: LibavPaths }
  | { readonly kind: "subscribe"; readonly subscription: Subscription }
  | { readonly kind: "unsubscribe"; readonly detector: string }
  | {
    readonly kind: "attach";
    readonly detector: string;
    readonly worker: string;
    readonly port: MessagePort;
  }
  | {
    readonly kind: "detach";
    readonly detector: string;
    readonly worker: string;
    /** The last frame of this camera that the worker answered for; another one is lost with it. */
    readonly lastSeq: number | null;
  }
  | { readonly kind: "roi"; readonly roi: BoxNorm | null }
  | { readonly kind: "report"; readonly request: number }
  /** One picture as a JPEG; decoding wakes up for it. */
  | { readonly kind: "snapshot"; readonly request: number }
  | StopMessage;

export type FromCapture =
  | { readonly kind: "ready"; readonly libav: string }
  | {
    readonly kind: "state";
    readonly state: CameraState;
    readonly reason: string | null;
    readonly sinceMs: WallMs;
    readonly reconnects: number;
  }
  | { readonly kind: "report"; readonly request: number; readonly report: WatchedReport }
  /** The bytes of the picture, transferred, or why there is none. */
  | {
    readonly kind: "snapshot";
    readonly request: number;
    readonly snapshot: { readonly bytes: ArrayBuffer } | { readonly error: ErrorData };
  }
  /** A file that plays once reached its end; nothing will follow. */
  | { readonly kind: "ended" }
  | { readonly kind: "stopped"; readonly report: WatchedReport }
  | LogMessage
  | FailedMessage;

// ---------------------------------------------------------------------- capture ⇄ inference

/** How a network wants its input: NCHW RGB float32 in 0..1, batch of one. */
export interface InputShape extends SizePx {
  /** The grey level of the letterbox bars, 0..1. */
  readonly bars: number;
}

/** Bytes of one input tensor: three planes of float32. */
export function inputBytes(input: SizePx): number {
  return 3 * input.width * input.height * Float32Array.BYTES_PER_ELEMENT;
}

/** Where `capturedAt` comes from. */
export type CaptureClock = "rtcp" | "arrival" | "file";

/** Everything that is known of a frame beside its pixels. */
export interface FrameMeta {
  readonly camera: string;
  /** The camera's video frames, counted from 0; never goes back within one run. */
  readonly seq: number;
  /** The picture's size as shown, whatever the crop. */
  readonly size: SizePx;
  readonly keyframe: boolean;
  /** Seconds since the connection's first frame; for files the position in the clip. */
  readonly ptsSeconds: number;
  /** When the picture was taken. */
  readonly capturedAtMs: WallMs;
  readonly clock: CaptureClock;
  /** The part of the frame that is looked at, or null for all of it. */
  readonly roi: BoxPx | null;
  /** How the picture was fitted into the tensor. */
  readonly fit: Fit;
  /** From arrival until its conversion began. */
  readonly queueMs: number;
  readonly convertMs: number;
  /** Frames left out between the one delivered before and this one, whatever the reason. */
  readonly dropsSinceLast: number;
}

/** What is sent with a frame's pixels: what is known of it, and its age since its packet arrived. */
export interface SentFrame {
  readonly meta: FrameMeta;
  readonly age: Age;
}

/** From a mailbox to an inference worker. */
export type ToConsumer =
  /** The mailbox went from empty to full. Several workers may be told; one will get the frame. */
  | { readonly kind: "available"; readonly seq: number }
  /** The newest frame, converted into the buffer of the `take`. */
  | SentFrame & { readonly kind: "frame"; readonly buffer: ArrayBuffer }
  /** Nothing to give (any more): the buffer comes back as it was. */
  | { readonly kind: "none"; readonly buffer: ArrayBuffer };

/** From an inference worker to a mailbox. */
export type ToMailbox = {
  readonly kind: "take";
  readonly input: InputShape;
  /** Exactly {@link inputBytes} long; owned by the capture worker until it comes back. */
  readonly buffer: ArrayBuffer;
  /** The {@link barsKey} of the letterbox whose bars the buffer still holds, or null. */
  readonly barsKey: string | null;
};

/** Names the bars of a fit within an input: equal keys have equal bars. */
export function barsKey(fit: Fit, input: InputShape): string {
  return `${input.width}x${input.height}:${fit.dx},${fit.dy},${fit.width}x${fit.height}:${input.bars}`;
}

/** What is transferred with a message between a mailbox and a consumer. */
export function frameTransfers(message: ToConsumer | ToMailbox): Transferable[] {
  return message.kind === "available" ? [] : [message.buffer];
}

// ------------------------------------------------------------------------- main ⇄ inference

/** What one frame gave. */
export interface InferenceResult {
  readonly detector: string;
  readonly worker: string;
  readonly meta: FrameMeta;
  readonly detections: readonly Detection[];
  readonly inferenceMs: number;
  readonly postprocessMs: number;
}

export type ToInference =
  | { readonly kind: "start"; readonly plan: DetectorPlan }
  /** Where results go from now on, in place of the port before. */
  | { readonly kind: "results"; readonly port: MessagePort }
  | { readonly kind: "attach"; readonly camera: string; readonly port: MessagePort }
  | { readonly kind: "detach"; readonly camera: string }
  | { readonly kind: "confidence"; readonly confidence: number }
  | StopMessage;

export type FromInference =
  | {
    readonly kind: "ready";
    readonly input: InputShape;
    readonly classes: readonly string[];
    readonly provider: string;
    readonly loadMs: number;
  }
  /** A frame was inferred, and its result handed to the publisher. */
  | { readonly kind: "inferred"; readonly note: ResultNote }
  /** One frame could not be inferred; the worker goes on. */
  | {
    readonly kind: "frame-failed";
    readonly camera: string;
    readonly seq: number;
    readonly error: ErrorData;
  }
  | StoppedMessage
  | LogMessage
  | FailedMessage;

/** What is transferred with a message that hands a port over. */
export function portTransfers(message: ToCapture | ToInference | ToPublisher): Transferable[] {
  return message.kind === "attach" || message.kind === "results" ? [message.port] : [];
}

// -------------------------------------------------------------------- inference ⇄ publisher

/** From an inference worker to the publisher; nothing is transferred. */
export type ToResults =
  | { readonly kind: "result"; readonly result: InferenceResult; readonly age: Age }
  /** Nothing follows: the thread has finished its last frame. */
  | { readonly kind: "end" };

// ------------------------------------------------------------------------- main ⇄ publisher

/** What a camera's status topic says. */
export interface CameraStatus {
  readonly camera: string;
  readonly state: CameraState;
  readonly sinceMs: WallMs;
  readonly reason: string | null;
  readonly reconnects: number;
}

export type ToPublisher =
  | { readonly kind: "start"; readonly plan: PublisherPlan }
  /** Connect once and say nothing; answered with `tried` or `failed`. */
  | { readonly kind: "try"; readonly broker: BrokerTarget }
  /** The results of a worker come through this port, also when its thread was replaced. */
  | { readonly kind: "results"; readonly worker: string; readonly port: MessagePort }
  /** A worker's thread was given up, so it says no end. What it sent before is taken all the same. */
  | { readonly kind: "results-given-up"; readonly worker: string }
  | { readonly kind: "camera"; readonly status: CameraStatus }
  /** What `GET /status` answers, as it is. */
  | { readonly kind: "health"; readonly health: Readonly<Record<string, unknown>> }
  | { readonly kind: "answer"; readonly answer: CommandAnswer }
  | StopMessage;

/** The kinds of topics, as the metrics label them. */
export type TopicKind = "status" | "camera" | "inference" | "health" | "ack" | "discovery";

/** The connection to the broker at one moment. */
export interface BrokerState {
  readonly connected: boolean;
  readonly sinceMs: WallMs;
  /** Why it is not connected, or null. */
  readonly error: ErrorData | null;
  readonly protocol: 5 | "3.1.1" | null;
  readonly reconnects: number;
}

export type FromPublisher =
  | { readonly kind: "tried"; readonly protocol: 5 | "3.1.1" }
  | { readonly kind: "broker"; readonly state: BrokerState }
  /** An inference message was handed to the MQTT client; `totalMs` as it was written. */
  | {
    readonly kind: "emitted";
    readonly camera: string;
    readonly detector: string;
    readonly worker: string;
    readonly seq: number;
    readonly totalMs: number;
  }
  /** A command came that is well formed; each is answered once with `answer`. */
  | { readonly kind: "command"; readonly request: CommandRequest }
  | { readonly kind: "published"; readonly topicKind: TopicKind }
  | { readonly kind: "discarded"; readonly topicKind: TopicKind; readonly reason: string }
  | StoppedMessage
  | LogMessage
  | FailedMessage;

// ---------------------------------------------------------------------------- main ⇄ broker

export type ToBroker =
  | {
    readonly kind: "start";
    readonly hostname: string;
    readonly port: number;
    /** Whose place and topics are kept; null keeps none. */
    readonly own: OwnClient | null;
  }
  | StopMessage;

export type FromBroker =
  | { readonly kind: "listening"; readonly hostname: string; readonly port: number }
  | StoppedMessage
  | LogMessage
  | FailedMessage;
