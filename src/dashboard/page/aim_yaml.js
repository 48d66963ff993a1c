// @ts-check
/** The lines that make what was changed stay, to be copied into the configuration. */
import { CopyBlock } from "./copy_block.js";
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
    <${CopyBlock} label=${`below - id: ${camera.id}, in cameras`} text=${
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
      return html`<${CopyBlock} label=${`below - id: ${id}, in detectors`} text=${text} name=${id} />`;
    })
  }
  </section>`;
}
