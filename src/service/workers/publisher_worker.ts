import { type Age, ageOf, instantOf } from "../../core/age.ts";
import type { CameraStatus } from "../../core/camera_types.ts";
import type { Clock, SteadyMs } from "../../core/clock.ts";
import type { CommandAnswer, CommandRequest } from "../../core/commands.ts";
import type { ErrorData } from "../../core/errors.ts";
import type { CopiedEvent } from "../../core/event_types.ts";
import {
  type FromPublisher,
  pictureTransfers,
  portTransfers,
  type ToPublisher,
} from "../../core/messages.ts";
import type {
  KeepRequest,
  PresenceChange,
  PresenceEvent,
  StayPicture,
} from "../../core/presence_types.ts";
import type {
  BrokerState,
  MessageAccounts,
  PublisherPlan,
  Replan,
} from "../../core/publisher_types.ts";
import type { Child } from "../supervision/child.ts";
import { MessageLedger } from "./message_ledger.ts";
import { PresenceInForce } from "./presence_in_force.ts";
import { PresenceJournal } from "./presence_journal.ts";
import type { CameraRouter, PresenceRouter, ResultRouter } from "./publisher_routes.ts";
import type { Spawn, WorkerHandle } from "./worker_handle.ts";

/** An inference message was published. */
export type Emitted = Extract<FromPublisher, { kind: "emitted" }>;

/** A request for the picture of a stay. */
export type PictureRequest = Extract<FromPublisher, { kind: "picture" }>;

/** What the publisher works with. */
export interface PublisherWorkerParts {
  readonly spawn: Spawn<ToPublisher, FromPublisher>;
  readonly plan: PublisherPlan;
  readonly clock: Clock;
  /** A thread was started: results must be routed to it. */
  readonly onStarted: () => void;
  readonly onCommand: (request: CommandRequest) => void;
  /** The publisher received the result of a frame, which will be published or discarded. */
  readonly onProduced: (frame: { readonly camera: string; readonly seq: number }) => void;
  readonly onEmitted: (emitted: Emitted) => void;
  /** Called with each event of presence, once it is in the journal. */
  readonly onPresence: (event: PresenceEvent, number: number) => void;
  /** A payload was copied, because {@link PublisherWorker.watch} is on. */
  readonly onCopied: (copy: CopiedEvent) => void;
  /** A camera is to keep a frame as the picture of a stay. */
  readonly onKeep: (keep: KeepRequest) => void;
  /** Answered with {@link PublisherWorker.picture}, exactly once. */
  readonly onPicture: (request: PictureRequest) => void;
  readonly onFailed: (worker: PublisherWorker, error: ErrorData) => void;
}

/** The publisher as the main thread holds it. */
export class PublisherWorker implements Child, ResultRouter, PresenceRouter, CameraRouter {
  readonly name = "publisher";
  /** The service cannot run without it, and its faults are no camera's: a restart of the process is due. */
  readonly park = null;
  readonly #parts: PublisherWorkerParts;
  /** The newest status of each camera, for a thread that replaces the present one. */
  readonly #cameras = new Map<string, CameraStatus>();
  /** Of each camera that sends no usable frames: since when. */
  readonly #silentSinceMs = new Map<string, SteadyMs>();
  readonly #messages = new MessageLedger();
  /** The stays of all threads so far. */
  readonly journal = new PresenceJournal();
  /** The settings of presence, for a thread that replaces the present one, and for reports. */
  readonly presence: PresenceInForce;
  /** Whether a detector of the camera is not paused, by camera. */
  readonly #detecting = new Map<string, boolean>();
  #plan: PublisherPlan;
  #onReplanned: (() => void) | null = null;
  #handle: WorkerHandle<ToPublisher> | null = null;
  #health: Readonly<Record<string, unknown>> | null = null;
  #isWatched = false;
  #replaces = false;
  #broker: BrokerState;

