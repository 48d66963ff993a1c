import type { CameraStatus } from "../../core/camera_types.ts";
import type { Cancel, Clock } from "../../core/clock.ts";
import type { CopiedEvent } from "../../core/event_types.ts";
import type { Occupancy, PresenceEvent } from "../../core/presence_types.ts";
import type { EventFeed, EventReader, EventRequest } from "../../health/events_route.ts";
import { HEARTBEAT, serverSentEvent, serverSentStart } from "../../health/server_sent.ts";
import { cameraPayload } from "../../mqtt/payloads.ts";
import { occupancyPayload, presencePayload } from "../../mqtt/presence_payloads.ts";
import { EventQueue } from "./event_queue.ts";
import { type MissedEvent, MissedEvents } from "./missed_events.ts";

/** Readers at once. */
export const MAX_EVENT_READERS = 200;
/** How often a reader gets something, so that proxies keep its connection open. */
export const HEARTBEAT_MS = 15_000;
/** Heartbeats in which a reader for whom something waits takes nothing; then it is dropped. */
export const MAX_STALLED_BEATS = 4;
/** After how long a reader whose stream breaks comes again. */
const RETRY_MS = 2_000;

/** The newest state, which a new reader gets first. */
export interface EventState {
  readonly cameras: Iterable<CameraStatus>;
  readonly occupancy: Iterable<Occupancy>;
  /** `orion.health/1`; null before the first. */
  readonly health: unknown;
  /** The number up to which all events of presence are published. */
  readonly settledUpTo: number;
}

export interface EventHubParts {
  readonly clock: Clock;
  readonly instance: string;
  /** Drawn at random by each run of the process: the ids of another run mean nothing in this one. */
  readonly run: number;
  readonly cameras: Pick<ReadonlySet<string>, "has">;
  readonly state: () => EventState;
  /** Called with the first reader, and when the last one is gone. */
  readonly onWatch: (on: boolean) => void;
}

/** An event for all readers of a camera; null: for all. */
interface FeedEvent {
  readonly event: "inference" | "presence" | "occupancy" | "camera" | "health";
  readonly camera: string | null;
  readonly subject: string | null;
  readonly payload: string;
  readonly id: string | null;
}

/** Hands what is published over MQTT to the readers of `GET /events`. */
export class EventHub implements EventFeed {
  readonly #parts: EventHubParts;
  /** The readers, and the number of the newest event of presence that each has. */
  readonly #readers = new Map<EventQueue, number>();
  readonly #missed = new MissedEvents();
  #lastCopied = 0;
  #cancelBeat: Cancel | null = null;
  #isClosed = false;

  constructor(parts: EventHubParts) {
    this.#parts = parts;
  }

  get readers(): number {
    return this.#readers.size;
  }

  hasCamera(camera: string): boolean {
    return this.#parts.cameras.has(camera);
  }

