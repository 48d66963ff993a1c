/**
 * Every message that passes between threads, and beside each link's union the function that says
 * which buffers and ports of a message are transferred.
 *
 * Messages carry data only: errors travel as {@link ErrorData}, because `postMessage` flattens
 * classes. Who sends what:
 *
 *     main ──ToCapture──▶ capture ──FromCapture──▶ main
 *     main ──ToInference──▶ inference ──FromInference──▶ main
 *     capture ──ToTaker──▶ inference ──ToMailbox──▶ capture      (one MessagePort per pair)
 *     main ──ToPublisher──▶ publisher ──FromPublisher──▶ main
 *     main ──ToBroker──▶ broker ──FromBroker──▶ main
 */
import type { CameraSource, CameraState, CaptureSnapshot, LibavPaths } from "./camera_shapes.ts";
import type { ErrorData } from "./errors.ts";
import type { BoxNorm, BoxPx, Fit, SizePx } from "./geometry.ts";
import type { LogRecord } from "./log.ts";
import type { OwnClient } from "./own_client.ts";

export type {
  CameraSource,
  CameraState,
  CaptureSnapshot,
  DecodeLevel,
  DecodeSetting,
  LibavPaths,
  NetworkFigures,
  StreamInfo,
  TrackInfo,
} from "./camera_shapes.ts";

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
  | { readonly kind: "snapshot"; readonly request: number }
  /** One picture as a JPEG; decoding wakes up for it. */
  | { readonly kind: "jpeg"; readonly request: number }
  | StopMessage;

export type FromCapture =
  | { readonly kind: "ready"; readonly libav: string }
  | {
    readonly kind: "state";
    readonly state: CameraState;
    readonly reason: string | null;
    readonly sinceMs: number;
    readonly reconnects: number;
  }
  | { readonly kind: "snapshot"; readonly request: number; readonly snapshot: CaptureSnapshot }
  /** The bytes of the picture, transferred, or why there is none. */
  | {
    readonly kind: "jpeg";
    readonly request: number;
    readonly picture: { readonly bytes: ArrayBuffer } | { readonly error: ErrorData };
  }
  /** A file that plays once reached its end; nothing will follow. */
  | { readonly kind: "ended" }
  | { readonly kind: "stopped"; readonly snapshot: CaptureSnapshot }
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
  /** The source frame's size, whatever the crop. */
  readonly size: SizePx;
  readonly keyframe: boolean;
  /** Seconds since the connection's first frame; for files the position in the clip. */
  readonly ptsSeconds: number;
  /** When the picture was taken, wall clock. */
  readonly capturedAtMs: number;
  readonly clock: CaptureClock;
  /** When the frame's packet arrived ({@link Clock.nowMs}). */
  readonly arrivedAtMs: number;
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

/** From a mailbox to an inference worker. */
export type ToTaker =
  /** The mailbox went from empty to full. Several workers may be told; one will get the frame. */
  | { readonly kind: "available"; readonly seq: number }
  /** The newest frame, converted into the buffer of the `take`. */
  | { readonly kind: "frame"; readonly meta: FrameMeta; readonly buffer: ArrayBuffer }
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

/** What is transferred with a message between a mailbox and a taker. */
export function frameTransfers(message: ToTaker | ToMailbox): Transferable[] {
  return message.kind === "available" ? [] : [message.buffer];
}

// ------------------------------------------------------------------------- main ⇄ inference

/** A model, and what to make of its output. */
export interface DetectorPlan {
  readonly detector: string;
  readonly worker: string;
  /** As configured, for messages: `builtin:person` or a path. */
  readonly model: string;
  /** The absolute path of the file. */
  readonly modelPath: string;
  readonly confidence: number;
  readonly iou: number;
  /** Names or numbers; null for all of the model's. */
  readonly classes: readonly (string | number)[] | null;
  readonly threads: number;
}

