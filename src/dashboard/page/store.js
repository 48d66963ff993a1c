// @ts-check
/** What the page knows of the service, kept current while the page is visible. */
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { useLayoutEffect, useState } from "preact/hooks";
import { LoginNeeded, readSession, readStatus } from "./api.js";
import { History } from "./history.js";

/**
 * @typedef {import("./api.js").Status} Status
 * @typedef {import("./api.js").Stay} Stay
 * @typedef {Status["cameras"][number]} Camera
 * @typedef {{ x: number, y: number, width: number, height: number }} Box
 * @typedef {{ class: string, confidence: number, box: Box, track?: string | null }} Detection
 * @typedef {{
 *   camera: string,
 *   detector: string,
 *   frame: { seq: number, width: number, height: number, capturedAt: string },
 *   detections: readonly Detection[],
 *   timing: { totalMs: number },
 * }} Inference
 * @typedef {"loading" | "login" | "ready"} Phase
 */

const POLL_MS = 2_000;
/** After this long without an answer the page says so. */
const AWAY_MS = 6_000;
/** Inferences kept of each camera, for pictures that come after them. */
const MAX_INFERENCES = 60;
const RECONNECT_MS = 2_000;

/** The state that all views show. */
export class Store {
  /** @type {Phase} */
  phase = "loading";
  /** @type {Status | null} */
  status = null;
  /** Whether the service has a token, and so there is something to log out of. */
  tokenNeeded = false;
  /** Why the figures are old; null while they are not. @type {string | null} */
  away = null;
  /** Whether events arrive. */
  hasEvents = false;
  history = new History();
  /** Streams of pictures that are open. */
  streams = 0;
  /** Counts the events of presence, so that a list of stays knows when it is old. */
  presenceEvents = 0;

  /** The service's clock, less this machine's. */
  #skewMs = 0;
  #answeredAtMs = 0;
  /** @type {Set<() => void>} */
  #listeners = new Set();
  /** @type {Map<string, Set<(inference: Inference) => void>>} */
  #inferenceListeners = new Map();
  /** By camera, the oldest first. @type {Map<string, Inference[]>} */
  #inferences = new Map();
  /** @type {EventSource | null} */
  #events = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #isPolling = false;

