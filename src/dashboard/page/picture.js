// @ts-check
/** The newest picture of a camera with the boxes of exactly that picture. */
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { classes, html } from "./html.js";
import { Boxes, heightOf, Scenery, WIDTH } from "./overlay.js";
import { PictureFeed } from "./picture_feed.js";
import { ageText } from "./words.js";

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./store.js").Camera} Camera
 * @typedef {import("./store.js").Inference} Inference
 * @typedef {import("./aim_shapes.js").Scene} Scene
 * @typedef {{ seq: number | null, capturedAtMs: number | null, boxed: boolean }} Shown
 */

/** How often the age is written anew. */
const AGE_MS = 500;

/** What is this near to the screen counts as on it. */
const MARGIN_PX = 80;

/** A picture of a camera that is not known yet. */
const USUAL_SIZE = { width: 16, height: 9 };

/** @param {Camera} camera */
export function sizeOf({ width, height }) {
  return width === null || height === null ? USUAL_SIZE : { width, height };
}

/**
 * The region, masks, zones and lines in force.
 * @param {Store} store
 * @param {Camera} camera
 * @returns {Scene}
 */
export function sceneOf(store, camera) {
  const { zones, lines } = camera.presence;
  return {
    roi: inForce(store, camera, "roi", camera.configured.roi),
    masks: inForce(store, camera, "masks", camera.configured.masks),
    zones,
    lines,
  };
}

/**
 * @template T
 * @param {Store} store
 * @param {Camera} camera
 * @param {string} setting
 * @param {T} configured
 * @returns {T}
 */
function inForce(store, camera, setting, configured) {
  const override = overrideOf(store, { setting, camera: camera.id, detector: null });
  return override === null ? configured : override.value;
}

/**
 * The change by command of a setting; null while the configuration's value is in force.
 * @param {Store} store
 * @param {{ setting: string, camera: string | null, detector: string | null }} of
 * @returns {{ value: any, since: string } | null}
 */
export function overrideOf(store, { setting, camera, detector }) {
  /** @type {readonly any[]} */
  const overrides = store.status?.overrides ?? [];
  return overrides.find((one) =>
    one.setting === setting && one.camera === camera && one.detector === detector
  ) ?? null;
}

/** @param {Element} element */
function isNear(element) {
  const { top, bottom } = element.getBoundingClientRect();
  return top < innerHeight + MARGIN_PX && bottom > -MARGIN_PX;
}

/**
 * Whether an element is on the screen.
 * @param {import("preact").RefObject<HTMLDivElement | null>} ref
 */
function useVisible(ref) {
  const [visible, setVisible] = useState(false);
  // Before it is drawn, so that what is on the screen at first is asked for at once.
  useLayoutEffect(() => {
    let intersects = ref.current !== null && isNear(ref.current);
    const decide = () => setVisible(intersects && !document.hidden);
    const observer = new IntersectionObserver((entries) => {
      intersects = entries.at(-1)?.isIntersecting ?? false;
      decide();
    }, { rootMargin: `${MARGIN_PX}px` });
    decide();
    if (ref.current !== null) observer.observe(ref.current);
    document.addEventListener("visibilitychange", decide);
    return () => {
      observer.disconnect();
      document.removeEventListener("visibilitychange", decide);
    };
  }, [ref]);
  return visible;
}

/**
 * @param {{
 *   store: Store,
 *   camera: Camera,
 *   scene: Scene,
 *   children?: import("preact").ComponentChildren,
 * }} props
 */
export function Picture({ store, camera, scene, children }) {
  /** @type {import("preact").RefObject<HTMLDivElement | null>} */
  const frame = useRef(null);
  /** @type {import("preact").RefObject<HTMLCanvasElement | null>} */
  const canvas = useRef(null);
  const visible = useVisible(frame);
  const [shown, setShown] = useState(/** @type {Shown | null} */ (null));
  const [inferences, setInferences] = useState(/** @type {readonly Inference[]} */ ([]));

  useLayoutEffect(() => {
    if (!visible) return;
    const feed = new PictureFeed(camera.id, store, ({ bitmap, ...picture }) => {
      draw(canvas.current, bitmap);
      setShown(picture);
      setInferences(picture.seq === null ? [] : store.inferencesOf(camera.id, picture.seq));
    });
    return () => feed.stop();
  }, [visible, camera.id, store]);
  useEffect(() => {
    const seq = shown?.seq ?? null;
    if (seq === null) return;
    // What was inferred may come after its picture.
    return store.onInference(camera.id, (inference) => {
      if (inference.frame.seq === seq) setInferences(store.inferencesOf(camera.id, seq));
    });
  }, [store, camera.id, shown?.seq]);

  const size = sizeOf(camera);
  const height = heightOf(size);
  const { occupancy } = camera.presence;
  // It stays as it is from one picture to the next.
  const scenery = useMemo(() => {
    const occupied = new Set(occupancy.filter((one) => one.occupied).map(({ zone }) => zone));
    return html`<${Scenery} scene=${scene} height=${height} occupied=${occupied} />`;
  }, [scene, height, occupancy]);
  const isLive = camera.state === "online";
  return html`
    <div ref=${frame} class=${classes("picture", !isLive && "old")}
      style=${{ aspectRatio: `${size.width} / ${size.height}` }}
      data-seq=${shown?.seq ?? ""}>
        <canvas ref=${canvas} role="img"
          aria-label=${describe(camera, inferences)}></canvas>
        <svg class="drawing" viewBox=${`0 0 ${WIDTH} ${height}`} aria-hidden="true">
          ${scenery}
          ${shown !== null && !shown.boxed && html`<${Boxes} inferences=${inferences} />`}
        </svg>
        ${shown === null &&
          html`<p class="empty">${isLive ? "Waiting for a picture…" : "No picture"}</p>`}
        <${Age} store=${store} capturedAtMs=${shown?.capturedAtMs ?? null} isLive=${isLive} />
        ${children}
      </div>
  `;
}

/** @param {{ store: Store, capturedAtMs: number | null, isLive: boolean }} props */
function Age({ store, capturedAtMs, isLive }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), AGE_MS);
    return () => clearInterval(timer);
  }, []);
  if (capturedAtMs === null) return null;
  const ms = store.nowMs() - capturedAtMs;
  return html`
    <span class=${classes("age", (!isLive || ms > 3_000) && "late")}
      title="Time since the camera captured this picture">${ageText(ms)}</span>
  `;
}

/**
 * @param {HTMLCanvasElement | null} canvas
 * @param {ImageBitmap} bitmap
 */
function draw(canvas, bitmap) {
  if (canvas !== null) {
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
    }
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
  }
  bitmap.close();
}

/**
 * The picture in words.
 * @param {Camera} camera
 * @param {readonly Inference[]} inferences
 */
function describe({ id, state, presence }, inferences) {
  if (state !== "online") return `The last picture of camera ${id}`;
  const whole = presence.occupancy.find(({ zone }) => zone === "all");
  const names = inferences.flatMap(({ detections }) => detections.map((one) => one.class));
  const seen = whole === undefined ? names.join(", ") : Object.entries(whole.counts)
    .filter(([, count]) => count > 0).map(([name, count]) => `${count} ${name}`).join(", ");
  return `Live picture of camera ${id}: ${seen === "" ? "nothing detected" : seen}`;
}
