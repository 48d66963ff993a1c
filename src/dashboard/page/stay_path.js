// @ts-check
/** Where an object was while it stayed: over the picture of the stay, or over an empty one. */
import { html } from "./html.js";
import { heightOf, pointsText, Scenery, WIDTH } from "./overlay.js";
import { sceneOf, sizeOf } from "./picture.js";
import { pathWords } from "./words.js";

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./api.js").Stay} Stay
 */

/** No zone is marked: who was in one is not known of the past. */
const NONE = new Set();

/**
 * The path of a stay; nothing where it is not known, or its camera is not configured any more.
 * @param {{ store: Store, stay: Stay, jpeg: string | null }} props  jpeg: the whole picture, if there is one
 */
export function StayPath({ store, stay, jpeg }) {
  const camera = store.status?.cameras.find(({ id }) => id === stay.camera);
  const [first] = stay.path;
  const last = stay.path.at(-1);
  if (camera === undefined || first === undefined || last === undefined) return null;
  const size = sizeOf(camera);
  const height = heightOf(size);
  const isHere = stay.endedAt === null;
  return html`
    <figure class="path">
      <div class="picture" style=${{ aspectRatio: `${size.width} / ${size.height}` }}>
          ${jpeg !== null && html`<img src=${jpeg} loading="lazy" alt="" />`}
          <svg class="drawing" viewBox=${`0 0 ${WIDTH} ${height}`} role="img"
            aria-label=${`The way of this ${stay.class} through the picture: ${
              pathWords(stay.path)
            }`}>
            ${jpeg === null &&
              html`<${Scenery} scene=${
                sceneOf(store, camera)
              } height=${height} occupied=${NONE} />`}
            <polyline class="halo" points=${pointsText(stay.path, height)} />
            <polyline class="way" points=${pointsText(stay.path, height)} />
            <circle class="came" cx=${first[0] * WIDTH} cy=${first[1] * height} r="11" />
            <circle class="went" cx=${last[0] * WIDTH} cy=${last[1] * height} r="15" />
          </svg>
        </div>
      <figcaption
        class="sub"><i class="swatch came"></i>where it came<i class="swatch went"></i>${isHere
          ? "where it was last seen"
          : "where it went"}</figcaption>
    </figure>
  `;
}
