/**
 * Every message between threads, with functions that name the buffers and ports to transfer. Messages carry
 * plain data: errors travel as {@link ErrorData}, because `postMessage` flattens classes.
 *
 *     main ──ToCapture──▶ capture ──FromCapture──▶ main
 *     main ──ToInference──▶ inference ──FromInference──▶ main
 *     capture ──ToConsumer──▶ inference ──ToMailbox──▶ capture      (one MessagePort per pair)
 *     inference ──ToResults──▶ publisher                         (one MessagePort per thread)
 *     main ──ToPublisher──▶ publisher ──FromPublisher──▶ main
 *     main ──ToBroker──▶ broker ──FromBroker──▶ main
 *
 * Every worker also posts {@link LogMessage} and {@link FailedMessage}: `serve` sends them and the
 * worker's handle receives them, so none of the unions has them.
 */
import type { Age } from "./age.ts";
import type {
  CameraSource,
  CameraState,
  CameraStatus,
  LibavPaths,
  StreamInfo,
  Subscription,
  WatchedReport,
} from "./camera_types.ts";
import type { WallMs } from "./clock.ts";
import type { Confinement, ConfinementState } from "./confinement.ts";
import type { CommandAnswer, CommandRequest } from "./commands.ts";
import type { DetectorPlan, InferenceResult, LoadedModel, ResultNote } from "./detector_types.ts";
import type { ErrorData } from "./errors.ts";
import type { CopiedEvent, EmittedInference } from "./event_types.ts";
import type { SentFrame } from "./frame_meta.ts";
import type { BoxNorm, PointNorm } from "./geometry.ts";
import type { LogRecord } from "./log.ts";
import type { PicturesFromCapture, PicturesToCapture } from "./live_types.ts";
import type { InputPolicy } from "./model_input.ts";
import type {
  KeepRequest,
  NumberedEvent,
  PictureRequest,
  PresenceChange,
  PresenceResume,
  Stay,
  StayPicture,
} from "./presence_types.ts";
import type {
  BrokerCheck,
  BrokerState,
  DiscardReason,
  OwnClient,
  PublisherPlan,
  Replan,
  TopicKind,
} from "./publisher_types.ts";

/** A log record of a worker; the main thread formats and redacts it. */
export interface LogMessage {
  readonly kind: "log";
  readonly record: LogRecord;
}

/** The worker cannot continue; it will be stopped or terminated. */
export interface FailedMessage {
  readonly kind: "failed";
  readonly error: ErrorData;
}

/** All messages of a worker that answers `Out`. */
export type FromWorker<Out> = Out | LogMessage | FailedMessage;

/** The worker has released everything and may be terminated. */
export interface StoppedMessage {
  readonly kind: "stopped";
}

/** Requests an orderly stop. */
export interface StopMessage {
  readonly kind: "stop";
}

// ---------------------------------------------------------------------------- main ⇄ capture

export type ToCapture =
  | {
    readonly kind: "start";
    readonly source: CameraSource;
    readonly libraries: LibavPaths;
    /** null: the kernel does not confine the thread. */
    readonly confinement: Confinement | null;
  }
  /** Adds a mailbox for the detector, or changes its subscription. */
  | { readonly kind: "subscribe"; readonly subscription: Subscription }
  /** Removes the mailbox of the detector, whose workers were detached before. */
  | { readonly kind: "unsubscribe"; readonly detector: string }
  /** Connects a worker of the detector to its mailbox; replaces an earlier port of that worker. */
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
    /** The last frame of this camera that the worker has finished; a later one is lost with it. */
    readonly lastSeq: number | null;
  }
  | { readonly kind: "roi"; readonly roi: BoxNorm | null }
  /** Polygons that are black from the next frame on, in tensors and in pictures of stays. */
  | { readonly kind: "masks"; readonly masks: readonly (readonly PointNorm[])[] }
  /** In force at the latest when the former timeout would have ended. */
  | { readonly kind: "stall-timeout"; readonly stallTimeoutMs: number }
  | { readonly kind: "report"; readonly request: number }
  | PicturesToCapture
  /** Keeps a delivered frame as the picture of a stay, in place of an earlier one. */
  | { readonly kind: "keep"; readonly keep: KeepRequest }
  | PictureRequest & { readonly kind: "picture" }
  | StopMessage;

