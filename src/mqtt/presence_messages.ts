import { Buffer } from "node:buffer";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { FromPublisher } from "../core/messages.ts";
import type {
  NumberedEvent,
  Occupancy,
  PresenceEvent,
  PresencePlan,
  PresenceResume,
  Scene,
  Stay,
  StayPicture,
} from "../core/presence_types.ts";
import type { PublisherPlan } from "../core/publisher_types.ts";
import type { Copies } from "./copies.ts";
import type { Found } from "./found_stays.ts";
import type { Link } from "./link.ts";
import type { MessageCounts } from "./message_counts.ts";
import { OpenStays } from "./open_stays.ts";
import { PictureRequests } from "./picture_requests.ts";
import { occupancyPayload, type StayEvent } from "./presence_payloads.ts";
import { PresenceQueue } from "./presence_queue.ts";
import { type Picturing, picturingOf, zonesByCamera, zonesOf } from "./presence_topics.ts";
import { RetainedLeft } from "./retained_left.ts";
import { retainedMessage, type RetainedMessages } from "./retained_messages.ts";
import type { DoneCallback, IncomingMessage, OutgoingMessage } from "./session.ts";
import type { Topics } from "./topics.ts";

export interface PresenceMessagesParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly plan: PublisherPlan;
  readonly topics: Topics;
  /** Drawn at random by this thread. */
  readonly thread: number;
  readonly link: Pick<Link, "connected" | "subscribe" | "unsubscribe">;
  readonly retained: RetainedMessages;
  readonly publish: (key: object, message: OutgoingMessage, done: DoneCallback) => void;
  readonly counts: MessageCounts;
  readonly post: (message: FromPublisher) => void;
  readonly copies: Copies;
  /** Whether the settings in force have a camera. */
  readonly hasCamera: (camera: string) => boolean;
  /** The open stays, as they are now. */
  readonly openStays: () => readonly Stay[];
}

/** Numbers the events of presence, reports them to main, and publishes them. */
export class PresenceMessages {
  readonly #parts: PresenceMessagesParts;
  readonly #stays: OpenStays;
  readonly #queue: PresenceQueue;
  readonly #pictures: PictureRequests;
  readonly #left: RetainedLeft;
  /** The zones of each camera with presence, by camera. */
  #zones: ReadonlyMap<string, ReadonlySet<string>>;
  /** The detectors whose pictures may leave the process, and their cameras. */
  #picturing: Picturing;
  #number = 0;
  #awaitsPictures = true;
  #isStopped = false;
  #onDrained: (() => void) | null = null;

