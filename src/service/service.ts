import type { ErrorData } from "../core/errors.ts";
import { EXIT } from "../core/exit.ts";
import type { CameraStatus, ResultNote } from "../core/messages.ts";
import type { OwnClient } from "../core/own_client.ts";
import { healthApp } from "../health/http.ts";
import { type HealthServer, serveHealth } from "../health/http_server.ts";
import { healthReport } from "../health/report.ts";
import { Metrics } from "../health/metrics.ts";
import { workerPermissions } from "../permissions/grant.ts";
import { AbandonedThreads } from "./abandoned_threads.ts";
import { BrokerUnit } from "./broker_unit.ts";
import { Controller } from "./control.ts";
import { Deadlines } from "./deadlines.ts";
import { Fleet } from "./fleet.ts";
import { SERVICE_LIMITS, type ServiceLimits } from "./limits.ts";
import { LiveControl } from "./live_control.ts";
import { PictureWatch } from "./picture_watch.ts";
import { captureName, ownClient, publisherPlan } from "./plans.ts";
import { type Emitted, PublisherUnit } from "./publisher_unit.ts";
import { replaceable } from "./replaceable.ts";
import type { ServiceOptions } from "./options.ts";
import { Reporter } from "./reporter.ts";
import { Sightings } from "./sightings.ts";
import { StatsLogger } from "./stats.ts";
import { Supervisor } from "./supervisor.ts";
import { look } from "./watched.ts";
import { Watchdog } from "./watchdog.ts";

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
  readonly #sightings: Sightings;
  readonly #limits: ServiceLimits;
  readonly #threads: AbandonedThreads;
  readonly #supervisor: Supervisor;
  readonly #watchdog: Watchdog;
  readonly #fleet: Fleet;
  readonly #publisher: PublisherUnit;
  readonly #broker: BrokerUnit | null;
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
    this.#sightings = new Sightings(log, clock);
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
      clock,
      log,
    });
    this.#reporter = new Reporter({
      settings,
      clock,
      version: options.version,
      fleet: this.#fleet,
      metrics: this.#metrics,
      broker: () => this.#publisher.broker,
      threadsAbandoned: () => this.#threads.count,
      overrides: () => this.#controller.overrides(),
    });
    const pictures = new PictureWatch({
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
          picture: async (camera) => await this.#fleet.cameras.get(camera)?.jpeg() ?? null,
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
      ...(settings.mqtt.url === null ? { embedded: true } : {}),
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
    using deadlines = new Deadlines(clock, settings.shutdownTimeoutSeconds * 1000);
    this.#watchdog.stop();
    this.#supervisor.end();
    const late = (await this.#fleet.stopDetectors(deadlines.of("workers")))
      .concat(await this.#fleet.stopCameras(deadlines.of("streams")));
    this.#cancelStats?.();
    await this.#http?.close(deadlines.of("tasks"));
    this.#publisher.health(await this.#reporter.report());
    if (!await this.#publisher.stop(deadlines.of("mqtt"))) late.push("publisher");
    await this.#broker?.stop(deadlines.of("mqtt"));
    if (late.length > 0) log.warning("service.stopped-late", { terminated: late });
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

  #makePublisher(): PublisherUnit {
    const { settings, manifest, entries, clock, log, version } = this.#options;
    return new PublisherUnit({
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

  #makeBroker(): BrokerUnit | null {
    const { settings: { mqtt }, manifest, entries, log } = this.#options;
    if (manifest.broker === null) return null;
    return new BrokerUnit({
      entry: entries.broker,
      permissions: workerPermissions(manifest.broker),
      hostname: mqtt.hostname,
      port: mqtt.port,
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
    for (const { id, snapshot } of parts.cameras) {
      this.#stats.write(id, snapshot, clock.nowMs());
    }
    this.#publisher.health(healthReport(parts));
    const intervalMs = settings.health.statsIntervalSeconds * 1000;
    this.#cancelStats = clock.after(intervalMs, () => this.#tellStats());
  }
}
