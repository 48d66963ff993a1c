import type { CameraStatus } from "../core/camera_types.ts";
import { EXIT } from "../core/exit.ts";
import type { OwnClient } from "../core/publisher_types.ts";
import type { HealthServer } from "../health/http_server.ts";
import { Metrics } from "../health/metrics.ts";
import { PresenceLog } from "../health/presence_log.ts";
import { pinLibav } from "../libav/pin.ts";
import type { Manifest } from "../permissions/manifest.ts";
import { Controller } from "./control/controller.ts";
import type { EventHub } from "./events/event_hub.ts";
import { publisherEvents } from "./events/publisher_events.ts";
import { Figures } from "./figures.ts";
import { startHttp } from "./http_interface.ts";
import { checkKernel, confinementSummary, offeredAbi } from "./kernel_check.ts";
import type { ServiceOptions } from "./options.ts";
import { type CameraSetup, cameraSetup } from "./probe/setup.ts";
import type { FleetChanged } from "./reload/apply.ts";
import { overrideInForce } from "./reload/in_force.ts";
import type { NextFleet } from "./reload/models.ts";
import type { Reloader } from "./reload/reloader.ts";
import { serviceReloader } from "./reload/service_reloader.ts";
import { Reporter } from "./reporter.ts";
import { AbandonedThreads } from "./supervision/abandoned_threads.ts";
import { fleetWatchdog } from "./supervision/fleet_watchdog.ts";
import { SERVICE_LIMITS, type ServiceLimits } from "./supervision/limits.ts";
import { ShutdownDeadlines } from "./supervision/shutdown_deadlines.ts";
import { Supervisor } from "./supervision/supervisor.ts";
import type { Watchdog } from "./supervision/watchdog.ts";
import { BrokerWorker } from "./workers/broker_worker.ts";
import type { CameraWorker } from "./workers/camera_worker.ts";
import { Fleet } from "./workers/fleet.ts";
import { PublisherWorker } from "./workers/publisher_worker.ts";
import { type Spawners, threadSpawners } from "./workers/spawners.ts";
import { ownClient, publisherPlan } from "./workers/start_messages.ts";

/** Why a service is to be stopped, and the exit code for it. */
export interface ServiceEnd {
  readonly reason: string;
  readonly code: number;
}

/**
 * A running Orion. Start order: broker, publisher, HTTP, detectors, cameras. Shutdown order: workers,
 * streams, tasks, MQTT.
 */
export class Service {
  readonly #options: ServiceOptions;
  readonly #limits: ServiceLimits;
  readonly #metrics = new Metrics();
  readonly #figures: Figures;
  readonly #reloader: Reloader;
  readonly #presenceLog: PresenceLog;
  readonly #threads: AbandonedThreads;
  readonly #supervisor: Supervisor;
  readonly #watchdog: Watchdog;
  readonly #fleet: Fleet;
  readonly #publisher: PublisherWorker;
  readonly #broker: BrokerWorker | null;
  readonly #reporter: Reporter;
  readonly #controller: Controller;
  readonly #events: EventHub;
  readonly #setup: CameraSetup;
  readonly #ended = Promise.withResolvers<ServiceEnd>();
  #http: HealthServer | null = null;
  #stopping = false;
  #landlockAbi = 0;

