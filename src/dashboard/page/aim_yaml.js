// @ts-check
/** The lines that make what was changed stay, to be copied into the configuration. */
/// <reference lib="dom" />
import { useRef, useState } from "preact/hooks";
import { html } from "./html.js";
import { overrideOf } from "./picture.js";
import { cameraYaml, detectorYaml } from "./yaml.js";

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./store.js").Camera} Camera
 * @typedef {import("./aim_shapes.js").Scene} Scene
 */

/** The lines of the configuration. @param {{ store: Store, camera: Camera, scene: Scene }} props */
export function Lines({ store, camera, scene }) {
  return html`<section class="card yaml" aria-label="Lines for the configuration">
    <h2>For the configuration</h2>
    <p class="sub">Changes here last until Orion stops: it never writes its own file. These lines make them
      stay.</p>
    <${Yaml} label=${`below - id: ${camera.id}, in cameras`} text=${
    cameraYaml(scene)
  } name="camera" />
    ${
    store.detectorsOf(camera.id).map(({ id, configured }) => {
      const rate = overrideOf(store, { setting: "rateHz", camera: camera.id, detector: id });
      const confidence = overrideOf(store, { setting: "confidence", camera: null, detector: id });
      if (rate === null && confidence === null) return null;
      const text = detectorYaml({
        rateHz: rate?.value ?? configured.rateHz,
        confidence: confidence?.value ?? configured.confidence,
      });
      return html`<${Yaml} label=${`below - id: ${id}, in detectors`} text=${text} name=${id} />`;
    })
  }
  </section>`;
}

/** @param {{ label: string, text: string, name: string }} props */
function Yaml({ label, text, name }) {
  /** @type {import("preact").RefObject<HTMLPreElement | null>} */
  const block = useRef(null);
  const [says, setSays] = useState("");
  if (text === "") return html`<p class="sub none">Nothing is drawn.</p>`;
  const copy = async () =>
    setSays(await copied(text, block.current) ? "Copied" : "Marked: press Ctrl+C");
  return html`
    <figure class="block">
      <figcaption>${label}</figcaption>
      <pre ref=${block} tabindex="0" data-yaml=${name}>${text}</pre>
      <button type="button" class="button small" onClick=${copy}>Copy YAML</button>
      <span role="status">${says}</span>
    </figure>
  `;
}

/**
 * Copies a text; without a secure address a page may not, and the text is marked instead.
 * @param {string} text
 * @param {HTMLElement | null} block
 */
async function copied(text, block) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Neither `https:` nor this machine, or refused by the browser.
    if (block !== null) getSelection()?.selectAllChildren(block);
    return false;
  }
}
