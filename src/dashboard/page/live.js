// @ts-check
/** Every camera: its picture, its state in words, and who is there. */
import { html } from "./html.js";
import { OUTCOMES } from "./history.js";
import { Picture, sceneOf } from "./picture.js";
import { countsText, durationText, rateText, reasonWords, stateWord } from "./words.js";
import { isDemo, Welcome } from "./welcome.js";

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./store.js").Camera} Camera
 */

/** @param {{ store: Store }} props */
export function Live({ store }) {
  const cameras = store.status?.cameras ?? [];
  const online = cameras.filter(({ state }) => state === "online").length;
  const summary = `${cameras.length === 1 ? "1 camera" : `${cameras.length} cameras`}, ${
    online === cameras.length ? "all" : online
  } online`;
  const greets = isDemo(store);
  return html`
    <section class="view" aria-labelledby="view-title">
      <header class="view-head">
        <h1 id="view-title">Live</h1>
        <p class="sub">${summary}</p>
      </header>
      ${greets && html`<${Welcome} store=${store} />`}
      <div class=${`tiles n${Math.min(cameras.length, 3)}`}>
          ${cameras.map((camera) =>
            html`<${Tile} key=${camera.id} store=${store} camera=${camera} />`
          )}
        </div>
      ${!greets && html`<${Welcome} store=${store} />`}
    </section>
  `;
}

/** Three dots on a line, as many lit as the camera is near to being online. @param {{ state: Camera["state"] }} props */
export function Belt({ state }) {
  const lit = { offline: 0, connecting: 1, stalled: 2, online: 3 }[state];
  return html`<svg class=${`belt ${state}`} viewBox="0 0 26 16" aria-hidden="true">
    ${
    [0, 1, 2].map((dot) =>
      html`<circle class=${dot < lit ? "lit" : "unlit"} cx=${4 + dot * 9} cy=${
        12 - dot * 4
      } r="2.9" />`
    )
  }
  </svg>`;
}

/** @param {{ store: Store, camera: Camera }} props */
function Tile({ store, camera }) {
  const { id, state } = camera;
  const reason = reasonWords(camera);
  return html`<article class=${`tile ${state}`} aria-labelledby=${`tile-${id}`} data-camera=${id}>
    <header>
      <h2 id=${`tile-${id}`}>${id}</h2>
      <p class="state"><${Belt} state=${state} />
        <span>${stateWord(state)}${
    state === "online"
      ? ""
      : ` for ${durationText(Math.max(0, store.nowMs() - Date.parse(camera.since)) / 1000)}`
  }</span></p>
      <a class="button small" href=${`#aim/${id}`}>Aim<span class="hidden"> camera ${id}</span></a>
    </header>
    <${Picture} store=${store} camera=${camera} scene=${sceneOf(store, camera)} />
    ${
    reason !== null && html`<p class="reason"><strong>${reason.says}</strong> ${reason.remedy}
      <code>${reason.code}</code></p>`
  }
    <${Presence} camera=${camera} />
    <${Facts} store=${store} camera=${camera} />
  </article>`;
}

/** @param {{ camera: Camera }} props */
function Presence({ camera: { presence } }) {
  const { occupancy } = presence;
  if (occupancy.length === 0) return null;
  const whole = occupancy.find(({ zone }) => zone === "all");
  const zones = presence.zones.map(({ id }) => occupancy.find(({ zone }) => zone === id))
    .filter((one) => one !== undefined);
  return html`<ul class="who" aria-label="Who is there">
    ${
    whole !== undefined && html`<li class=${whole.occupied ? "on" : "off"}>
      ${countsText(whole.counts)}<span>in the picture</span></li>`
  }
    ${
    zones.map((one) =>
      html`<li class=${one.occupied ? "on zone" : "off zone"}>${countsText(one.counts)}
      <span>in ${one.zone}</span></li>`
    )
  }
  </ul>`;
}

/** @param {{ store: Store, camera: Camera }} props */
function Facts({ store, camera }) {
  const { id, codec, width, height, fps, ledger } = camera;
  const stream = [
    codec?.toUpperCase().replace("H26", "H.26") ?? null,
    width === null ? null : `${width} × ${height}`,
    fps === null ? null : `${rateText(fps)} pictures/s`,
  ].filter((one) => one !== null);
  return html`<p class="facts">
    ${stream.length > 0 && html`<span>${stream.join(" · ")}</span>`}
    ${
    ledger.detectors.map(({ detector, rateHz, paused }) => {
      const looked = store.history.recent(id, detector)?.rates[0];
      const asked = rateHz === null ? "as fast as it can" : `${rateText(rateHz)} asked`;
      const now = paused
        ? "paused"
        : looked === undefined
        ? asked
        : `${rateText(looked)}/s of ${asked}`;
      return html`<span title=${OUTCOMES[0]?.[2] ?? ""}><b>${detector}</b> ${now}</span>`;
    })
  }
  </p>`;
}
