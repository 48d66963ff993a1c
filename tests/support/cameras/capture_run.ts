/** A camera's worker with its consumers played by the test: the stream without inference. */
import { instantOf } from "../../../src/core/age.ts";
import type {
  CameraSource,
  CameraState,
  CaptureReport,
  LibavPaths,
} from "../../../src/core/camera_types.ts";
import { systemClock } from "../../../src/core/clock.ts";
import type { PointNorm } from "../../../src/core/geometry.ts";
import type { DrawRequest, LiveDemand, LivePicture } from "../../../src/core/live_types.ts";
import type { LogRecord } from "../../../src/core/log.ts";
import type {
  FromCapture,
  FromWorker,
  ToCapture,
  ToConsumer,
  ToMailbox,
} from "../../../src/core/messages.ts";
import { barsKey, bufferBytes, type InputPolicy } from "../../../src/core/model_input.ts";
import type { KeepRequest, StayPicture } from "../../../src/core/presence_types.ts";
import { captureConfinement } from "../../../src/permissions/confinement.ts";
import { sourceOf } from "./camera_source.ts";
import type { PlayedDetector, ReportedState, TakenFrame } from "./capture_run_types.ts";
import { permissionsOf, streamOf } from "./capture_grant.ts";
import { fixedInput } from "../models/inputs.ts";
import { partPresent } from "../system/parts.ts";
import { pinLibav } from "../../../src/libav/pin.ts";
import { locateLibav } from "../../../src/libav/locate.ts";
import { locateChosenLibav } from "../streams/libav_choice.ts";
import { WAIT_TIMEOUT_MS } from "../system/lines.ts";
import { freePortPair } from "../system/ports.ts";

// As the service does, since a worker may be terminated during a native call. Before any test, because it
// applies to the whole process.
if (partPresent("libav")) pinLibav(locateChosenLibav() ?? locateLibav());

export interface CaptureRunOptions {
  readonly source: Partial<CameraSource> & { readonly url: string };
  readonly detectors: readonly PlayedDetector[];
  readonly libraries?: LibavPaths;
}

const INPUT: InputPolicy = fixedInput({ width: 416, height: 416 });

/** `workers/capture.ts` with the permissions of the service, and consumers in this thread. */
export class CaptureRun implements AsyncDisposable {
  readonly states: ReportedState[] = [];
  /** The arrival of the last frame before each silence, null where frames came again; as `performance.now`. */
  readonly silences: (number | null)[] = [];
  readonly logs: LogRecord[] = [];
  /** The frames of every detector, in order. */
  readonly frames: TakenFrame[] = [];
  /** The answers to {@link keep}, in order. */
  readonly kept: { readonly stay: string; readonly seq: number }[] = [];
  /** The live pictures, in order. */
  readonly livePictures: LivePicture[] = [];
  readonly #worker: Worker;
  readonly #ports: MessagePort[] = [];
  readonly #waiting: { done: () => boolean; resolve: () => void }[] = [];
  readonly #reports = new Map<number, (report: CaptureReport) => void>();
  #requests = 0;
  #stopped: CaptureReport | null = null;
  #failure: string | null = null;
  #snapshots = new Map<number, number>();
  readonly #pictures: StayPicture[] = [];
  readonly #withPictures = new Set<string>();