  constructor(parts: PublisherWorkerParts) {
    this.#parts = parts;
    this.#plan = parts.plan;
    this.presence = new PresenceInForce(parts.plan.presence);
    this.#broker = {
      connected: false,
      sinceMs: parts.clock.wallMs(),
      error: null,
      protocol: null,
      reconnects: 0,
      problem: null,
    };
  }

  /** The connection to the broker. */
  get broker(): BrokerState {
    return this.#broker;
  }

  /** What became of the messages of all threads so far. */
  get messages(): MessageAccounts {
    return this.#messages.accounts();
  }

  /** Starts the thread, which connects in the background and retries until it succeeds. */
  start(): void {
    const { spawn, onStarted, clock } = this.#parts;
    const handle = spawn({
      name: this.name,
      onMessage: (message) => this.#onMessage(message),
      onFailed: (error) => this.#parts.onFailed(this, error),
    });
    this.#handle = handle;
    handle.post({ kind: "start", plan: this.#plan });
    if (this.#isWatched) handle.post({ kind: "watch", on: true });
    if (this.#replaces) handle.post({ kind: "resume", resume: this.journal.resume() });
    this.#replaces = true;
    for (const change of this.presence.changes) handle.post({ kind: "presence", change });
    for (const [camera, on] of this.#detecting) handle.post({ kind: "detect", camera, on });
    for (const status of this.#cameras.values()) handle.post({ kind: "camera", status });
    for (const [camera, atMs] of this.#silentSinceMs) {
      handle.post({ kind: "silence", camera, age: ageOf(atMs, clock) });
    }
    onStarted();
  }

  /** Drawn at random by this run of the process. */
  get run(): number {
    return this.#parts.plan.run;
  }

  /** The newest status of each camera. */
  get cameras(): Iterable<CameraStatus> {
    return this.#cameras.values();
  }

  /** The newest health that was to be published; null before the first. */
  get health(): Readonly<Record<string, unknown>> | null {
    return this.#health;
  }

  /** Whether the payloads of messages are copied to main, by this thread and all later ones. */
  watch(on: boolean): void {
    this.#isWatched = on;
    this.#handle?.post({ kind: "watch", on });
  }

  openResults(worker: string): MessagePort | null {
    if (this.#handle === null) return null;
    const { port1, port2 } = new MessageChannel();
    const message: ToPublisher = { kind: "results", worker, port: port1 };
    this.#handle.post(message, portTransfers(message));
    return port2;
  }

  abandonResults(worker: string): void {
    this.#handle?.post({ kind: "results-abandoned", worker });
  }

  publishCamera(status: CameraStatus): void {
    this.#cameras.set(status.camera, status);
    this.#handle?.post({ kind: "camera", status });
  }

  publishHealth(health: Readonly<Record<string, unknown>>): void {
    this.#health = health;
    this.#handle?.post({ kind: "health", health });
  }

  changePresence(change: PresenceChange): void {
    this.presence.change(change);
    if (change.kind === "scene") {
      this.journal.zonesChanged(change.scene.camera, change.scene.zones);
    }
    this.#handle?.post({ kind: "presence", change });
  }

  replan(change: Replan): Promise<void> {
    this.#plan = { ...this.#plan, ...change };
    const { scenes } = change.presence;
    this.presence.replan(change.presence);
    const cameras = new Set(scenes.map(({ camera }) => camera));
    for (const known of [this.#cameras, this.#detecting, this.#silentSinceMs]) {
      for (const camera of known.keys()) if (!cameras.has(camera)) known.delete(camera);
    }
    for (const { camera, zones } of scenes) this.journal.zonesChanged(camera, zones);
    const replanned = Promise.withResolvers<void>();
    this.#onReplanned = () => {
      this.journal.retain(this.#plan.presence);
      replanned.resolve();
    };
    this.#handle?.post({ kind: "replan", plan: change });
    return replanned.promise;
  }

  setDetecting(camera: string, on: boolean): void {
    if (this.#detecting.get(camera) === on) return;
    this.#detecting.set(camera, on);
    this.#handle?.post({ kind: "detect", camera, on });
  }

  kept(stay: string, seq: number): void {
    this.#handle?.post({ kind: "kept", stay, seq });
  }

  silence(camera: string, age: Age | null): void {
    if (age === null) this.#silentSinceMs.delete(camera);
    else this.#silentSinceMs.set(camera, instantOf(age, this.#parts.clock));
    this.#handle?.post({ kind: "silence", camera, age });
  }

  picture(picture: StayPicture): void {
    this.journal.addPicture(picture);
    this.#handle?.post({ kind: "picture", picture }, pictureTransfers(picture));
  }

  answer(answer: CommandAnswer): void {
    this.#handle?.post({ kind: "answer", answer });
  }

  abandon(): void {
    this.#handle?.terminate();
    this.#handle = null;
    this.#messages.threadEnded();
    this.#broker = { ...this.#broker, connected: false, sinceMs: this.#parts.clock.wallMs() };
  }

  /** Publishes messages in flight, then `offline`. */
  async stop(deadline: Promise<unknown>): Promise<boolean> {
    return await this.#handle?.stop(deadline) ?? true;
  }

  #onMessage(message: FromPublisher): void {
    switch (message.kind) {
      case "broker":
        this.#broker = message.state;
        return;
      case "command":
        return this.#parts.onCommand(message.request);
      case "produced":
        this.#messages.produced(message.topicKind);
        if (message.frame !== null) this.#parts.onProduced(message.frame);
        return;
      case "emitted":
        this.#messages.published("inference");
        return this.#parts.onEmitted(message);
      case "published":
        return this.#messages.published(message.topicKind);
      case "discarded":
        return this.#messages.discarded(message.topicKind, message.reason);
      case "presence":
        this.journal.observe(message);
        return this.#parts.onPresence(message.event, message.number);
      case "open-stays":
        return this.journal.openStays(message.stays);
      case "copied":
        return this.#parts.onCopied(message.copy);
      case "presence-settled":
        return this.journal.settled(message.number);
      case "keep":
        return this.#parts.onKeep(message.keep);
      case "picture":
        return this.#parts.onPicture(message);
      case "replanned":
        return this.#onReplanned?.();
      case "tried": // The answer to a `try`, which only the dry run sends.
      case "stopped":
        return;
    }
  }
}
