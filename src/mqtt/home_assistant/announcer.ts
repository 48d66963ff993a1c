/**
 * Announces the entities to Home Assistant, and deletes the configurations of those that are no more.
 *
 * Earlier versions announced them on other topics. Home Assistant refuses a second entity with the unique id
 * of a first one, so the former configurations are deleted before anything is announced.
 */
import type { Cancel, Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import type { Scene } from "../../core/presence_types.ts";
import type { PublisherPlan } from "../../core/publisher_types.ts";
import type { RetainedMessages } from "../retained_messages.ts";
import type { Topics } from "../topics.ts";
import { type Discovery, discoveryOf } from "./discovery.ts";
import { readAnnounced } from "./ownership.ts";

/** How long after the subscription a broker may take to send what it has retained. */
export const FORMER_SETTLE_MS = 2_000;
/** Then the entities are announced, also where the broker does not delete the former configurations. */
export const FORMER_TIMEOUT_MS = 10_000;

/** Connections that may break before the answer; some brokers close on a subscription they forbid. */
const MAX_BREAKS = 2;

/** Makes Home Assistant keep an entity's name and settings when its configuration is deleted next. */
const MIGRATE = JSON.stringify({ migrate_discovery: true });

export interface AnnouncerParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly plan: PublisherPlan;
  readonly topics: Topics;
  readonly retained: Pick<RetainedMessages, "set" | "clear">;
}

/** A topic filter to subscribe to with a connection. */
export interface AnnouncerFilter {
  readonly filter: string;
  /** Whether the broker may refuse it. */
  readonly isOptional: boolean;
}

export class Announcer {
  readonly #parts: AnnouncerParts;
  #plan: PublisherPlan;
  #scenes: Map<string, Scene>;
  #discovery: Discovery | null;
  #isAnnounced = false;
  /** Former configurations that were deleted, until the broker has done it. */
  readonly #deleting = new Set<string>();
  #isSettled = false;
  /** Whether the former configurations were asked for, and the broker has not answered yet. */
  #isAsked = false;
  #breaks = 0;
  readonly #cancels: Cancel[] = [];
  /** Other instances whose configurations this one has replaced. */
  readonly #reported = new Set<string>();

  constructor(parts: AnnouncerParts) {
    this.#parts = parts;
    const { plan, topics } = parts;
    this.#plan = plan;
    this.#scenes = scenesOf(plan);
    this.#discovery = discoveryOf(plan, topics);
  }

  /** @returns what to subscribe to with a new connection */
  connected(): readonly AnnouncerFilter[] {
    if (this.#discovery === null) return [];
    const { filter, formerFilter } = this.#discovery;
    const own = { filter, isOptional: false };
    if (this.#isAnnounced || this.#breaks >= MAX_BREAKS) return [own];
    this.#isAsked = true;
    return [own, { filter: formerFilter, isOptional: true }];
  }

  /** The broker has answered all subscriptions of a connection. */
  subscribed(): void {
    if (this.#discovery === null || this.#isAnnounced) return;
    if (!this.#isAsked) return this.#announce();
    this.#isAsked = false;
    const { clock } = this.#parts;
    this.#cancels.push(
      clock.after(FORMER_SETTLE_MS, () => {
        this.#isSettled = true;
        this.#announceWhenDeleted();
      }),
      clock.after(FORMER_TIMEOUT_MS, () => this.#announce()),
    );
  }

  /** The connection broke, or Orion stops: the next connection begins anew. */
  disconnected(): void {
    if (this.#isAsked) this.#breaks += 1;
    this.#isAsked = false;
    for (const cancel of this.#cancels.splice(0)) cancel();
    this.#deleting.clear();
    this.#isSettled = false;
  }

  /** A message of any topic. */
  receive(topic: string, payload: Uint8Array): void {
    const { topics, retained } = this.#parts;
    if (this.#discovery === null || !topic.endsWith("/config")) return;
    if (payload.byteLength === 0) {
      if (this.#deleting.delete(topic)) this.#announceWhenDeleted();
      return;
    }
    const announced = readAnnounced(payload);
    if (announced === null) return;
    if (announced.statusTopic !== topics.status) return this.#report(topic, announced.statusTopic);
    if (this.#discovery.configs.has(topic)) return;
    // Of an earlier run: its camera or zone was removed, or it is a former configuration.
    if (!this.#isAnnounced) this.#deleting.add(topic);
    if (!this.#isAnnounced && this.#discovery.uniqueIds.has(announced.uniqueId)) {
      this.#set(topic, MIGRATE);
    }
    retained.clear("discovery", topic);
  }

  /** Announces the entities of a camera's new zones, and deletes those of removed ones. */
  changeScene(scene: Scene): void {
    this.#scenes.set(scene.camera, scene);
    this.#renew();
  }

  /** The same for all that another plan has or has not any more; its discovery prefix is the same. */
  replan(plan: PublisherPlan): void {
    this.#plan = plan;
    this.#scenes = scenesOf(plan);
    this.#renew();
  }

  #renew(): void {
    const { topics, retained } = this.#parts;
    const before = this.#discovery?.configs ?? new Map<string, string>();
    this.#discovery = discoveryOf(this.#plan, topics, [...this.#scenes.values()]);
    if (this.#discovery === null || !this.#isAnnounced) return;
    const { configs } = this.#discovery;
    for (const topic of before.keys()) {
      if (!configs.has(topic)) retained.clear("discovery", topic);
    }
    for (const [topic, payload] of configs) {
      if (before.get(topic) !== payload) this.#set(topic, payload);
    }
  }

  #announceWhenDeleted(): void {
    if (this.#isSettled && this.#deleting.size === 0) this.#announce();
  }

  #announce(): void {
    for (const cancel of this.#cancels.splice(0)) cancel();
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    for (const [topic, payload] of this.#discovery?.configs ?? []) this.#set(topic, payload);
  }

  #set(topic: string, payload: string): void {
    const message = { topic, payload, qos: 1, retain: true, expirySeconds: null } as const;
    this.#parts.retained.set("discovery", message);
  }

  /** Two instances of one name, under different prefixes, replace each other's configurations. */
  #report(topic: string, other: string): void {
    // Before, it is what an earlier run under another prefix has left.
    if (!this.#isAnnounced || this.#reported.has(other)) return;
    if (this.#discovery?.configs.has(topic) !== true) return;
    this.#reported.add(other);
    this.#parts.log.warning("mqtt.discovery_contested", {
      topic,
      other,
      remedy: "Give each Orion that Home Assistant shows an instance of its own.",
    });
  }
}

function scenesOf({ presence }: PublisherPlan): Map<string, Scene> {
  return new Map(presence.scenes.map((scene) => [scene.camera, scene]));
}