  constructor(options: CaptureRunOptions) {
    const libraries = options.libraries ?? locateChosenLibav() ?? locateLibav();
    const isUdp = options.source.transport === "udp" || options.source.transport === "auto";
    const source = sourceOf({
      ...(isUdp ? { udpPorts: freeUdpPorts() } : {}),
      ...options.source,
    });
    this.#worker = new Worker(new URL("../../../workers/capture.ts", import.meta.url), {
      type: "module",
      deno: { permissions: permissionsOf(source, libraries) },
    });
    this.#worker.onmessage = (event: MessageEvent<FromWorker<FromCapture>>) =>
      this.#onMessage(event.data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#failure = event.message;
      this.#check();
    };
    const confinement = captureConfinement(streamOf(source), {
      required: false,
      library: libraries.avutil,
    });
    this.#post({ kind: "start", libraries, source, confinement });
    for (const detector of options.detectors) this.#play(detector);
  }

  /** Resolves once `done` holds, which is checked with every message of the worker. */
  async until(what: string, done: () => boolean, timeoutMs = WAIT_TIMEOUT_MS): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const entry = { done: () => this.#failure !== null || done(), resolve };
    this.#waiting.push(entry);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      resolve();
    }, timeoutMs);
    this.#check();
    await promise;
    clearTimeout(timer);
    this.#waiting.splice(this.#waiting.indexOf(entry), 1);
    if (this.#failure !== null) throw new Error(`the capture worker failed: ${this.#failure}`);
    if (!late) return;
    const states = this.states.map(({ state, reason }) => `${state} ${reason ?? ""}`).join(", ");
    throw new Error(`no ${what} within ${timeoutMs} ms; states: ${states}`);
  }

  /** Waits until the camera has reported a state, after the first `since` states. */
  async state(state: CameraState, since = 0, timeoutMs = WAIT_TIMEOUT_MS): Promise<ReportedState> {
    const find = () => this.states.slice(since).find((reported) => reported.state === state);
    await this.until(`state ${state}`, () => find() !== undefined, timeoutMs);
    const found = find();
    if (found === undefined) throw new Error(`state ${state} is gone`);
    return found;
  }

  /** Waits until so many more frames were taken. */
  further(count: number, timeoutMs = WAIT_TIMEOUT_MS): Promise<void> {
    const goal = this.frames.length + count;
    return this.until(`${count} more frames`, () => this.frames.length >= goal, timeoutMs);
  }

  report(): Promise<CaptureReport> {
    const request = ++this.#requests;
    const { promise, resolve } = Promise.withResolvers<CaptureReport>();
    this.#reports.set(request, resolve);
    this.#post({ kind: "report", request });
    return promise;
  }

  /** Requests a snapshot and returns its size in bytes. */
  async snapshot(timeoutMs = WAIT_TIMEOUT_MS): Promise<number> {
    const request = ++this.#requests;
    this.#post({ kind: "snapshot", request });
    await this.until("snapshot", () => this.#snapshots.has(request), timeoutMs);
    return this.#snapshots.get(request) ?? 0;
  }

  /** Requests that a frame is kept as the picture of a stay. */
  keep(request: Omit<KeepRequest, "camera">): void {
    this.#post({ kind: "keep", keep: { camera: "gate", ...request } });
  }

  /** Requests the picture of a stay. Messages are in order: every `keep` before it was handled. */
  async picture(stay: string, release = false): Promise<StayPicture> {
    this.#post({ kind: "picture", stay, release });
    const find = () => this.#pictures.findIndex((picture) => picture.stay === stay);
    await this.until(`picture of ${stay}`, () => find() >= 0);
    const [found] = this.#pictures.splice(find(), 1);
    if (found === undefined) throw new Error("the picture is gone");
    return found;
  }

  /** Sets which live pictures are wanted. */
  live(demand: LiveDemand): void {
    this.#post({ kind: "live", demand });
  }

  /** Requests that a delivered frame is drawn on. */
  draw(draw: DrawRequest): void {
    this.#post({ kind: "draw", draw });
  }

  masks(masks: readonly (readonly PointNorm[])[]): void {
    this.#post({ kind: "masks", masks });
  }

  rate(detector: string, rateHz: number | null, paused = false): void {
    const pictures = this.#withPictures.has(detector);
    this.#post({ kind: "subscribe", subscription: { detector, rateHz, paused, pictures } });
  }

  /** Stops the worker in order. @returns the last report */
  async stop(timeoutMs = WAIT_TIMEOUT_MS): Promise<CaptureReport> {
    if (this.#stopped === null) {
      this.#post({ kind: "stop" });
      await this.until("stopped", () => this.#stopped !== null, timeoutMs);
    }
    if (this.#stopped === null) throw new Error("the capture worker did not stop");
    return this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.#failure === null) await this.stop();
    } finally {
      for (const port of this.#ports) port.close();
      this.#worker.terminate();
    }
  }

  #play(detector: PlayedDetector): void {
    const { id, rateHz, lateMs = 0, input = INPUT, pictures = false, onFrame } = detector;
    if (pictures) this.#withPictures.add(id);
    const { port1, port2 } = new MessageChannel();
    let buffer: ArrayBuffer | null = new ArrayBuffer(bufferBytes(input));
    let more = false;
    let held: string | null = null;
    let announcedSeq = -1;
    const take = () => {
      if (buffer === null) return void (more = true);
      more = false;
      const message: ToMailbox = { kind: "take", input, buffer, barsKey: held };
      port1.postMessage(message, [buffer]);
      buffer = null;
    };
    port1.onmessage = ({ data }: MessageEvent<ToConsumer>) => {
      if (data.kind === "available") {
        announcedSeq = data.seq;
        return lateMs === 0 ? take() : void setTimeout(take, lateMs);
      }
      if (data.kind === "frame") {
        const arrivedAtMs = instantOf(data.age, systemClock);
        this.frames.push({ detector: id, announcedSeq, meta: data.meta, arrivedAtMs });
        held = barsKey(data.meta.fit, input.bars);
        onFrame?.(data.meta, new Float32Array(data.buffer));
      }
      buffer = data.buffer;
      if (more) take();
      this.#check();
    };
    this.#ports.push(port1);
    this.#post({
      kind: "subscribe",
      subscription: { detector: id, rateHz, paused: false, pictures },
    });
    this.#post({ kind: "attach", detector: id, worker: `${id}-0`, port: port2 }, [port2]);
  }

  #onMessage(message: FromWorker<FromCapture>): void {
    switch (message.kind) {
      case "state": {
        const { state, reason, reconnects } = message;
        this.states.push({ state, reason, reconnects, atMs: performance.now() });
        break;
      }
      case "silence":
        this.silences.push(message.age === null ? null : instantOf(message.age, systemClock));
        break;
      case "log":
        this.logs.push(message.record);
        break;
      case "report":
        this.#reports.get(message.request)?.(message.report);
        this.#reports.delete(message.request);
        break;
      case "snapshot": {
        const { snapshot } = message;
        this.#snapshots.set(message.request, "bytes" in snapshot ? snapshot.bytes.byteLength : 0);
        break;
      }
      case "live":
        this.livePictures.push(message.picture);
        break;
      case "kept":
        this.kept.push(message);
        break;
      case "picture":
        this.#pictures.push(message.picture);
        break;
      case "stopped":
        this.#stopped = message.report;
        break;
      case "failed":
        this.#failure = message.error.message;
        break;
    }
    this.#check();
  }

  #check(): void {
    for (const { done, resolve } of this.#waiting) if (done()) resolve();
  }

  #post(message: ToCapture, transfers: Transferable[] = []): void {
    this.#worker.postMessage(message, transfers);
  }
}

function freeUdpPorts(): readonly [number, number] {
  const port = freePortPair();
  return [port, port + 1];
}
