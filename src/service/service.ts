import type { ErrorData } from "../core/errors.ts";
import { EXIT } from "../core/exit.ts";
import type { CameraStatus, ResultNote } from "../core/messages.ts";
import type { OwnClient } from "../core/own_client.ts";
import { Redactor } from "../core/redact.ts";
import { healthApp } from "../health/http.ts";
import { type HealthServer, serveHealth } from "../health/http_server.ts";
import { healthReport } from "../health/report.ts";
import { Metrics } from "../health/metrics.ts";
import { workerPermissions } from "../permissions/grant.ts";
import { AbandonedThreads } from "./supervision/abandoned_threads.ts";
import { BrokerWorker } from "./workers/broker_worker.ts";
import { Controller } from "./control/controller.ts";
import { ShutdownDeadlines } from "./supervision/shutdown_deadlines.ts";
import { Fleet } from "./workers/fleet.ts";
import { SERVICE_LIMITS, type ServiceLimits } from "./supervision/limits.ts";
import { LiveControl } from "./control/live_control.ts";
import { FrameWatch } from "./supervision/frame_watch.ts";
import { captureName, ownClient, publisherPlan } from "./workers/start_messages.ts";
import { type Emitted, PublisherWorker } from "./workers/publisher_worker.ts";
import { replaceable } from "./supervision/replaceable.ts";
import type { ServiceOptions } from "./options.ts";
import { Reporter } from "./reporter.ts";
import { DetectionLog } from "../health/detection_log.ts";
import { StatsLogger } from "../health/stats_log.ts";
import { Supervisor } from "./supervision/supervisor.ts";
import { look } from "./supervision/watched.ts";
import { Watchdog } from "./supervision/watchdog.ts";

/** Why a service is to be stopped, and the exit code that tells it. */
export interface ServiceEnd {
  readonly reason: string;
  readonly code: number;
}

/**
 * The whole of a running Orion. Start order: broker, publisher, HTTP, detectors, cameras. Shutdown in
 * order: workers, streams, tasks, MQTT.
 */
export class Service {
  readonly #options: ServiceOptions;
  readonly #metrics = new Metrics();
  readonly #stats: StatsLogger;
  readonly #sightings: DetectionLog;
  readonly #limits: ServiceLimits;
  readonly #threads: AbandonedThreads;
  readonly #supervisor: Supervisor;
  readonly #watchdog: Watchdog;
  readonly #fleet: Fleet;
  readonly #publisher: PublisherWorker;
  readonly #broker: BrokerWorker | null;
  readonly #reporter: Reporter;
  readonly #controller: Controller;
  readonly #own: OwnClient;
  readonly #ended = Promise.withResolvers<ServiceEnd>();
  #http: HealthServer | null = null;
  #cancelStats: (() => void) | null = null;
  #stopping = false;

