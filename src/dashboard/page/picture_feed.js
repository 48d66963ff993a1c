// @ts-check
/** Reads the pictures of one camera while it is on the screen: the newest, never a queue of old ones. */
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { PartReader } from "./mjpeg.js";

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {{ seq: number | null, capturedAtMs: number | null, boxed: boolean }} Shown
 * @typedef {Shown & { bitmap: ImageBitmap }} Picture
 * @typedef {Shown & { bytes: Uint8Array<ArrayBuffer> }} Encoded
 */

/**
 * Streams at once: a browser opens six connections to one server, and others are needed too. Beyond it
 * single pictures are read, with the boxes in them.
 */
const MAX_STREAMS = 3;
const SINGLE_MS = 1_000;
const RETRY_MS = 2_000;
/** How long a picture waits for what was inferred in it. */
const WAIT_MS = 150;

/** The pictures of one camera. */
export class PictureFeed {
  #camera;
  #store;
  #onPicture;
  #stop = new AbortController();
  /** The newest picture that is not decoded yet. @type {Encoded | null} */
  #waiting = null;
  #isDecoding = false;

  /**
   * @param {string} camera
   * @param {Store} store
   * @param {(picture: Picture) => void} onPicture  owns the bitmap
   */
  constructor(camera, store, onPicture) {
    this.#camera = camera;
    this.#store = store;
    this.#onPicture = onPicture;
    void this.#run();
  }

  stop() {
    this.#stop.abort();
    this.#waiting = null;
  }

  async #run() {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      let pauseMs = SINGLE_MS;
      try {
        if (this.#store.streams < MAX_STREAMS) {
          this.#store.streams += 1;
          try {
            await this.#stream();
          } finally {
            this.#store.streams -= 1;
          }
        } else await this.#single();
      } catch (error) {
        // Stopped; or the camera has no picture, which its state says in words.
        if (signal.aborted) return;
        pauseMs = RETRY_MS;
        if (!(error instanceof Error)) throw error;
      }
      await pause(pauseMs, signal);
    }
  }

  async #stream() {
    const { signal } = this.#stop;
    const path = `cameras/${encodeURIComponent(this.#camera)}/live.mjpg`;
    const response = await fetch(path, { signal, cache: "no-store" });
    if (response.status === 404 || response.body === null) return await this.#single();
    if (response.status === 401) return this.#store.logIn();
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    const reader = new PartReader();
    for await (const bytes of response.body) {
      const part = reader.push(new Uint8Array(bytes)).at(-1);
      if (part !== undefined) this.#offer(part.bytes, (name) => part.headers.get(name), false);
    }
  }

  async #single() {
    const { signal } = this.#stop;
    const path = `cameras/${encodeURIComponent(this.#camera)}/snapshot.jpg?boxes=1`;
    const response = await fetch(path, { signal, cache: "no-store" });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    this.#offer(bytes, (name) => response.headers.get(name) ?? undefined, true);
  }

  /**
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @param {(name: string) => string | undefined} header
   * @param {boolean} boxed
   */
  #offer(bytes, header, boxed) {
    const seq = Number(header("x-orion-seq") ?? NaN);
    const capturedAtMs = Date.parse(header("x-orion-captured-at") ?? "");
    this.#waiting = {
      bytes,
      boxed,
      seq: Number.isNaN(seq) ? null : seq,
      capturedAtMs: Number.isNaN(capturedAtMs) ? null : capturedAtMs,
    };
    if (!this.#isDecoding) void this.#decode();
  }

  /** One at a time: a slow machine skips pictures. */
  async #decode() {
    this.#isDecoding = true;
    const { signal } = this.#stop;
    try {
      while (this.#waiting !== null && !signal.aborted) {
        const { bytes, ...shown } = this.#waiting;
        this.#waiting = null;
        const bitmap = await decoded(bytes);
        if (bitmap === null) continue;
        if (shown.seq !== null && !shown.boxed) await this.#inferred(shown.seq);
        if (signal.aborted) bitmap.close();
        else this.#onPicture({ ...shown, bitmap });
      }
    } finally {
      this.#isDecoding = false;
    }
  }

  /**
   * Waits a moment for what was inferred in a picture, so that both appear at once.
   * @param {number} seq
   */
  async #inferred(seq) {
    const store = this.#store;
    if (!store.hasEvents || store.inferencesOf(this.#camera, seq).length > 0) return;
    await new Promise((resolve) => {
      const timer = setTimeout(end, WAIT_MS);
      const cancel = store.onInference(this.#camera, ({ frame }) => frame.seq >= seq && end());
      function end() {
        clearTimeout(timer);
        cancel();
        resolve(undefined);
      }
    });
  }
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Promise<ImageBitmap | null>} null for a picture that is damaged
 */
async function decoded(bytes) {
  try {
    return await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
}

/**
 * @param {number} ms
 * @param {AbortSignal} signal
 */
function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
    function end() {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve(undefined);
    }
  });
}