  constructor(parts: PresenceMessagesParts) {
    this.#parts = parts;
    const { clock, log, link, plan, topics, publish, counts, post } = parts;
    this.#zones = zonesByCamera(plan.presence);
    this.#picturing = picturingOf(plan.presence);
    this.#pictures = new PictureRequests(clock);
    this.#stays = new OpenStays({
      ...{ clock, log, topics, link, publish, counts },
      instance: plan.instance,
      session: plan.run,
      thread: parts.thread,
      current: parts.openStays,
      lastNumber: () => this.#number,
      onRead: (found) => this.#onRead(found),
      onReady: () => this.flush(),
    });
    this.#queue = new PresenceQueue({
      ...{ clock, topics, publish, counts, post, copies: parts.copies },
      instance: plan.instance,
      stays: this.#stays,
      onDrained: () => this.settled(),
    });
    this.#left = new RetainedLeft({
      ...{ clock, log, link, topics, hasCamera: parts.hasCamera },
      hasOccupancy: (camera, zone) => this.#zones.get(camera)?.has(zone) === true,
      hasPictures: (camera) => this.#picturing.cameras.has(camera),
      clear: (kind, topic) => parts.retained.clear(kind, topic),
    });
  }

  /** Messages neither published nor discarded yet; those of retained topics are counted elsewhere. */
  get waiting(): number {
    return this.#queue.waiting + this.#stays.waiting;
  }

  /** What a stop waits for. */
  get inflight(): number {
    return this.#queue.waiting + this.#parts.retained.waitingOf("occupancy");
  }

  /** Continues for a thread that was replaced: before any event. */
  resume({ stays, unpublished, lastNumber }: PresenceResume): void {
    this.#number = lastNumber;
    this.#stays.resume(stays, lastNumber);
    for (const event of unpublished) this.#publish(event);
  }

  /** Numbers an event, reports it and publishes it. */
  emit(event: PresenceEvent): void {
    this.#number += 1;
    const numbered = { number: this.#number, event };
    this.#parts.post({ kind: "presence", ...numbered });
    this.#publish(numbered);
  }

  /** The answer to a request for a picture. */
  picture(picture: StayPicture): void {
    this.#pictures.answer(picture);
  }

  /** The zones of a camera were changed: nothing is retained for those that are gone. */
  changeScene(scene: Scene): void {
    if (!this.#zones.has(scene.camera)) return;
    this.#changeZones(new Map(this.#zones).set(scene.camera, new Set(zonesOf(scene))));
  }

  /** Another plan is in force: nothing is retained for what it does not have any more. */
  replan(plan: PresencePlan): void {
    this.#changeZones(zonesByCamera(plan));
    const before = this.#picturing;
    this.#picturing = picturingOf(plan);
    // The classes whose pictures were published are known to the broker alone.
    if ([...before.cameras].some((camera) => !this.#picturing.cameras.has(camera))) {
      this.#left.readAgain();
    }
  }

  /** A connection was opened: call it before anything is published. */
  connected(): void {
    this.#stays.connected();
    this.#left.connected();
  }

  disconnected(): void {
    this.#stays.disconnected();
    this.#left.disconnected();
  }

  /** @returns whether the message was of one of the topics of presence */
  receive(message: IncomingMessage): boolean {
    return this.#stays.receive(message) || this.#left.receive(message);
  }

  flush(): void {
    this.#queue.flush();
  }

  /** From now on awaits no picture: the cameras have stopped. */
  stopPictures(): void {
    this.#pictures.stop();
    this.#awaitsPictures = false;
    this.#queue.releaseAll();
  }

  /** From now on discards what is emitted. */
  stop(): void {
    this.stopPictures();
    this.#isStopped = true;
    this.#queue.stop();
  }

  /** Calls back once, when nothing waits any more. */
  onDrained(callback: () => void): void {
    this.#onDrained = callback;
  }

  /** A message was published or discarded. */
  settled(): void {
    if (this.#onDrained === null || this.inflight > 0) return;
    const callback = this.#onDrained;
    this.#onDrained = null;
    callback();
  }

  discardAll(): void {
    this.disconnected();
    this.#queue.discardAll();
  }

  #changeZones(now: ReadonlyMap<string, ReadonlySet<string>>): void {
    const { retained, topics } = this.#parts;
    for (const [camera, zones] of this.#zones) {
      for (const zone of zones) {
        if (now.get(camera)?.has(zone) === true) continue;
        retained.clear("occupancy", topics.occupancy(camera, zone));
      }
    }
    this.#zones = now;
  }

  #publish({ number, event }: NumberedEvent): void {
    switch (event.kind) {
      case "occupancy":
        return this.#publishOccupancy(number, event.occupancy);
      case "crossing":
        return this.#queue.put({ number, event }, false);
      case "update":
        return this.#queue.put({ number, event }, false);
      case "start":
      case "end": {
        const isHeld = this.#mayPicture(event);
        if (isHeld) this.#request(number, event);
        this.#queue.put({ number, event }, isHeld);
      }
    }
  }

  /** The newest of each zone is what counts: it is published again with every connection. */
  #publishOccupancy(number: number, occupancy: Occupancy): void {
    const { counts, post, retained, topics } = this.#parts;
    if (this.#isStopped) {
      counts.produced("occupancy");
      counts.discarded("occupancy", "shutdown");
    } else {
      const topic = topics.occupancy(occupancy.camera, occupancy.zone);
      retained.set("occupancy", retainedMessage(topic, occupancyPayload(occupancy), 1));
    }
    post({ kind: "presence-settled", number });
  }

  /** What a run before this one left open has no picture any more. */
  #mayPicture({ stay }: StayEvent): boolean {
    return this.#awaitsPictures && stay.reason !== "restart" &&
      this.#picturing.detectors.has(stay.detector);
  }

  #request(number: number, { kind, stay }: StayEvent): void {
    const { camera, id } = stay;
    this.#pictures.add(id, stay.best.seq, (picture) => this.#onPicture(number, stay, picture));
    this.#parts.post({ kind: "picture", camera, stay: id, release: kind === "end" });
  }

  #onPicture(number: number, stay: Stay, picture: StayPicture | null): void {
    if (picture === null || picture.bytes === null) return this.#queue.release(number, null);
    const { retained, topics } = this.#parts;
    const isBest = picture.seq === stay.best.seq;
    this.#queue.release(number, isBest ? Buffer.from(picture.bytes).toString("base64") : null);
    if (!this.#picturing.cameras.has(stay.camera)) return;
    retained.set("picture", {
      topic: topics.picture(stay.camera, stay.class),
      payload: "",
      jpeg: new Uint8Array(picture.bytes),
      qos: 0,
      retain: true,
      expirySeconds: null,
    });
  }

  #onRead({ upTo, events, ended }: Found): void {
    this.#queue.found(upTo, ended);
    for (const event of events) this.emit(event);
  }
}
