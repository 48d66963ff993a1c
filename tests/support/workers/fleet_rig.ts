/** A fleet whose threads the test plays. */
import type { Settings } from "../../../src/config/settings.ts";
import type { ErrorData } from "../../../src/core/errors.ts";
import { type LogRecord, logTo } from "../../../src/core/log.ts";
import type {
  FromCapture,
  FromInference,
  ToCapture,
  ToInference,
} from "../../../src/core/messages.ts";
import type { PresenceChange } from "../../../src/core/presence_types.ts";
import type { Replan } from "../../../src/core/publisher_types.ts";
import { settingsChange } from "../../../src/service/reload/diff.ts";
import type { NextFleet } from "../../../src/service/reload/models.ts";
import type { Child } from "../../../src/service/supervision/child.ts";
import { Fleet } from "../../../src/service/workers/fleet.ts";
import { PresenceInForce } from "../../../src/service/workers/presence_in_force.ts";
import type { PresenceRouter } from "../../../src/service/workers/publisher_routes.ts";
import { ownClient, publisherPlan } from "../../../src/service/workers/start_messages.ts";
import type { ThreadSetups } from "../../../src/service/workers/worker_factory.ts";
import { HeldClock } from "../clocks/held_clock.ts";
import { FakeThreads } from "./fake_threads.ts";
import { FakeRouter, LIBRARIES, READY, settingsOf, STREAM } from "./service_parts.ts";

export const LOAD_WAIT_MS = 60_000;

/** Detector `person` takes the frames of both cameras with two workers, `car` those of `yard`. */
export const TWO_CAMERAS = `
cameras:
  - { id: gate, url: "rtsp://192.0.2.1/s" }
  - { id: yard, url: "rtsp://192.0.2.2/s" }
detectors:
  - { id: person, model: "builtin:person", workers: 2, rateHz: 5 }
  - { id: car, model: "builtin:person", cameras: [yard] }
`;

/** The publisher as the fleet sees it: what is changed of presence is in force, and recorded. */
class FakePublisher extends FakeRouter implements PresenceRouter {
  readonly presence: PresenceInForce;
  readonly changes: PresenceChange[] = [];
  readonly plans: Replan[] = [];
  /** Settled when the stays of what was removed have ended. */
  readonly replanned = Promise.withResolvers<void>();

  constructor(settings: Settings) {
    super();
    this.presence = new PresenceInForce(
      publisherPlan(settings, "1.0.0", ownClient(settings)).presence,
    );
  }

  changePresence(change: PresenceChange): void {
    this.presence.change(change);
    this.changes.push(change);
  }

  replan(plan: Replan): Promise<void> {
    this.presence.replan(plan.presence);
    this.plans.push(plan);
    return this.replanned.promise;
  }
}

export class FleetRig implements Disposable {
  readonly clock = new HeldClock();
  readonly captures = new FakeThreads<ToCapture, FromCapture>();
  readonly inferences = new FakeThreads<ToInference, FromInference>();
  readonly router: FakePublisher;
  readonly records: LogRecord[] = [];
  readonly failures: [Child, ErrorData][] = [];
  /** What cameras and workers reported, in order. */
  readonly events: string[] = [];
  readonly settings;
  /** How threads are started. */
  readonly setups: ThreadSetups = {
    confinements: new Map(),
    spawners: { capture: () => this.captures.spawn, inference: () => this.inferences.spawn },
  };
  readonly fleet: Fleet;

  constructor(yaml = TWO_CAMERAS) {
    this.settings = settingsOf(yaml);
    this.router = new FakePublisher(this.settings);
    this.fleet = new Fleet({
      settings: this.settings,
      libraries: LIBRARIES,
      ...this.setups,
      clock: this.clock,
      log: logTo((record) => this.records.push(record)),
      limits: { modelLoadWaitMs: LOAD_WAIT_MS, modelLoadLimitMs: 2 * LOAD_WAIT_MS },
      publisher: this.router,
      onStatus: ({ name }, { state }) => this.events.push(`${name} ${state}`),
      onInferred: ({ name }, { seq }) => this.events.push(`${name} ${seq}`),
      onFailed: (...failure) => this.failures.push(failure),
    });
  }

  /** Starts everything; all models load at once. */
  async start(): Promise<void> {
    const loaded = this.fleet.startDetectors();
    for (const thread of this.inferences.all) thread.emit(READY);
    await loaded;
    this.fleet.startCameras();
  }

  /** Another configuration, to be applied. */
  next(yaml: string): NextFleet {
    const settings = settingsOf(yaml);
    const change = settingsChange(this.fleet.settings, settings);
    return { settings, change, setups: this.setups };
  }

  /** Changed settings of presence, in order. */
  get changes(): readonly PresenceChange[] {
    return this.router.changes;
  }

  online(camera: string): void {
    this.captures.newest(`capture-${camera}`).emit({
      kind: "state",
      state: "online",
      reason: null,
      sinceMs: this.clock.wallMs(),
      reconnects: 0,
      error: null,
      info: STREAM,
    });
  }

  /** The workers that the newest thread of a camera was connected to, in order. */
  attached(camera: string): string[] {
    return this.captures.newest(`capture-${camera}`).of("attach").map(({ worker }) => worker);
  }

  [Symbol.dispose](): void {
    this.captures[Symbol.dispose]();
    this.inferences[Symbol.dispose]();
    this.router[Symbol.dispose]();
  }
}
