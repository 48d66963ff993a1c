// @ts-check
/** How to add a camera, where there is none but the demo. */
import { html } from "./html.js";

/** @typedef {import("./store.js").Store} Store */

const LINES = `cameras:
  - id: gate
    url: rtsp://viewer:\${GATE_PASSWORD}@192.0.2.10:554/stream1
`;

/** @param {{ store: Store }} props */
export function Welcome({ store }) {
  const cameras = store.status?.cameras ?? [];
  const isDemo = cameras.every(({ url }) => url.startsWith("demo:"));
  if (store.status === null || !isDemo) return null;
  return html`
    <details class="welcome" open=${cameras.length === 0}>
      <summary><span>Add a camera</span>
          <span class="sub">this is the demo: its clip, its model, its own broker</span></summary>
      <div class="steps">
        <ol>
          <li>
            <p>See what the address gives: codec, size, keyframes, tracks.</p>
            <pre tabindex="0">orion probe rtsp://viewer@192.0.2.10:554/stream1</pre>
          </li>
          <li>
            <p>Write three lines into <code>orion.yaml</code>, with your address. The password comes
              from the environment, and stays out of the file.</p>
            <pre tabindex="0">${LINES}</pre>
          </li>
          <li>
            <p>Check it, and start again.</p>
            <pre tabindex="0">orion check && orion run</pre>
          </li>
        </ol>
        <p
          class="why">Why can this page not do it? Orion never writes its own configuration, and a new camera needs
            a new permission: the process may connect to the addresses in the configuration, and the
            system refuses it every other. What you draw here is applied at once and can be copied as
            YAML; the file stays yours.</p>
      </div>
    </details>
  `;
}
