import { ageOf } from "../core/age.ts";
import { assert, assertNever } from "../core/assert.ts";
import { ThreadWall } from "../confinement/thread_wall.ts";
import type { WatchedReport } from "../core/camera_types.ts";
import type { Clock } from "../core/clock.ts";
import type { Confinement } from "../core/confinement.ts";
import { errorData } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { FromCapture, ToCapture } from "../core/messages.ts";
import type { WorkerLink } from "../core/worker_entry.ts";
import { FrameBus } from "../framebus/bus.ts";
import { ConsumerPorts } from "../framebus/consumer_ports.ts";
import { CameraLedger } from "../framebus/ledger.ts";
import { JpegEncoder } from "../libav/jpeg.ts";
import type { Libav } from "../libav/library.ts";
import { openLibav } from "../libav/open.ts";
import { SystemCalls } from "../libav/system_calls.ts";
import { Camera } from "./camera.ts";
import { CameraPacing } from "./camera_pacing.ts";
import { DeliveredFrames } from "./delivered_frames.ts";
import { liveJpeg } from "./live_jpeg.ts";
import { LivePictures } from "./live_pictures.ts";
import { FrameWishes, Snapshots } from "./snapshots.ts";
import type { SharedFrame } from "./shared_frame.ts";
import { stayJpeg } from "./stay_jpeg.ts";
import { StayPictures } from "./stay_pictures.ts";
import { TensorWriter } from "./tensor_writer.ts";

/** The parts of a started camera. */
interface Running {
  readonly libav: Libav;
  /** All parts read the timeout from here each time. */
  readonly source: { stallTimeoutMs: number };
  readonly wall: ThreadWall;
  readonly bus: FrameBus<SharedFrame>;
  readonly ports: ConsumerPorts<SharedFrame>;
  readonly writer: TensorWriter;
  readonly snapshots: Snapshots;
  readonly delivered: DeliveredFrames<SharedFrame>;
  readonly pictures: StayPictures<SharedFrame>;
  readonly live: LivePictures<SharedFrame>;
  readonly camera: Camera;
  readonly finished: Promise<void>;
}

/** One camera's worker: opens libav, runs the camera, serves the mailboxes' consumers. */
export class Capture {
  readonly #link: WorkerLink<FromCapture>;
  readonly #clock: Clock;
  #starting: Promise<void> | null = null;
  #running: Running | null = null;

  constructor(link: WorkerLink<FromCapture>, clock: Clock) {
    this.#link = link;
    this.#clock = clock;
  }

