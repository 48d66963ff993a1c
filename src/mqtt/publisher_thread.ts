import { instantOf } from "../core/age.ts";
import { assertNever } from "../core/assert.ts";
import type { CameraStatus } from "../core/camera_types.ts";
import type { Cancel, Clock, SteadyMs } from "../core/clock.ts";
import type { InferenceResult } from "../core/detector_types.ts";
import type { Log } from "../core/log.ts";
import type { FromPublisher, ToPublisher } from "../core/messages.ts";
import type {
  KeepRequest,
  Placement,
  PresenceChange,
  PresenceEvent,
  PresencePlan,
  PresenceResume,
  Stay,
} from "../core/presence_types.ts";
import type { PublisherPlan, Replan } from "../core/publisher_types.ts";
import { checkBroker } from "./check_broker.ts";
import { BrokerLink } from "./link.ts";
import { Publisher } from "./publisher.ts";
import { ResultReceiver } from "./result_receiver.ts";
import type { OpenSession } from "./session.ts";

/** How often main gets the open stays, for a thread that replaces this one. */
export const OPEN_STAYS_MS = 1_000;

/** What makes events of the results. */
export interface PresenceSource {
  /** The open stays. */
  readonly open: readonly Stay[];
  /** Continues the stays of a thread that was replaced. */
  resume(stays: readonly Stay[]): void;
  /** Emits the present occupancy of every camera and zone. */
  start(): void;
  /** @returns where each detection is; null where the detector has no presence */
  observe(result: InferenceResult, arrivedAtMs: SteadyMs): readonly Placement[] | null;
  camera(status: CameraStatus): void;
  /** A camera has sent no frame since the instant; null: it sends again. */
  silence(camera: string, sinceMs: SteadyMs | null): void;
  change(change: PresenceChange): void;
  /** Applies another plan; the stays of what it does not have any more end. */
  replan(plan: PresencePlan): void;
  kept(stay: string, seq: number): void;
  /** Ends all stays. */
  stop(): void;
}

/** What a source calls. */
export interface PresenceSink {
  readonly onEvent: (event: PresenceEvent) => void;
  readonly onBetter: (keep: KeepRequest) => void;
}

export interface PublisherThreadParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Drawn at random by this thread. */
  readonly session: number;
  /** As `Math.random`. */
  readonly random: () => number;
  readonly post: (message: FromPublisher) => void;
  readonly openSession: OpenSession;
  /** Reads a PEM file. */
  readonly readText: (path: string) => Promise<string>;
  readonly presenceOf: (plan: PresencePlan, sink: PresenceSink) => PresenceSource;
}

/** The publisher's thread: results and settings in, messages and events of presence out. */
export class PublisherThread {
  readonly #parts: PublisherThreadParts;
  readonly #publisher: Publisher;
  readonly #results: ResultReceiver;
  /** null: no detector has presence. */
  #source: PresenceSource | null = null;
  #hasBegun = false;
  /** The newest status of each camera, for a source that is added later. */
  readonly #cameras = new Map<string, CameraStatus>();
  #cancelOpenStays: Cancel | null = null;