  constructor(options: ServiceOptions) {
    this.#options = options;
    const { settings, clock, log } = options;
    const manifest = options.manifestOf(settings);
    this.#limits = { ...SERVICE_LIMITS, ...options.limits };
    this.#presenceLog = new PresenceLog(log);
    this.#threads = new AbandonedThreads({
      ...{ clock, log, limit: this.#limits.maxAbandonedThreads },
      onLimit: (count) => this.#giveUp(`threads that hang: ${count}`),
    });
    this.#supervisor = new Supervisor({
      ...{ clock, log, random: Math.random, threads: this.#threads },
      maxRestarts: settings.watchdog.maxRestarts,
      parkedRetryMs: this.#limits.parkedRetryMs,
      onGaveUp: ({ name }) => this.#giveUp(`worker ${name} failed too often`),
    });
    const spawners = this.#spawners(manifest);
    const own = ownClient(settings);
    this.#broker = this.#makeBroker(spawners, own);
    this.#publisher = this.#makePublisher(spawners, own);
    this.#fleet = this.#makeFleet(spawners, manifest);
    this.#reporter = this.#makeReporter();
    this.#reloader = serviceReloader({
      ...{ options, fleet: this.#fleet, spawners: (other) => this.#spawners(other) },
      onChanged: (changed, next) => this.#onChanged(changed, next),
    });
    this.#controller = this.#makeController();
    this.#events = publisherEvents(this.#publisher, {
      ...{ settings, clock, cameras: this.#fleet.cameras },
    });
    this.#figures = this.#makeFigures();
    this.#setup = cameraSetup(options, { fleet: this.#fleet, threads: this.#threads });
    this.#watchdog = fleetWatchdog({
      ...{ clock, log, limits: this.#limits },
      ...{ fleet: this.#fleet, supervisor: this.#supervisor },
    });
  }

  /** Settles when the service is to be stopped: by a command, or because too much has failed. */
  get ended(): Promise<ServiceEnd> {
    return this.#ended.promise;
  }

  /** Reads the configuration again, on a signal: at once or as soon as the service is up. */
  requestReload(): void {
    this.#reloader.request();
  }

  /** @throws OrionError when the kernel cannot confine as required, a port is in use, or a model is bad */
  async start(): Promise<void> {
    const { settings, log, version, places } = this.#options;
    this.#landlockAbi = offeredAbi(places);
    checkKernel(settings, this.#landlockAbi);
    this.#broker?.start();
    await this.#broker?.listening;
    // An earlier run may have left another state on the broker, and models may take long to load.
    this.#fleet.cameras.forEach(({ record }) => this.#publisher.publishCamera(record.status));
    this.#publisher.start();
    this.#http = startHttp({
      ...{ ...this.#options, reporter: this.#reporter, fleet: this.#fleet },
      ...{ events: this.#events, controller: this.#controller, setup: this.#setup },
      stays: this.#publisher.journal,
    });
    log.info("service.starting", {
      version,
      instance: settings.instance,
      broker: settings.mqtt.displayUrl,
      ...(settings.mqtt.isEmbedded ? { embedded: true } : {}),
      topics: `${settings.mqtt.topicPrefix}/${settings.instance}/#`,
      http: this.#http?.url ?? "off",
      confinement: confinementSummary(settings, this.#landlockAbi),
    });
    await this.#fleet.startDetectors();
    // After a stop in the meantime nothing more may be started.
    if (this.#stopping) return;
    pinLibav(places.libav);
    this.#fleet.startCameras();
    this.#watchdog.start();
    this.#reloader.start();
    await this.#figures.report();
  }

  /** Stops in order, within the configured time. Idempotent. */
  async stop(reason: string): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    const { clock, log } = this.#options;
    const { settings } = this.#fleet;
    log.info("service.stopping", { reason });
    this.#reloader.stop();
    using deadlines = new ShutdownDeadlines(clock, settings.shutdownTimeoutSeconds * 1000);
    this.#watchdog.stop();
    this.#supervisor.stop();
    const late = (await this.#fleet.stopDetectors(deadlines.of("workers")))
      .concat(await this.#fleet.stopCameras(deadlines.of("streams")));
    this.#figures.stop();
    for (const part of [this.#fleet.live, this.#events, this.#setup, this.#controller]) {
      part.close();
    }
    await this.#http?.close(deadlines.of("tasks"));
    this.#publisher.publishHealth(await this.#reporter.report());
    if (!await this.#publisher.stop(deadlines.of("mqtt"))) late.push("publisher");
    await this.#broker?.stop(deadlines.of("mqtt"));
    if (late.length > 0) log.warning("service.stop_timed_out", { terminated: late });
    log.info("service.stopped", { reason });
  }

  #giveUp(reason: string): void {
    this.#ended.resolve({ reason, code: EXIT.gaveUp });
  }

  #spawners(manifest: Manifest): Spawners {
    const { entries, log } = this.#options;
    return threadSpawners({ entries, manifest, log, threads: this.#threads });
  }

  #makeBroker(spawners: Spawners, own: OwnClient): BrokerWorker | null {
    const { hostname, port } = this.#options.settings.mqtt.address;
    if (spawners.broker === null) return null;
    return new BrokerWorker({
      ...{ spawn: spawners.broker, hostname, port, own },
      onFailed: (worker, error) => this.#supervisor.replace(worker, error),
    });
  }

  #makePublisher(spawners: Spawners, own: OwnClient): PublisherWorker {
    const { settings, clock, version } = this.#options;
    return new PublisherWorker({
      spawn: spawners.publisher,
      plan: publisherPlan(settings, version, own),
      clock,
      onStarted: () => this.#fleet.connectResults(),
      onCommand: (request) =>
        void this.#controller.execute(request, (answer) => this.#publisher.answer(answer)),
      // It may arrive before the worker's own note, or without one.
      onProduced: ({ camera, seq }) => this.#fleet.advanceSeq(camera, seq),
      onEmitted: (emitted) => this.#figures.emitted(emitted),
      onPresence: (event, number) => {
        this.#presenceLog.observe(event);
        this.#events.presence(event, number);
      },
      onCopied: (copy) => this.#events.copied(copy),
      onKeep: (keep) => this.#fleet.keep(keep),
      onPicture: (request) => this.#fleet.picture(request),
      onFailed: (worker, error) => this.#supervisor.replace(worker, error),
    });
  }

  #makeFleet(spawners: Spawners, { confinements }: Manifest): Fleet {
    const { settings, places, clock, log } = this.#options;
    return new Fleet({
      ...{ settings, confinements, spawners, clock, log, limits: this.#limits },
      libraries: places.libav,
      publisher: this.#publisher,
      onStatus: (worker, status) => this.#onStatus(worker, status),
      onInferred: (worker, note) => {
        this.#figures.inferred(note);
        this.#supervisor.resumed(worker);
      },
      onFailed: (worker, error) => this.#supervisor.replace(worker, error),
    });
  }

  #makeReporter(): Reporter {
    const { clock, version, droppedLogLines, redactor } = this.#options;
    return new Reporter({
      ...{ clock, redactor, version, fleet: this.#fleet, metrics: this.#metrics },
      droppedLogLines: droppedLogLines ?? (() => 0),
      eventReaders: () => this.#events.readers,
      broker: () => this.#publisher.broker,
      messages: () => this.#publisher.messages,
      presence: this.#publisher.presence,
      journal: this.#publisher.journal,
      threadsAbandoned: () => this.#threads.count,
      landlockAbi: () => this.#landlockAbi,
      overrides: () => this.#controller.overrides(),
    });
  }

  #makeController(): Controller {
    const { settings, places, clock, log, redactor } = this.#options;
    return new Controller({
      target: this.#fleet,
      status: () => this.#reporter.report(),
      shutdown: () => this.#ended.resolve({ reason: "command", code: EXIT.done }),
      models: {
        root: places.root,
        folder: settings.models.folder,
        realPath: (path) => Deno.realPath(path),
      },
      allow: () => this.#fleet.settings.control.allow,
      configuration: this.#reloader,
      redactor,
      clock,
      log,
    });
  }

  /** Another configuration is in force. @returns settles when what it removed is gone */
  async #onChanged(changed: FleetChanged, { settings, change }: NextFleet): Promise<void> {
    for (const child of changed.removed) this.#supervisor.remove(child);
    for (const child of changed.retried) this.#supervisor.retry(child);
    if (change.service.includes("watchdog.intervalSeconds")) this.#watchdog.start();
    if (change.service.includes("health.statsIntervalSeconds")) this.#figures.restartInterval();
    const forget = () => changed.removedPairs.forEach((pair) => this.#figures.forget(pair));
    forget();
    this.#controller.reloaded((override) =>
      overrideInForce(override, settings, change, this.#publisher.presence)
    );
    await changed.finished;
    // An interval may have ended meanwhile, with the figures of what was leaving.
    forget();
    void this.#figures.changed();
  }

  #makeFigures(): Figures {
    const { clock, log } = this.#options;
    return new Figures({
      ...{ clock, log, metrics: this.#metrics, fleet: this.#fleet, reporter: this.#reporter },
      hasPresence: (detector) => this.#publisher.presence.settings(detector) !== null,
      onHealth: (health) => {
        this.#publisher.publishHealth(health);
        this.#events.health(health);
      },
    });
  }

  #onStatus(worker: CameraWorker, status: CameraStatus): void {
    if (status.state === "online") this.#supervisor.resumed(worker);
    this.#publisher.publishCamera(status);
    this.#events.camera(status);
  }
}