  open({ camera, lastEventId, onSlow }: EventRequest): EventReader | null {
    if (this.#isClosed || this.#readers.size >= MAX_EVENT_READERS) return null;
    const queue = new EventQueue({ camera, onSlow, onClosed: () => this.#onClosed(queue) });
    const state = this.#parts.state();
    const last = this.#numberOf(lastEventId);
    queue.put({
      bytes: serverSentStart(this.#idOf(last ?? state.settledUpTo), RETRY_MS),
      subject: "start",
    });
    this.#readers.set(queue, 0);
    for (const event of stateEvents(state)) give(queue, event);
    if (last !== null) this.#giveMissed(queue, last);
    if (this.#readers.size === 1) {
      this.#parts.onWatch(true);
      this.#beatLater();
    }
    return queue;
  }

  /** A camera has another state. */
  camera(status: CameraStatus): void {
    if (this.readers > 0) this.#publish(cameraEvent(status));
  }

  /** The body of `GET /status`, at every interval. */
  health(health: unknown): void {
    if (this.readers > 0) this.#publish(healthEvent(health));
  }

  /** An event of presence, before its message is published. */
  presence(event: PresenceEvent, number: number): void {
    const atMs = this.#parts.clock.wallMs();
    if (event.kind !== "occupancy") this.#missed.add({ number, event }, atMs);
    else if (this.readers > 0) this.#publish(occupancyEvent(event.occupancy));
  }

  /** A payload from the publisher's thread. */
  copied(copy: CopiedEvent): void {
    const { camera, payload } = copy;
    if (copy.event === "inference") {
      const subject = `inference/${camera}/${copy.detector}`;
      return this.#publish({ event: "inference", camera, subject, payload, id: null });
    }
    const { number } = copy;
    // A thread that replaces another publishes again what was not acknowledged.
    if (number <= this.#lastCopied) return;
    this.#lastCopied = number;
    this.#missed.copied(number, payload);
    const event = this.#presenceEvent(number, camera, payload);
    const bytes = bytesOf(event);
    for (const [queue, upTo] of this.#readers) {
      if (number > upTo && wants(queue, camera)) queue.put({ bytes, subject: null });
    }
  }

  /** Ends all readers, for good. */
  close(): void {
    this.#isClosed = true;
    for (const queue of [...this.#readers.keys()]) queue.close();
  }

  #publish(event: FeedEvent): void {
    let bytes: Uint8Array | null = null;
    for (const queue of this.#readers.keys()) {
      if (!wants(queue, event.camera)) continue;
      bytes ??= bytesOf(event);
      queue.put({ bytes, subject: event.subject });
    }
  }

  #giveMissed(queue: EventQueue, last: number): void {
    for (const missed of this.#missed.after(last)) {
      give(queue, this.#presenceEvent(missed.number, missed.event.stay.camera, this.#text(missed)));
      this.#readers.set(queue, missed.number);
    }
  }

  #text({ event, atMs, payload }: MissedEvent): string {
    const { instance } = this.#parts;
    return payload ?? JSON.stringify(presencePayload(event, { instance, atMs, jpeg: null }));
  }

  #presenceEvent(number: number, camera: string, payload: string): FeedEvent {
    return { event: "presence", camera, subject: null, payload, id: this.#idOf(number) };
  }

  #idOf(number: number): string {
    return `${this.#parts.run}-${number}`;
  }

  /** null for an id of another run, or none. */
  #numberOf(id: string | null): number | null {
    const [, run, number] = /^(\d{1,16})-(\d{1,15})$/.exec(id ?? "") ?? [];
    return run === String(this.#parts.run) ? Number(number) : null;
  }

  #onClosed(queue: EventQueue): void {
    if (!this.#readers.delete(queue) || this.#readers.size > 0) return;
    this.#cancelBeat?.();
    this.#parts.onWatch(false);
  }

  #beatLater(): void {
    this.#cancelBeat = this.#parts.clock.after(HEARTBEAT_MS, () => this.#beat());
  }

  #beat(): void {
    this.#beatLater();
    for (const queue of [...this.#readers.keys()]) {
      if (queue.beat() >= MAX_STALLED_BEATS) queue.drop();
      else queue.put({ bytes: HEARTBEAT, subject: "heartbeat" });
    }
  }
}

function wants({ camera }: EventQueue, of: string | null): boolean {
  return camera === null || of === null || camera === of;
}

function bytesOf({ event, payload, id }: FeedEvent): Uint8Array {
  return serverSentEvent(event, payload, id);
}

function give(queue: EventQueue, event: FeedEvent): void {
  if (wants(queue, event.camera)) queue.put({ bytes: bytesOf(event), subject: event.subject });
}

function stateEvents({ cameras, occupancy, health }: EventState): FeedEvent[] {
  return [
    ...[...cameras].map(cameraEvent),
    ...[...occupancy].map(occupancyEvent),
    ...health === null ? [] : [healthEvent(health)],
  ];
}

/** As the publisher's thread builds the payload. */
function cameraEvent(status: CameraStatus): FeedEvent {
  const { camera } = status;
  const payload = JSON.stringify(cameraPayload(status));
  return { event: "camera", camera, subject: `camera/${camera}`, payload, id: null };
}

/** As the publisher's thread builds the payload. */
function occupancyEvent(occupancy: Occupancy): FeedEvent {
  const { camera, zone } = occupancy;
  const payload = JSON.stringify(occupancyPayload(occupancy));
  return { event: "occupancy", camera, subject: `occupancy/${camera}/${zone}`, payload, id: null };
}

function healthEvent(health: unknown): FeedEvent {
  const payload = JSON.stringify(health);
  return { event: "health", camera: null, subject: "health", payload, id: null };
}