/** One thing that was seen, in pixels of the source frame. */
export interface Detection {
  readonly class: string;
  readonly confidence: number;
  readonly box: BoxPx;
}

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
  | { readonly kind: "result"; readonly result: InferenceResult }
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
export function portTransfers(message: ToCapture | ToInference): Transferable[] {
  return message.kind === "attach" ? [message.port] : [];
}

// ------------------------------------------------------------------------- main ⇄ publisher

/** How to reach the broker. Credentials are in clear here, and go nowhere but to the MQTT client. */
export interface BrokerTarget {
  readonly url: string;
  readonly username: string | null;
  readonly password: string | null;
  /** Paths of PEM files. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  readonly protocol: 5 | "3.1.1";
}

/** What becomes of inference messages while the broker is away. */
export interface OutboxPlan {
  /** `latest`: the newest of every camera and detector; `queue`: all of them, in order. */
  readonly policy: "latest" | "queue";
  /** How many may wait; beyond it the oldest go. */
  readonly max: number;
}

/** What Home Assistant is told. */
export interface HomeAssistantPlan {
  readonly discoveryPrefix: string;
  /** The cameras, and for each the detector that looks for persons there, or null. */
  readonly cameras: readonly { readonly camera: string; readonly personDetector: string | null }[];
}

/** What the publisher needs to know of the instance. */
export interface PublisherPlan {
  readonly broker: BrokerTarget;
  readonly instance: string;
  readonly version: string;
  readonly topicPrefix: string;
  readonly qos: { readonly inferences: 0 | 1; readonly control: 0 | 1; readonly health: 0 | 1 };
  readonly outbox: OutboxPlan;
  /** null: Home Assistant is told nothing. */
  readonly homeAssistant: HomeAssistantPlan | null;
}

/**
 * A command that was checked: its shape and its bounds, but not whether what it names exists. A camera
 * or detector that is null stands for all of them.
 */
export type ControlCommand =
  | { readonly command: "get_status" | "shutdown" }
  | {
    readonly command: "pause" | "resume";
    readonly camera: string | null;
    readonly detector: string | null;
  }
  | {
    readonly command: "set_rate";
    readonly detector: string;
    readonly rateHz: number;
    readonly camera: string | null;
  }
  | { readonly command: "set_confidence"; readonly detector: string; readonly confidence: number }
  | { readonly command: "set_roi"; readonly camera: string; readonly roi: BoxNorm }
  | { readonly command: "clear_roi" | "snapshot"; readonly camera: string }
  | { readonly command: "set_model"; readonly detector: string; readonly model: string };

/** A command on its way to whoever carries it out. */
export interface CommandRequest {
  /** Names this delivery: the answer carries it back. */
  readonly request: number;
  /** The sender's name for the command; the same id twice is carried out once. */
  readonly id: string;
  readonly command: ControlCommand;
}

/** What became of a command: what it answers (plain data), or why it was not carried out. */
export type CommandOutcome = { readonly data: unknown } | { readonly error: ErrorData };

/** The answer to one {@link CommandRequest}. */
export interface CommandAnswer {
  readonly request: number;
  /** The name of the command that was carried out under this id. */
  readonly command: ControlCommand["command"];
  readonly outcome: CommandOutcome;
}

/** What a camera's status topic says. */
export interface CameraStatus {
  readonly camera: string;
  readonly state: CameraState;
  readonly sinceMs: number;
  readonly reason: string | null;
  readonly reconnects: number;
}

export type ToPublisher =
  | { readonly kind: "start"; readonly plan: PublisherPlan }
  /** Connect once and say nothing; answered with `tried` or `failed`. */
  | { readonly kind: "try"; readonly broker: BrokerTarget }
  | { readonly kind: "inference"; readonly result: InferenceResult }
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
  readonly sinceMs: number;
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
    readonly totalMs: number;
    /** The message itself, for the events of the HTTP interface. */
    readonly json: string;
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