export type FromCapture =
  | { readonly kind: "ready"; readonly libav: string; readonly confinement: ConfinementState }
  | {
    readonly kind: "state";
    readonly state: CameraState;
    readonly reason: string | null;
    readonly sinceMs: WallMs;
    readonly reconnects: number;
    /** The error that ended the connection, or null. */
    readonly error: ErrorData | null;
    /** The newest stream that was opened, or null before the first one. */
    readonly info: StreamInfo | null;
  }
  /** No usable frame has arrived since the instant; null: they arrive again. */
  | { readonly kind: "silence"; readonly age: Age | null }
  | { readonly kind: "report"; readonly request: number; readonly report: WatchedReport }
  | PicturesFromCapture
  /** The frame of a `keep` is the picture of the stay from now on. */
  | { readonly kind: "kept"; readonly stay: string; readonly seq: number }
  /** The answer to a `picture`; its bytes are transferred. */
  | { readonly kind: "picture"; readonly picture: StayPicture }
  /** A file that is not looped has reached its end; no frame follows. */
  | { readonly kind: "ended" }
  | { readonly kind: "stopped"; readonly report: WatchedReport };

// ---------------------------------------------------------------------- capture ⇄ inference

/** From a mailbox to an inference worker. */
export type ToConsumer =
  /** The mailbox went from empty to full. Sent to every worker of the pool; one will get the frame. */
  | { readonly kind: "available"; readonly seq: number }
  /** The newest frame, converted into the front part of the buffer of the `take`. */
  | SentFrame & { readonly kind: "frame"; readonly buffer: ArrayBuffer }
  /** The mailbox is empty: returns the buffer unchanged. */
  | { readonly kind: "none"; readonly buffer: ArrayBuffer };

/** From an inference worker to a mailbox. */
export type ToMailbox = {
  readonly kind: "take";
  readonly input: InputPolicy;
  /** Exactly `bufferBytes` long; owned by the capture worker until it is returned. */
  readonly buffer: ArrayBuffer;
  /** The `barsKey` of the letterbox whose bars the buffer still holds, or null. */
  readonly barsKey: string | null;
};

/** The buffers to transfer with a message between a mailbox and a consumer. */
export function frameTransfers(message: ToConsumer | ToMailbox): Transferable[] {
  return message.kind === "available" ? [] : [message.buffer];
}

// ------------------------------------------------------------------------- main ⇄ inference

export type ToInference =
  | {
    readonly kind: "start";
    readonly plan: DetectorPlan;
    /** null: the kernel does not confine the thread. */
    readonly confinement: Confinement | null;
  }
  /** The port for all further results; replaces the previous one. */
  | { readonly kind: "results"; readonly port: MessagePort }
  | { readonly kind: "attach"; readonly camera: string; readonly port: MessagePort }
  | { readonly kind: "detach"; readonly camera: string }
  | { readonly kind: "confidence"; readonly confidence: number }
  | StopMessage;

export type FromInference =
  | {
    readonly kind: "ready";
    readonly loadMs: number;
    readonly confinement: ConfinementState;
  } & LoadedModel
  /** A frame was inferred, and its result sent to the publisher. */
  | { readonly kind: "inferred"; readonly note: ResultNote }
  /** The inference of one frame failed; the worker continues. */
  | {
    readonly kind: "frame-failed";
    readonly camera: string;
    readonly seq: number;
    readonly error: ErrorData;
  }
  | StoppedMessage;

/** The port to transfer with a message. */
export function portTransfers(message: ToCapture | ToInference | ToPublisher): Transferable[] {
  return message.kind === "attach" || message.kind === "results" ? [message.port] : [];
}

/** The bytes to transfer with a `picture`. */
export function pictureTransfers({ bytes }: StayPicture): Transferable[] {
  return bytes === null ? [] : [bytes];
}

// -------------------------------------------------------------------- inference ⇄ publisher