  async handle(message: ToCapture): Promise<void> {
    if (message.kind === "start") {
      assert(this.#starting === null, "a capture worker was started twice");
      this.#starting = this.#start(message);
      return await this.#starting;
    }
    // Messages are not queued behind an asynchronous handler; those that wait here keep their order.
    await this.#starting;
    const running = this.#running;
    assert(running !== null, `a capture worker got "${message.kind}" before it was started`);
    const { bus, ports, writer, pictures, live } = running;
    switch (message.kind) {
      case "subscribe": {
        const { subscription } = message;
        if (bus.has(subscription.detector)) bus.update(subscription);
        else bus.register(subscription);
        live.subscriptionChanged();
        return pictures.subscribe(subscription);
      }
      case "unsubscribe":
        return unsubscribe(running, message.detector);
      case "attach":
        return ports.attach(message);
      case "detach":
        return ports.detach(message.worker, message.lastSeq);
      case "roi":
        writer.roi = message.roi;
        return;
      case "masks":
        writer.masks = pictures.masks = message.masks;
        return;
      case "stall-timeout":
        running.source.stallTimeoutMs = message.stallTimeoutMs;
        return;
      case "report":
        return this.#link.post({
          kind: "report",
          request: message.request,
          report: this.#report(running),
        });
      case "snapshot":
        return running.snapshots.request((snapshot) => {
          const { request } = message;
          this.#link.post(
            { kind: "snapshot", request, snapshot },
            "bytes" in snapshot ? [snapshot.bytes] : [],
          );
        });
      case "live":
        live.demand = message.demand;
        return;
      case "draw":
        return live.draw(message.draw);
      case "keep": {
        const { stay, seq } = message.keep;
        if (pictures.keep(message.keep)) this.#link.post({ kind: "kept", stay, seq });
        return;
      }
      case "picture": {
        const picture = pictures.picture(message.stay, message.release);
        const { bytes } = picture;
        return this.#link.post({ kind: "picture", picture }, bytes === null ? [] : [bytes]);
      }
      case "stop":
        return await this.#stop(running);
      default:
        return assertNever(message);
    }
  }

  async #start(
    { source: given, libraries, confinement }: Extract<ToCapture, { kind: "start" }>,
  ): Promise<void> {
    const source = { ...given };
    const clock = this.#clock;
    const log = this.#link.log.child({ camera: source.camera });
    // Orion's own RTSP client needs libav for decoding only, and has no other permission.
    const demux = source.file !== null || source.demuxer === "libav";
    const libav = openLibav(libraries, { demux, log });
    const wall = await this.#confine(confinement, log);
    const ledger = new CameraLedger();
    const pacing = new CameraPacing();
    const bus = new FrameBus<SharedFrame>({
      clock,
      get stallTimeoutMs() {
        return source.stallTimeoutMs;
      },
      ledger,
      pacing,
      announce: (detector, seq) => ports.announce(detector, seq),
      onDemandChanged: () => pacing.wake(),
    });
    const writer = new TensorWriter({ libav, camera: source.camera, clock, region: source });
    const ports = new ConsumerPorts<SharedFrame>({
      bus,
      reader: pacing,
      clock,
      convert(frame, take, context) {
        const sent = writer.write(frame, take, context);
        live.delivered(context.detector, frame);
        delivered.add(context.detector, frame);
        return sent;
      },
      onError: (detector, error) =>
        log.error("frame.convert_failed", { detector, ...errorData(error) }),
    });
    const delivered = new DeliveredFrames<SharedFrame>(
      source.masks,
      (detector) => ports.workersOf(detector),
    );
    const { pictures, live } = this.#makePictures({ libav, bus, pacing, delivered, log });
    const snapshots = new Snapshots(libav, () => pacing.wake());
    const camera = new Camera({
      libav,
      source,
      bus,
      ledger,
      pacing,
      snapshots: new FrameWishes(snapshots, live),
      clock,
      log,
      random: Math.random,
      onState: (state) => this.#link.post({ kind: "state", ...state }),
      onSilence: (atMs) =>
        this.#link.post({ kind: "silence", age: atMs === null ? null : ageOf(atMs, clock) }),
      beforeConnecting: () => wall.assertCurrent(),
    });
    bus.start();
    const { state } = wall;
    this.#link.post({ kind: "ready", libav: libav.release.name, confinement: state });
    const finished = camera.run().then(
      (end) => end === "ended" ? this.#link.post({ kind: "ended" }) : undefined,
      (error) => this.#link.post({ kind: "failed", error: errorData(error) }),
    );
    this.#running = {
      ...{ libav, source, wall, bus, ports, writer, snapshots, delivered, pictures, live },
      ...{ camera, finished },
    };
  }

  /** The pictures of delivered frames, for stays and for viewers. */
  #makePictures(
    { libav, bus, pacing, delivered, log }: Pick<Running, "libav" | "bus" | "delivered"> & {
      readonly pacing: CameraPacing;
      readonly log: Log;
    },
  ): Pick<Running, "pictures" | "live"> {
    const pictures = new StayPictures<SharedFrame>({
      frames: delivered,
      encode: (request) => stayJpeg(libav, request),
      log,
    });
    const encoder = new JpegEncoder(libav);
    const live = new LivePictures<SharedFrame>({
      ...{ bus, clock: this.#clock, log, frames: delivered },
      encode: (request) => liveJpeg(encoder, request),
      onIdle: () => encoder.release(),
      post: (picture) => this.#link.post({ kind: "live", picture }, [picture.bytes]),
      wake: () => pacing.wake(),
    });
    return { pictures, live };
  }

  /** After the libraries are open, and before anything from outside is read. */
  #confine(confinement: Confinement | null, log: Log): Promise<ThreadWall> {
    return ThreadWall.raise(confinement, { log, open: (library) => new SystemCalls(library) });
  }

  #report({ bus, ports, camera }: Running): WatchedReport {
    const pictureAgoMs = bus.distributedAgoMs(this.#clock.nowMs());
    return { ...camera.report(), flow: { pictureAgoMs, offers: ports.offers() } };
  }

  /** Ends the stream first, so that no more frames arrive; then closes the account and the libraries. */
  async #stop(running: Running): Promise<void> {
    const { libav, wall, bus, ports, writer, delivered, pictures, live, camera, finished } =
      running;
    camera.stop();
    await finished;
    bus.stop();
    ports.close();
    live.close();
    pictures.close();
    delivered.close();
    const report = this.#report(running);
    writer[Symbol.dispose]();
    wall[Symbol.dispose]();
    libav[Symbol.dispose]();
    this.#running = null;
    this.#link.post({ kind: "stopped", report });
  }
}

function unsubscribe({ bus, pictures, live }: Running, detector: string): void {
  pictures.unsubscribe(detector);
  bus.unregister(detector);
  live.subscriptionChanged();
}
