/**
 * Orion's HTTP interface, with what is behind it: the events, the viewers, the stays and the page are the
 * product's own, and what cameras and detectors would give them comes from a simulated night.
 */
import { isoTime, plusMs, systemClock, type WallMs } from "../../../src/core/clock.ts";
import { logTo } from "../../../src/core/log.ts";
import type { PresenceEvent } from "../../../src/core/presence_types.ts";
import { withPage } from "../../../src/dashboard/routes.ts";
import { healthJson } from "../../../src/health/health_json.ts";
import { healthApp } from "../../../src/health/http.ts";
import { type HealthServer, serveHealth } from "../../../src/health/http_server.ts";
import { healthReport } from "../../../src/health/report.ts";
import { presencePayload } from "../../../src/mqtt/presence_payloads.ts";
import { EventHub } from "../../../src/service/events/event_hub.ts";
import { LiveHub } from "../../../src/service/workers/live_hub.ts";
import { PresenceJournal } from "../../../src/service/workers/presence_journal.ts";
import { ANY_COMMAND, ANY_SETUP } from "../../unit/health/http_rig.ts";
import { parts } from "../../unit/health/parts.ts";
import { ended, started } from "../workers/presence_parts.ts";

/** The cameras; what happens is the same at each. */
export const SIMULATED_CAMERAS = ["gate", "yard"] as const;
/** Inferences of each camera a second, of so many frames. */
const RATE_HZ = 5;
const FPS = 25;
/** A stay begins at each camera so often, and ends with the next. */
const STAY_SECONDS = 30;

export class SimulatedService implements AsyncDisposable {
  readonly #events: EventHub;
  readonly #live: LiveHub;
  readonly #journal = new PresenceJournal();
  readonly #server: HealthServer;
  readonly #jpeg: Uint8Array<ArrayBuffer>;
  readonly #start = parts();
  #seconds = 0;
  #seq = 0;
  #number = 0;
  #stay: string | null = null;

  /** @param jpeg  every picture */
  constructor(jpeg: Uint8Array<ArrayBuffer>) {
    this.#jpeg = jpeg;
    const clock = systemClock;
    const cameras: readonly string[] = SIMULATED_CAMERAS;
    const instance = this.#start.instance;
    this.#events = new EventHub({
      ...{ clock, instance, run: 1, cameras: new Set(cameras), onWatch: () => undefined },
      state: () => ({ cameras: [], occupancy: [], health: this.#report(), settledUpTo: 0 }),
    });
    this.#live = new LiveHub({
      ...{ cameras, clock, post: () => undefined, isDetecting: () => true },
      scene: () => ({ zones: [], lines: [] }),
    });
    const app = healthApp({
      ...{ instance, control: ANY_COMMAND, setup: ANY_SETUP, events: this.#events },
      report: () => Promise.resolve(this.#report()),
      unreadiness: () => Promise.resolve([]),
      metrics: () => Promise.resolve({ text: "", contentType: "text/plain" }),
      presence: this.#journal,
      pictures: {
        snapshot: () => Promise.resolve(null),
        watch: (camera, boxes) => this.#live.watch(camera, boxes),
      },
    }, { token: null, clock, log: logTo(() => undefined) });
    const at = { hostname: "127.0.0.1", port: 0, clock, log: logTo(() => undefined) };
    this.#server = serveHealth(withPage(app), at);
  }

  get url(): string {
    return this.#server.url;
  }

  /** The time of the simulation. */
  get atMs(): WallMs {
    return plusMs(this.#start.timeMs, this.#seconds * 1000);
  }

  /** The number of the newest picture. */
  get seq(): number {
    return this.#seq;
  }

  /** Lets time pass: inferences with their pictures, stays, and a report. */
  pass(seconds: number): void {
    const before = this.#seconds;
    for (let count = 0; count < seconds * RATE_HZ; count++) {
      this.#seconds += 1 / RATE_HZ;
      this.#seq += FPS / RATE_HZ;
      for (const camera of SIMULATED_CAMERAS) this.#infer(camera);
    }
    this.#seconds = before + seconds;
    if (Math.floor(before / STAY_SECONDS) < Math.floor(this.#seconds / STAY_SECONDS)) this.#visit();
    this.#events.health(this.#report());
  }

  #infer(camera: string): void {
    const capturedAtMs = this.atMs;
    const box = { x: this.#seq % 1000, y: 100, width: 80, height: 200 };
    this.#events.copied({
      ...{ event: "inference", camera, detector: "person" },
      payload: JSON.stringify({
        ...{ schema: "orion.inference/1", camera, detector: "person" },
        frame: { seq: this.#seq, width: 1280, height: 720, capturedAt: isoTime(capturedAtMs) },
        detections: [{ class: "person", confidence: 0.9, box, track: `t-${this.#number}` }],
        timing: { totalMs: 20 + this.#seq % 17 },
      }),
    });
    this.#live.picture(camera, {
      ...{ seq: this.#seq, capturedAtMs, width: 640, height: 360, detector: "person" },
      ...{ boxed: false, bytes: this.#jpeg.slice().buffer },
    });
  }

  /** The stay that is open ends, and another one begins. */
  #visit(): void {
    if (this.#stay !== null) this.#happens(ended(this.#stay));
    this.#stay = String(this.#number).padStart(10, "0");
    this.#happens(started(this.#stay, { startedAtMs: this.atMs, seenAtMs: this.atMs }));
  }

  #happens(event: PresenceEvent): void {
    const number = ++this.#number;
    this.#journal.observe({ number, event });
    this.#journal.settled(number);
    this.#events.presence(event, number);
    if (event.kind === "crossing" || event.kind === "occupancy") return;
    const published = { instance: "lobby-1", atMs: this.atMs, jpeg: null };
    const payload = JSON.stringify(presencePayload(event, published));
    this.#events.copied({ event: "presence", camera: event.stay.camera, number, payload });
  }

  #report() {
    const [camera] = this.#start.cameras;
    if (camera === undefined) throw new Error("a service without cameras");
    const { account } = camera.report;
    const [mailbox] = account.detectors;
    if (mailbox === undefined) throw new Error("a camera without detectors");
    const processed = Math.round(this.#seconds * RATE_HZ);
    const decoded = Math.round(this.#seconds * FPS);
    const dropped = { ...mailbox.dropped, rate: decoded - processed };
    const detectors = [{ ...mailbox, decoded, processed, dropped, waiting: 0 as const }];
    const report = {
      ...camera.report,
      account: { ...account, received: decoded, decoded, corrupt: 0, detectors },
    };
    return healthJson(healthReport({
      ...this.#start,
      timeMs: this.atMs,
      uptimeMs: this.#seconds * 1000,
      cameras: SIMULATED_CAMERAS.map((id) => ({ ...camera, id, report })),
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#events.close();
    this.#live.close();
    await this.#server.close(Promise.resolve());
  }
}
