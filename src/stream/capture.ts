import { assert, assertNever } from "../core/assert.ts";
import type { CameraSource, LibavPaths, WatchedReport } from "../core/camera_types.ts";
import type { Clock } from "../core/clock.ts";
import { errorData } from "../core/errors.ts";
import type { FromCapture, ToCapture } from "../core/messages.ts";
import type { WorkerLink } from "../core/worker_entry.ts";
import { FrameBus } from "../framebus/bus.ts";
import { ConsumerPorts } from "../framebus/consumer_ports.ts";
import { type Libav, openLibav } from "../libav/library.ts";
import { Camera } from "./camera.ts";
import { Snapshots } from "./snapshots.ts";
import type { SharedFrame } from "./shared_frame.ts";
import { TensorWriter } from "./tensor_writer.ts";

/** What exists once a camera was started. */
interface Running {
  readonly libav: Libav;
  readonly bus: FrameBus<SharedFrame>;
  readonly ports: ConsumerPorts<SharedFrame>;
  readonly writer: TensorWriter;
  readonly snapshots: Snapshots;
  readonly camera: Camera;
  readonly finished: Promise<void>;
}

/** One camera's thread: opens libav, runs the camera, serves the mailboxes' consumers. */
export class Capture {
  readonly #link: WorkerLink<FromCapture>;
  readonly #clock: Clock;
  #running: Running | null = null;

  constructor(link: WorkerLink<FromCapture>, clock: Clock) {
    this.#link = link;
    this.#clock = clock;
  }

  async handle(message: ToCapture): Promise<void> {
    if (message.kind === "start") return this.#start(message.source, message.libraries);
    const running = this.#running;
    assert(running !== null, `a capture worker that was not started was told to ${message.kind}`);
    const { bus, ports, writer } = running;
    switch (message.kind) {
      case "subscribe": {
        const { subscription } = message;
        if (bus.has(subscription.detector)) bus.update(subscription);
        else bus.register(subscription);
        return;
      }
      case "attach":
        return ports.attach(message);
      case "detach":
        return ports.detach(message.worker, message.lastSeq);
      case "roi":
        writer.roi = message.roi;
        return;
      case "report":
        return this.#link.post({
          kind: "report",
          request: message.request,
          report: this.#report(running),
        });
      case "snapshot":
        return running.snapshots.ask((snapshot) => {
          const { request } = message;
          this.#link.post(
            { kind: "snapshot", request, snapshot },
            "bytes" in snapshot ? [snapshot.bytes] : [],
          );
        });
      case "stop":
        return await this.#stop(running);
      default:
        return assertNever(message);
    }
  }

  #start(source: CameraSource, libraries: LibavPaths): void {
    assert(this.#running === null, "a capture worker was started twice");
    const clock = this.#clock;
    const log = this.#link.log.child({ camera: source.camera });
    // Orion's own RTSP needs libav to decode only, and is permitted no more.
    const demux = source.file !== null || source.demuxer === "libav";
    const libav = openLibav(libraries, { demux });
    const bus = new FrameBus<SharedFrame>({
      clock,
      stallTimeoutMs: source.stallTimeoutMs,
      announce: (detector, seq) => ports.announce(detector, seq),
    });
    const writer = new TensorWriter({ libav, camera: source.camera, clock, region: source });
    const ports = new ConsumerPorts<SharedFrame>({
      bus,
      clock,
      convert: (frame, take, context) => writer.write(frame, take, context),
      onError: (detector, error) =>
        log.error("frame.convert_failed", { detector, ...errorData(error) }),
    });
    const snapshots = new Snapshots(libav);
    const camera = new Camera({
      libav,
      source,
      bus,
      snapshots,
      clock,
      log,
      random: Math.random,
      onState: (report) => this.#link.post({ kind: "state", ...report }),
    });
    bus.start();
    this.#link.post({ kind: "ready", libav: libav.release });
    const finished = camera.run().then(
      (end) => end === "ended" ? this.#link.post({ kind: "ended" }) : undefined,
      (error) => this.#link.post({ kind: "failed", error: errorData(error) }),
    );
    this.#running = { libav, bus, ports, writer, snapshots, camera, finished };
  }

  #report({ bus, ports, camera }: Running): WatchedReport {
    const pictureAgoMs = bus.distributedAgoMs(this.#clock.nowMs());
    return { ...camera.report(), flow: { pictureAgoMs, offers: ports.offers() } };
  }

  /** Ends the stream first, so that nothing arrives any more; then closes the books and the libraries. */
  async #stop(running: Running): Promise<void> {
    const { libav, bus, ports, writer, camera, finished } = running;
    camera.stop();
    await finished;
    bus.stop();
    ports.close();
    const report = this.#report(running);
    writer[Symbol.dispose]();
    libav[Symbol.dispose]();
    this.#running = null;
    this.#link.post({ kind: "stopped", report });
  }
}
