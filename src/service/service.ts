import type { CameraStatus } from "../core/camera_types.ts";
import type { ResultNote } from "../core/detector_types.ts";
import { EXIT } from "../core/exit.ts";
import type { OwnClient } from "../core/publisher_types.ts";
import { Redactor } from "../core/redact.ts";
import { DetectionLog } from "../health/detection_log.ts";
import type { HealthServer } from "../health/http_server.ts";
import { healthJson } from "../health/health_json.ts";
import { Metrics } from "../health/metrics.ts";
import { PresenceLog } from "../health/presence_log.ts";
import { healthReport } from "../health/report.ts";
import { StatsLogger } from "../health/stats_log.ts";
import { pinLibav } from "../libav/pin.ts";
import { Controller } from "./control/controller.ts";
import type { EventHub } from "./events/event_hub.ts";
import { publisherEvents } from "./events/publisher_events.ts";
import { startHttp } from "./http_interface.ts";
import { checkKernel, confinementSummary, offeredAbi } from "./kernel_check.ts";
import type { ServiceOptions } from "./options.ts";
import { CameraSetup, probeSpawner } from "./probe/setup.ts";
import { Reporter } from "./reporter.ts";
import { AbandonedThreads } from "./supervision/abandoned_threads.ts";
import { fleetWatchdog } from "./supervision/fleet_watchdog.ts";
import { SERVICE_LIMITS, type ServiceLimits } from "./supervision/limits.ts";
import { ShutdownDeadlines } from "./supervision/shutdown_deadlines.ts";
import { Supervisor } from "./supervision/supervisor.ts";
import type { Watchdog } from "./supervision/watchdog.ts";
import { BrokerWorker } from "./workers/broker_worker.ts";
import type { CameraWorker } from "./workers/camera_worker.ts";
import type { DetectorWorker } from "./workers/detector_worker.ts";
import { Fleet } from "./workers/fleet.ts";
import { type Emitted, PublisherWorker } from "./workers/publisher_worker.ts";
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
  readonly #stats: StatsLogger;
  readonly #detections: DetectionLog;
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
  #cancelStats: (() => void) | null = null;
  #stopping = false;
  #landlockAbi = 0;

  constructor(options: ServiceOptions) {
    this.#options = options;
    const { settings, clock, log, manifest, entries } = options;
    this.#limits = { ...SERVICE_LIMITS, ...options.limits };
    this.#stats = new StatsLogger(log);
    this.#detections = new DetectionLog(log, clock, (detector) => this.#hasPresence(detector));
    this.#presenceLog = new PresenceLog(log);
    this.#threads = new AbandonedThreads({
      clock,
      log,
      limit: this.#limits.maxAbandonedThreads,
      onLimit: (count) => this.#giveUp(`threads that hang: ${count}`),
    });
    this.#supervisor = new Supervisor({
      clock,
      log,
      maxRestarts: settings.watchdog.maxRestarts,
      random: Math.random,
      threads: this.#threads,
      parkedRetryMs: this.#limits.parkedRetryMs,
      onGaveUp: ({ name }) => this.#giveUp(`worker ${name} failed too often`),
    });
    const spawners = threadSpawners({ entries, manifest, log, threads: this.#threads });
    const own = ownClient(settings);
    this.#broker = this.#makeBroker(spawners, own);
    this.#publisher = this.#makePublisher(spawners, own);
    this.#fleet = this.#makeFleet(spawners);
    this.#reporter = this.#makeReporter();
    this.#controller = this.#makeController();
    this.#events = publisherEvents(this.#publisher, options);
    this.#setup = new CameraSetup({
      ...options,
      spawn: probeSpawner(entries.probe, this.#threads),
    });
    this.#watchdog = fleetWatchdog({
      ...{ settings, clock, log, limits: this.#limits },
      ...{ fleet: this.#fleet, supervisor: this.#supervisor },
    });
  }

  /** Settles when the service is to be stopped: by a command, or because too much has failed. */
  get ended(): Promise<ServiceEnd> {
    return this.#ended.promise;
  }

  /** @throws OrionError when the kernel cannot confine as required, a port is in use, or a model is bad */
  async start(): Promise<void> {
    const { settings, log, version, places } = this.#options;
    this.#landlockAbi = offeredAbi(places);
    checkKernel(settings, this.#landlockAbi);
    this.#broker?.start();
    await this.#broker?.listening;
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
    await this.#reportStats();
  }

  /** Stops in order, within the configured time. Idempotent. */
  async stop(reason: string): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    const { settings, clock, log } = this.#options;
    log.info("service.stopping", { reason });
    using deadlines = new ShutdownDeadlines(clock, settings.shutdownTimeoutSeconds * 1000);
    this.#watchdog.stop();
    this.#supervisor.stop();
    const late = (await this.#fleet.stopDetectors(deadlines.of("workers")))
      .concat(await this.#fleet.stopCameras(deadlines.of("streams")));
    this.#cancelStats?.();
    this.#fleet.live.close();
    this.#events.close();
    this.#setup.close();
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

  #makeBroker(spawners: Spawners, own: OwnClient): BrokerWorker | null {
    const { hostname, port } = this.#options.settings.mqtt.address;
    if (spawners.broker === null) return null;
    return new BrokerWorker({
      spawn: spawners.broker,
      hostname,
      port,
      own,
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
      onEmitted: (emitted) => this.#onEmitted(emitted),
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

  #makeFleet(spawners: Spawners): Fleet {
    const { settings, manifest, places, clock, log } = this.#options;
    return new Fleet({
      settings,
      libraries: places.libav,
      confinements: manifest.confinements,
      spawners,
      clock,
      log,
      limits: this.#limits,
      publisher: this.#publisher,
      onStatus: (worker, status) => this.#onStatus(worker, status),
      onInferred: (worker, note) => this.#onInferred(worker, note),
      onFailed: (worker, error) => this.#supervisor.replace(worker, error),
    });
  }

  #makeReporter(): Reporter {
    const { settings, clock, version, droppedLogLines } = this.#options;
    return new Reporter({
      settings,
      clock,
      version,
      fleet: this.#fleet,
      metrics: this.#metrics,
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
    const { settings, places, clock, log } = this.#options;
    return new Controller({
      target: this.#fleet,
      status: () => this.#reporter.report(),
      shutdown: () => this.#ended.resolve({ reason: "command", code: EXIT.done }),
      models: {
        root: places.root,
        folder: settings.models.folder,
        realPath: (path) => Deno.realPath(path),
      },
      allow: settings.control.allow,
      redactor: new Redactor(settings.secrets()),
      clock,
      log,
    });
  }

  #hasPresence(detector: string): boolean {
    return this.#publisher.presence.settings(detector) !== null;
  }

  #onStatus(worker: CameraWorker, status: CameraStatus): void {
    if (status.state === "online") this.#supervisor.resumed(worker);
    this.#publisher.publishCamera(status);
    this.#events.camera(status);
  }

  #onInferred(worker: DetectorWorker, note: ResultNote): void {
    this.#metrics.observeResult(note);
    this.#supervisor.resumed(worker);
    this.#detections.observe(note);
  }

  #onEmitted({ camera, detector, worker, totalMs }: Emitted): void {
    this.#metrics.observe({ camera, detector, stage: "total" }, totalMs);
    this.#stats.sample(camera, detector, totalMs);
    this.#reporter.countEmitted(camera, detector);
    this.#fleet.worker(worker)?.countEmitted();
  }

  /** Logs and publishes the figures, now and at every interval from now on. */
  async #reportStats(): Promise<void> {
    const { settings, clock } = this.#options;
    const parts = await this.#reporter.parts();
    if (this.#stopping) return;
    for (const { id, report } of parts.cameras) {
      this.#stats.write(id, report, clock.nowMs());
    }
    const health = healthJson(healthReport(parts));
    this.#publisher.publishHealth(health);
    this.#events.health(health);
    const intervalMs = settings.health.statsIntervalSeconds * 1000;
    this.#cancelStats = clock.after(intervalMs, () => this.#reportStats());
  }
}
