// @ts-check
/** The login, with the token of the configuration. */
/// <reference lib="dom" />
import { useEffect, useRef, useState } from "preact/hooks";
import { login } from "./api.js";
import { html } from "./html.js";
import { textOf } from "./store.js";

/** @typedef {import("./store.js").Store} Store */

/** @param {{ store: Store }} props */
export function Login({ store }) {
  /** @type {import("preact").RefObject<HTMLInputElement | null>} */
  const field = useRef(null);
  const [problem, setProblem] = useState(/** @type {string | null} */ (null));
  const [isBusy, setBusy] = useState(false);
  useEffect(() => field.current?.focus(), []);
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const refused = await login(field.current?.value ?? "");
      setProblem(refused);
      if (refused === null) await store.start();
    } catch (error) {
      setProblem(textOf(error));
    }
    setBusy(false);
  };
  return html`
    <main class="login">
      <form method="post" action="login" onSubmit=${send}>
        <img src="assets/icon.svg" alt="" width="48" height="48" />
        <h1>Orion</h1>
        <label for="token">Token</label>
        <input id="token" name="token" type="password" autocomplete="current-password" required
          ref=${field} aria-describedby="token-help" aria-invalid=${problem !== null} />
        <p id="token-help" class="sub">The value of <code>health.token</code> in the configuration.</p>
        <p class="problem" role="alert">${problem}</p>
        <button class="button primary" disabled=${isBusy}>Log in</button>
      </form>
    </main>
  `;
}