/** From an inference worker to the publisher; nothing is transferred. */
export type ToResults =
  | { readonly kind: "result"; readonly result: InferenceResult; readonly age: Age }
  /** The last message: the thread has finished its last frame. */
  | { readonly kind: "end" };

// ------------------------------------------------------------------------- main ⇄ publisher

export type ToPublisher =
  | { readonly kind: "start"; readonly plan: PublisherPlan }
  /** What the thread before it left: posted behind `start`, before any port of results. */
  | { readonly kind: "resume"; readonly resume: PresenceResume }
  /** Connects once and reads back what it writes; answered with `tried` or `failed`. */
  | { readonly kind: "try"; readonly check: BrokerCheck }
  /** A port for the results of a worker, also for one whose thread was replaced. */
  | { readonly kind: "results"; readonly worker: string; readonly port: MessagePort }
  /** A worker was abandoned and will send no `end`. Results that it sent before still count. */
  | { readonly kind: "results-abandoned"; readonly worker: string }
  | { readonly kind: "camera"; readonly status: CameraStatus }
  /** A `silence` of a camera. */
  | { readonly kind: "silence"; readonly camera: string; readonly age: Age | null }
  /** The body of `GET /status`. */
  | { readonly kind: "health"; readonly health: Readonly<Record<string, unknown>> }
  | { readonly kind: "answer"; readonly answer: CommandAnswer }
  | { readonly kind: "presence"; readonly change: PresenceChange }
  /** The configuration was read again; answered with `replanned`. */
  | { readonly kind: "replan"; readonly plan: Replan }
  /** Whether there are readers of events, to whom payloads are copied. */
  | { readonly kind: "watch"; readonly on: boolean }
  /** Whether any detector of the camera is not paused: the state of its switch. */
  | { readonly kind: "detect"; readonly camera: string; readonly on: boolean }
  /** A camera has kept the frame of a `keep`. */
  | { readonly kind: "kept"; readonly stay: string; readonly seq: number }
  /** The answer to a `picture`; its bytes are transferred. */
  | { readonly kind: "picture"; readonly picture: StayPicture }
  | StopMessage;

export type FromPublisher =
  | { readonly kind: "tried"; readonly protocol: 5 | "3.1.1" }
  | { readonly kind: "broker"; readonly state: BrokerState }
  /** A message is to be published; it is counted once more, as published or discarded. */
  | {
    readonly kind: "produced";
    readonly topicKind: TopicKind;
    /** The frame of an inference message; else null. */
    readonly frame: { readonly camera: string; readonly seq: number } | null;
  }
  | EmittedInference & { readonly kind: "emitted" }
  /** A well-formed command; each is answered once with `answer`. */
  | { readonly kind: "command"; readonly request: CommandRequest }
  /** Any other message was. */
  | { readonly kind: "published"; readonly topicKind: Exclude<TopicKind, "inference"> }
  | { readonly kind: "discarded"; readonly topicKind: TopicKind; readonly reason: DiscardReason }
  /** An event of presence; posted before its message is published. */
  | NumberedEvent & { readonly kind: "presence" }
  /** The open stays as they are now; posted now and then while there is one. */
  | { readonly kind: "open-stays"; readonly stays: readonly Stay[] }
  /** While there are readers of events: what is published, or would be if the broker were connected. */
  | { readonly kind: "copied"; readonly copy: CopiedEvent }
  /** The message of that event was acknowledged, or discarded for good. */
  | { readonly kind: "presence-settled"; readonly number: number }
  | { readonly kind: "keep"; readonly keep: KeepRequest }
  | PictureRequest & { readonly kind: "picture"; readonly camera: string }
  /** A `replan` is in force: what it ended was posted before. */
  | { readonly kind: "replanned" }
  | StoppedMessage;

// ---------------------------------------------------------------------------- main ⇄ broker

export type ToBroker =
  | {
    readonly kind: "start";
    readonly hostname: string;
    readonly port: number;
    /** The client whose session and topics are reserved; null reserves none. */
    readonly own: OwnClient | null;
  }
  | StopMessage;

export type FromBroker = { readonly kind: "listening" } | StoppedMessage;