  constructor(parts: PublisherThreadParts) {
    this.#parts = parts;
    const { clock, log, session, random, post, openSession, readText } = parts;
    this.#publisher = new Publisher({
      ...{ clock, log, session, post, readText },
      openLink: (plan, events) => new BrokerLink(plan, events, { openSession, clock, random, log }),
    });
    this.#results = new ResultReceiver({
      clock,
      onResult: (result, arrivedAtMs) => this.#onResult(result, arrivedAtMs),
    });
  }

  /** Handles one message of main. */
  async handle(message: ToPublisher): Promise<void> {
    switch (message.kind) {
      case "start":
        return this.#start(message.plan);
      case "resume":
        return this.#resume(message.resume);
      case "try": {
        const protocol = await checkBroker(message.check, this.#parts);
        return this.#parts.post({ kind: "tried", protocol });
      }
      case "results":
        this.#begin();
        return this.#results.add(message.worker, message.port);
      case "results-abandoned":
        return this.#results.abandon(message.worker);
      case "camera":
        return this.#camera(message.status);
      case "silence": {
        const { camera, age } = message;
        return this.#source?.silence(
          camera,
          age === null ? null : instantOf(age, this.#parts.clock),
        );
      }
      case "health":
        return this.#publisher.publishHealth(message.health);
      case "answer":
        return this.#publisher.acknowledge(message.answer);
      case "presence":
        return this.#change(message.change);
      case "replan":
        return this.#replan(message.plan);
      case "watch":
        return this.#publisher.watch(message.on);
      case "detect":
        return this.#publisher.publishDetect(message.camera, message.on);
      case "kept":
        return this.#source?.kept(message.stay, message.seq);
      case "picture":
        return this.#publisher.presence.picture(message.picture);
      case "stop":
        return await this.#stop();
      default:
        return assertNever(message);
    }
  }

  #start(plan: PublisherPlan): void {
    this.#publisher.start(plan, () => this.#source?.open ?? []);
    if (plan.presence.detectors.length > 0) this.#source = this.#makeSource(plan.presence);
  }

  #makeSource(plan: PresencePlan): PresenceSource {
    return this.#parts.presenceOf(plan, {
      onEvent: (event) => this.#publisher.presence.emit(event),
      onBetter: (keep) => this.#parts.post({ kind: "keep", keep }),
    });
  }

  #camera(status: CameraStatus): void {
    this.#begin();
    this.#cameras.set(status.camera, status);
    this.#source?.camera(status);
    this.#publisher.publishCamera(status);
  }

  /** The source first: what it ends belongs to what is cleared then. */
  #replan(plan: Replan): void {
    this.#begin();
    const { presence } = plan;
    this.#source?.replan(presence);
    this.#publisher.replan(plan);
    for (const camera of this.#cameras.keys()) {
      if (!presence.scenes.some((scene) => scene.camera === camera)) this.#cameras.delete(camera);
    }
    if (this.#source === null && presence.detectors.length > 0) {
      this.#source = this.#makeSource(presence);
      this.#startSource(this.#source);
    }
    // A camera that has presence only now has had its state for long.
    for (const status of this.#cameras.values()) this.#source?.camera(status);
    this.#parts.post({ kind: "replanned" });
  }

  #resume(resume: PresenceResume): void {
    this.#publisher.presence.resume(resume);
    this.#source?.resume(resume.stays);
  }

  /** With the first message behind the settings, what was changed of them and the stays of another thread. */
  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    if (this.#source !== null) this.#startSource(this.#source);
  }

  #startSource(source: PresenceSource): void {
    source.start();
    this.#postOpenStays(source);
  }

  /** Posts the open stays, now and at every interval from now on. */
  #postOpenStays(source: PresenceSource): void {
    const stays = source.open;
    if (stays.length > 0) this.#parts.post({ kind: "open-stays", stays });
    this.#cancelOpenStays = this.#parts.clock.after(
      OPEN_STAYS_MS,
      () => this.#postOpenStays(source),
    );
  }

  #onResult(result: InferenceResult, arrivedAtMs: SteadyMs): void {
    const placements = this.#source?.observe(result, arrivedAtMs) ?? null;
    this.#publisher.publishInference(result, arrivedAtMs, placements);
  }

  #change(change: PresenceChange): void {
    this.#source?.change(change);
    if (change.kind === "scene") this.#publisher.changeScene(change.scene);
  }

  async #stop(): Promise<void> {
    this.#cancelOpenStays?.();
    await this.#results.drained();
    if (this.#source !== null) {
      this.#publisher.presence.stopPictures();
      this.#source.stop();
    }
    await this.#publisher.stop();
    this.#parts.post({ kind: "stopped" });
  }
}
