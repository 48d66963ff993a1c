// @ts-check
/** How to add a camera: the greeting where there is none but the demo, at hand elsewhere. */
import { html } from "./html.js";
import { AddCamera } from "./setup.js";

/** @typedef {import("./store.js").Store} Store */

/**
 * Whether the demo runs, which is no camera of anyone's.
 * @param {Store} store
 */
export function isDemo(store) {
  return (store.status?.cameras ?? []).every(({ url }) => url.startsWith("demo:"));
}

/** @param {{ store: Store }} props */
export function Welcome({ store }) {
  const greets = isDemo(store);
  return html`
    <details class="welcome" open=${greets}>
      <summary><span>Add a camera</span>
          ${greets &&
            html`<span class="sub">this is the demo: its clip, its model, its own broker</span>`}</summary>
      <div class="steps">
        <div>
          <${AddCamera} store=${store} />
        </div>
        <p
          class="why">Why does this page not add it? Orion never writes its own configuration, and a new
            camera needs a new permission: the process may connect to the addresses in the configuration,
            and is refused every other. So it looks at a camera where it may, says what is missing where it
            may not, and gives the lines to write; the file stays yours.</p>
      </div>
    </details>
  `;
}
