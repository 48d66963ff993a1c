// @ts-check
/** Lines that people copy into a file or a terminal. */
/// <reference lib="dom" />
import { useRef, useState } from "preact/hooks";
import { html } from "./html.js";

/**
 * A text to be copied; `copies` is what its button says.
 * @param {{ label: string, text: string, name: string, copies?: string }} props
 */
export function CopyBlock({ label, text, name, copies = "Copy YAML" }) {
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
      <button type="button" class="button small" onClick=${copy}>${copies}</button>
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
