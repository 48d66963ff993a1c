// @ts-check
/** Where a value comes from. */
import { html } from "./html.js";
import { timeText } from "./words.js";

/**
 * Whether a value is the configuration's, and if not, the way back.
 * @param {{ since: string | null, onRestore: (() => void) | null, what: string }} props
 */
export function Source({ since, onRestore, what }) {
  if (since === null) return html`<span class="source">configuration</span>`;
  const restore = html`<button type="button" class="link" onClick=${onRestore}>restore<span
      class="hidden"> ${what}</span></button>`;
  return html`
    <span class="source changed">changed ${timeText(since)}</span>${onRestore !== null && restore}
  `;
}