  constructor(options: ServiceOptions) {
    this.#options = options;
    const { settings, clock, log } = options;
    this.#stats = new StatsLogger(log);
    this.#sightings = new DetectionLog(log, clock);
    this.#limits = { ...SERVICE_LIMITS, ...options.limits };
    this.#threads = new AbandonedThreads({
      clock,
      log,
      limit: this.#limits.maxAbandonedThreads,
      onLimit: (count) =>
        this.#ended.resolve({ reason: `threads that hang: ${count}`, code: EXIT.gaveUp }),
    });
    this.#supervisor = new Supervisor({
      clock,
      log,
      maxRestarts: settings.watchdog.maxRestarts,
      random: Math.random,
      threads: this.#threads,
      parkedRetryMs: this.#limits.parkedRetryMs,
      onSpent: (name) =>
        this.#ended.resolve({ reason: `worker ${name} failed too often`, code: EXIT.gaveUp }),
    });
    this.#own = ownClient(settings);
    this.#publisher = this.#makePublisher();
    this.#fleet = this.#makeFleet();
    this.#broker = this.#makeBroker();
    this.#controller = new Controller({
      target: new LiveControl({
        fleet: this.#fleet,
        status: () => this.#reporter.report(),
        shutdown: () => this.#ended.resolve({ reason: "command", code: EXIT.done }),
      }),
      models: {
        root: options.places.root,
        folder: settings.models.folder,
        realPath: (path) => Deno.realPath(path),
      },
      allow: settings.control.allow,
      redactor: new Redactor(settings.secrets()),
      clock,
      log,
    });
    this.#reporter = new Reporter({
      settings,
      clock,
      version: options.version,
      fleet: this.#fleet,
      metrics: this.#metrics,
      droppedLogLines: options.droppedLogLines ?? (() => 0),
      broker: () => this.#publisher.broker,
      threadsAbandoned: () => this.#threads.count,
      overrides: () => this.#controller.overrides(),
    });
    const pictures = new FrameWatch({
      clock,
      log,
      tell: (camera, reason) => this.#fleet.cameras.get(camera)?.setNoPicture(reason),
    });
    this.#watchdog = new Watchdog({
      settings: settings.watchdog,
      clock,
      modelLoadLimitMs: this.#limits.modelLoadLimitMs,
      look: () => look(this.#fleet),
      onSilent: (name, error) => this.#replaceByName(name, error),
      onCameras: (cameras) => pictures.inspect(cameras),
    });
  }

  /**
   * Settles when the service is to be stopped: by a command, because the publisher or the embedded
   * broker failed too often, or because too many threads hang.
   */
  get ended(): Promise<ServiceEnd> {
    return this.#ended.promise;
  }

  /** @throws OrionError when a port is taken or a model cannot be loaded */
  async start(): Promise<void> {
    const { settings, clock, log, version } = this.#options;
    await this.#broker?.start();
    this.#publisher.start();
    const { listen, token } = settings.health;
    if (listen !== null) {
      const app = healthApp(
        {
          report: () => this.#reporter.report(),
          unreadiness: () => this.#reporter.unreadiness(),
          picture: async (camera) => await this.#fleet.cameras.get(camera)?.snapshot() ?? null,
          metrics: () => this.#reporter.metrics(),
        },
        token,
        log,
      );
      this.#http = serveHealth(app, { ...listen, clock, log });
    }
    log.info("service.starting", {
      version,
      instance: settings.instance,
      broker: settings.mqtt.displayUrl,
      ...(settings.mqtt.isEmbedded ? { embedded: true } : {}),
      topics: `${settings.mqtt.topicPrefix}/${settings.instance}/#`,
      http: this.#http?.url ?? "off",
    });
    await this.#fleet.startDetectors();
    // Meanwhile somebody may have asked to stop, and what is started now would outlive it.
    if (this.#stopping) return;
    this.#fleet.startCameras();
    this.#watchdog.start();
    await this.#tellStats();
  }

  /** Stops in order, within the configured time. Twice is harmless. */
  async stop(reason: string): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    const { settings, clock, log } = this.#options;
    log.info("service.stopping", { reason });
    using deadlines = new ShutdownDeadlines(clock, settings.shutdownTimeoutSeconds * 1000);
    this.#watchdog.stop();
    this.#supervisor.end();
    const late = (await this.#fleet.stopDetectors(deadlines.of("workers")))
      .concat(await this.#fleet.stopCameras(deadlines.of("streams")));
    this.#cancelStats?.();
    await this.#http?.close(deadlines.of("tasks"));
    this.#publisher.health(await this.#reporter.report());
    if (!await this.#publisher.stop(deadlines.of("mqtt"))) late.push("publisher");
    await this.#broker?.stop(deadlines.of("mqtt"));
    if (late.length > 0) log.warning("service.stop_timed_out", { terminated: late });
    log.info("service.stopped", { reason });
  }

  #makeFleet(): Fleet {
    const { settings, manifest, places, entries, clock, log } = this.#options;
    return new Fleet({
      settings,
      manifest,
      places,
      entries,
      clock,
      log,
      limits: this.#limits,
      threads: this.#threads,
      onStatus: (status) => this.#onStatus(status),
      results: this.#publisher,
      onInferred: (note) => this.#onInferred(note),
      onCameraFailed: (unit, error) => this.#replaceByName(unit.name, error),
      onWorkerFailed: (worker, error) => this.#replaceByName(worker.id, error),
    });
  }

  #makePublisher(): PublisherWorker {
    const { settings, manifest, entries, clock, log, version } = this.#options;
    return new PublisherWorker({
      entry: entries.publisher,
      permissions: workerPermissions(manifest.publisher),
      plan: publisherPlan(settings, version, this.#own),
      clock,
      log,
      threads: this.#threads,
      onCommand: (request) =>
        void this.#controller.take(request, (answer) => this.#publisher.answer(answer)),
      onEmitted: (emitted) => this.#onEmitted(emitted),
      onPublished: (topicKind) => this.#metrics.published(topicKind),
      onDiscarded: (topicKind, reason) => this.#metrics.discarded(topicKind, reason),
      onFailed: (error) => this.#replaceByName("publisher", error),
    });
  }

  #makeBroker(): BrokerWorker | null {
    const { settings: { mqtt }, manifest, entries, log } = this.#options;
    if (manifest.broker === null) return null;
    return new BrokerWorker({
      entry: entries.broker,
      permissions: workerPermissions(manifest.broker),
      hostname: mqtt.address.hostname,
      port: mqtt.address.port,
      own: this.#own,
      log,
      threads: this.#threads,
      onFailed: (error) => this.#replaceByName("broker", error),
    });
  }

  #onStatus(status: CameraStatus): void {
    if (status.state === "online") this.#supervisor.works(captureName(status.camera));
    this.#publisher.camera(status);
  }

  #onInferred(note: ResultNote): void {
    const { camera, detector, queueMs, convertMs, inferenceMs, postprocessMs } = note;
    this.#metrics.observe({ camera, detector, stage: "queue" }, queueMs);
    this.#metrics.observe({ camera, detector, stage: "convert" }, convertMs);
    this.#metrics.observe({ camera, detector, stage: "inference" }, inferenceMs);
    this.#metrics.observe({ camera, detector, stage: "postprocess" }, postprocessMs);
    this.#supervisor.works(note.worker);
    this.#sightings.see(note);
  }

  #onEmitted({ camera, detector, worker, seq, totalMs }: Emitted): void {
    // It may be here before the worker's own note, or instead of it.
    this.#fleet.seen(camera, seq);
    this.#metrics.observe({ camera, detector, stage: "total" }, totalMs);
    this.#stats.sample(camera, detector, totalMs);
    this.#reporter.emitted(camera, detector);
    const place = this.#fleet.worker(worker);
    if (place !== null) place.figures.inferencesEmitted++;
  }

  #replaceByName(name: string, error: ErrorData): void {
    const parts = { fleet: this.#fleet, publisher: this.#publisher, broker: this.#broker };
    const target = replaceable(name, parts, (failed) => this.#replaceByName(name, failed));
    if (target !== null) this.#supervisor.replace(target, error);
  }

  /** Tells how things stand, now and at every interval from now on. */
  async #tellStats(): Promise<void> {
    const { settings, clock } = this.#options;
    const parts = await this.#reporter.parts();
    if (this.#stopping) return;
    for (const { id, report } of parts.cameras) {
      this.#stats.write(id, report, clock.nowMs());
    }
    this.#publisher.health(healthReport(parts));
    const intervalMs = settings.health.statsIntervalSeconds * 1000;
    this.#cancelStats = clock.after(intervalMs, () => this.#tellStats());
  }
}