  /**
   * @param {() => void} listener  called after each change
   * @returns {() => void} ends it
   */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changed() {
    for (const listener of this.#listeners) listener();
  }

  /** The time by the service's clock. */
  nowMs() {
    return Date.now() + this.#skewMs;
  }

  /**
   * The detectors that look at a camera.
   * @param {string} camera
   */
  detectorsOf(camera) {
    return (this.status?.detectors ?? []).filter(({ cameras }) => cameras.includes(camera));
  }

  /** Begins: asks whether a login is needed, and then for everything. */
  async start() {
    try {
      const session = await readSession();
      this.tokenNeeded = session.tokenNeeded;
      this.phase = session.loggedIn ? "ready" : "login";
    } catch (error) {
      this.away = textOf(error);
      setTimeout(() => void this.start(), RECONNECT_MS);
    }
    this.changed();
    if (this.phase === "ready") this.resume();
  }

  /** Goes on: at the start, after a login, and when the page becomes visible. */
  resume() {
    if (this.phase !== "ready" || document.hidden) return;
    this.#listen();
    clearTimeout(this.#timer);
    void this.#poll();
  }

  /** A page that is not seen asks for nothing. */
  pause() {
    clearTimeout(this.#timer);
    this.#events?.close();
    this.#events = null;
    this.hasEvents = false;
  }

  /** Forgets what it knows, and asks for the token. */
  logIn() {
    this.pause();
    this.phase = "login";
    this.status = null;
    this.tokenNeeded = true;
    this.changed();
  }

  /** Reads the report now. */
  async refresh() {
    try {
      this.#take(await readStatus());
      this.away = null;
    } catch (error) {
      const problem = this.failed(error);
      if (problem !== null && Date.now() - this.#answeredAtMs > AWAY_MS) this.away = problem;
    }
    this.changed();
  }

  /**
   * What a request failed of, in words; null without a login, which is asked for.
   * @param {unknown} error
   */
  failed(error) {
    if (!(error instanceof LoginNeeded)) return textOf(error);
    this.logIn();
    return null;
  }

  /**
   * The inferences of exactly one picture.
   * @param {string} camera
   * @param {number} seq
   */
  inferencesOf(camera, seq) {
    return (this.#inferences.get(camera) ?? []).filter(({ frame }) => frame.seq === seq);
  }

  /**
   * @param {string} camera
   * @param {(inference: Inference) => void} listener
   * @returns {() => void} ends it
   */
  onInference(camera, listener) {
    const listeners = this.#inferenceListeners.get(camera) ?? new Set();
    this.#inferenceListeners.set(camera, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  async #poll() {
    if (this.#isPolling) return;
    this.#isPolling = true;
    await this.refresh();
    this.#isPolling = false;
    if (this.phase !== "ready" || document.hidden) return;
    this.#timer = setTimeout(() => void this.#poll(), POLL_MS);
  }

  /** @param {Status} status */
  #take(status) {
    this.#answeredAtMs = Date.now();
    this.#skewMs = Date.parse(status.time) - this.#answeredAtMs;
    this.status = status;
    this.history.add(status);
  }

  #listen() {
    if (this.#events !== null) return;
    const events = new EventSource("events");
    this.#events = events;
    events.onopen = () => {
      this.hasEvents = true;
      this.changed();
    };
    events.onerror = () => {
      this.hasEvents = false;
      // It connects again by itself, unless the answer was an error.
      if (events.readyState !== EventSource.CLOSED || this.#events !== events) return;
      this.#events = null;
      setTimeout(() => this.phase === "ready" && !document.hidden && this.#listen(), RECONNECT_MS);
    };
    const on = (/** @type {string} */ name, /** @type {(data: any) => void} */ use) =>
      events.addEventListener(name, (event) => use(JSON.parse(event.data)));
    on("inference", (inference) => this.#onInference(inference));
    on("camera", (camera) => this.#onCamera(camera));
    on("occupancy", (occupancy) => this.#onOccupancy(occupancy));
    on("presence", () => {
      this.presenceEvents += 1;
      this.changed();
    });
  }

  /** @param {Inference} inference */
  #onInference(inference) {
    const { camera, detector, timing } = inference;
    const kept = this.#inferences.get(camera) ?? [];
    this.#inferences.set(camera, kept);
    kept.push(inference);
    if (kept.length > MAX_INFERENCES) kept.shift();
    this.history.addLatency({ camera, detector, totalMs: timing.totalMs });
    for (const listener of this.#inferenceListeners.get(camera) ?? []) listener(inference);
  }

  /** @param {Pick<Camera, "state" | "since" | "reason" | "reconnects"> & { camera: string }} news */
  #onCamera({ camera, state, since, reason, reconnects }) {
    this.#change(camera, (now) => ({ ...now, state, since, reason, reconnects }));
  }

  /** @param {Camera["presence"]["occupancy"][number] & { camera: string }} news */
  #onOccupancy({ camera, zone, occupied, counts, since }) {
    this.#change(camera, (now) => {
      const others = now.presence.occupancy.filter((one) => one.zone !== zone);
      const occupancy = [...others, { zone, occupied, counts, since }];
      return { ...now, presence: { ...now.presence, occupancy } };
    });
  }

  /**
   * @param {string} id
   * @param {(camera: Camera) => Camera} change
   */
  #change(id, change) {
    if (this.status === null) return;
    const cameras = this.status.cameras.map((camera) => camera.id === id ? change(camera) : camera);
    this.status = { ...this.status, cameras };
    this.changed();
  }
}

/** @param {unknown} error */
export function textOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Draws the component again after each change.
 * @param {Store} store
 */
export function useChanges(store) {
  const [, draw] = useState(0);
  // Before the page is painted, and not after: an answer may come in between.
  useLayoutEffect(() => store.subscribe(() => draw((count) => count + 1)), [store]);
}
