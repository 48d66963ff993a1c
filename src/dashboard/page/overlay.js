// @ts-check
/** What is drawn over a picture: boxes, zones, lines, masks and the region of interest. */
import { html } from "./html.js";

/**
 * @typedef {import("./store.js").Inference} Inference
 * @typedef {import("./store.js").Detection} Detection
 * @typedef {import("./aim_shapes.js").Scene} Scene
 * @typedef {import("./aim_shapes.js").Point} Point
 * @typedef {{ width: number, height: number }} Size
 */

/** Coordinates of the drawing: as wide as this, whatever the picture has, so that texts keep their size. */
export const WIDTH = 1000;

/** @param {Size} size */
export function heightOf({ width, height }) {
  return (WIDTH * height) / width;
}

/**
 * @param {readonly Point[]} points
 * @param {number} height
 */
export function pointsText(points, height) {
  return points.map(([x, y]) => `${x * WIDTH},${y * height}`).join(" ");
}

/**
 * Detections as brackets at the corners of their boxes: what is inside stays visible.
 * @param {{ inferences: readonly Inference[] }} props
 */
export function Boxes({ inferences }) {
  return inferences.flatMap(({ detector, frame, detections }) =>
    detections.map((detection, index) =>
      html`
        <${Box} key=${`${detector}/${detection.track ?? index}`} size=${frame}
          detection=${detection} />
      `
    )
  );
}

/** @param {{ detection: Detection, size: Size }} props */
function Box({ detection, size }) {
  const scale = WIDTH / size.width;
  const { box, confidence, track } = detection;
  const [x, y] = [box.x * scale, box.y * scale];
  const [width, height] = [box.width * scale, box.height * scale];
  const label = `${detection.class} ${Math.round(confidence * 100)} %`;
  const short = track === null || track === undefined ? "" : ` · ${track.split("-").at(-1)}`;
  return html`
    <g class="box" data-class=${detection.class} data-track=${track ?? ""}
      data-box=${[box.x, box.y, box.width, box.height].join(" ")}>
      <path class="halo" d=${brackets(x, y, width, height)} />
      <path class="edge" d=${brackets(x, y, width, height)} />
      <text x=${x} y=${y > 34 ? y - 9 : y + height + 27}>${label}${short}</text>
    </g>
  `;
}

/**
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 */
function brackets(x, y, width, height) {
  const arm = Math.max(6, Math.min(34, width / 3.2, height / 3.2));
  const [right, bottom] = [x + width, y + height];
  return `M${x} ${y + arm}V${y}H${x + arm}M${right - arm} ${y}H${right}V${y + arm}` +
    `M${right} ${bottom - arm}V${bottom}H${right - arm}M${x + arm} ${bottom}H${x}V${bottom - arm}`;
}

/**
 * Region, masks, zones and lines.
 * @param {{ scene: Scene, height: number, occupied: ReadonlySet<string> }} props
 */
export function Scenery({ scene, height, occupied }) {
  const { roi, masks, zones, lines } = scene;
  return html`
    ${roi !== null && html`
      <path class="outside" fill-rule="evenodd"
        d=${`M0 0H${WIDTH}V${height}H0ZM${roi.x * WIDTH} ${roi.y * height}` +
          `h${roi.width * WIDTH}v${roi.height * height}h${-roi.width * WIDTH}Z`} />
    `}
    ${masks.map((points) => html`<polygon class="mask" points=${pointsText(points, height)} />`)}
    ${zones.map(({ id, polygon }) =>
      html`
        <g class=${occupied.has(id) ? "zone occupied" : "zone"}>
          <polygon points=${pointsText(polygon, height)} />
          <${Label} points=${polygon} height=${height} text=${id} />
        </g>
      `
    )}
    ${lines.map((line) => html`<${LineShape} line=${line} height=${height} />`)}
  `;
}

/** @param {{ points: readonly Point[], height: number, text: string }} props */
function Label({ points, height, text }) {
  const x = Math.min(...points.map(([one]) => one)) * WIDTH;
  const y = Math.max(...points.map(([, one]) => one)) * height;
  return html`<text x=${x + 8} y=${y - 9}>${text}</text>`;
}

/** @param {{ line: Scene["lines"][number], height: number }} props */
function LineShape({ line: { id, from, to }, height }) {
  const [x1, y1] = [from[0] * WIDTH, from[1] * height];
  const [x2, y2] = [to[0] * WIDTH, to[1] * height];
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  // Towards the left of a walk from one end to the other; the picture's y points down.
  const [nx, ny] = [(y2 - y1) / length, -(x2 - x1) / length];
  const [mx, my] = [(x1 + x2) / 2, (y1 + y2) / 2];
  return html`
    <g class="line">
      <path d=${`M${x1} ${y1}L${x2} ${y2}M${mx} ${my}l${nx * 18} ${ny * 18}`} />
      <text x=${mx + nx * 30 + 6} y=${my + ny * 30}>${id}</text>
    </g>
  `;
}
