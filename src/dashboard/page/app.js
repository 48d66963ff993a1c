// @ts-check
/** The frame around the views: where one is, where one can go, and whether the service answers. */
/// <reference lib="dom" />
import { useEffect, useErrorBoundary, useState } from "preact/hooks";
import { logout } from "./api.js";
import { Login } from "./form.js";
import { html } from "./html.js";
import { Live } from "./live.js";
import { textOf, useChanges } from "./store.js";

/** @typedef {import("./store.js").Store} Store */

/** @type {readonly (readonly [id: string, name: string])[]} */
const VIEWS = [["live", "Live"], ["aim", "Aim"], ["stays", "Stays"], ["figures", "Figures"]];

/**
 * What a view is made of. The first one comes with the page, the others when they are opened, or once there is
 * time.
 * @type {Readonly<Record<string, () => Promise<import("preact").ComponentType<any>>>>}
 */
const LATER = {
  aim: async () => (await import("./aim.js")).Aim,
  stays: async () => (await import("./stays.js")).Stays,
  figures: async () => (await import("./figures.js")).Figures,
};
/** When that is, after the first view. */
const LATER_MS = 2_000;
/** @type {Map<string, import("preact").ComponentType<any>>} */
const known = new Map([["live", Live]]);

/**
 * The component of a view; null until it has come.
 * @param {string} view
 */
function useView(view) {
  const [, came] = useState("");
  const [problem, setProblem] = useState(/** @type {string | null} */ (null));
  useEffect(() => {
    if (known.has(view)) return;
    load(view).then(() => came(view), (error) => setProblem(textOf(error)));
  }, [view]);
  return { component: known.get(view) ?? null, problem };
}

/** @param {string} view */
async function load(view) {
  const component = await LATER[view]?.();
  if (component !== undefined) known.set(view, component);
}

/** Gets the other views before they are opened: the service may not answer then. */
function useOthers() {
  useEffect(() => {
    const timer = setTimeout(() => {
      // What fails now is tried again when the view is opened, and said then.
      for (const view of Object.keys(LATER)) load(view).catch(() => undefined);
    }, LATER_MS);
    return () => clearTimeout(timer);
  }, []);
}

/** The view and what it shows, from the address: `#aim/gate`. */
function useRoute() {
  const read = () => location.hash.slice(1).split("/").map(decoded);
  const [route, setRoute] = useState(read);
  useEffect(() => {
    const change = () => {
      setRoute(read());
      scrollTo(0, 0);
    };
    addEventListener("hashchange", change);
    return () => removeEventListener("hashchange", change);
  }, []);
  const [view = "", subject = null] = route;
  return { view: VIEWS.some(([id]) => id === view) ? view : "live", subject };
}

/**
 * A lone % stands for itself: people edit addresses.
 * @param {string} part
 */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (error instanceof URIError) return part;
    throw error;
  }
}

/** @param {{ store: Store }} props */
export function App({ store }) {
  useChanges(store);
  useOthers();
  const { view, subject } = useRoute();
  const name = VIEWS.find(([id]) => id === view)?.[1] ?? "";
  useEffect(() => {
    document.title = `${name} · ${store.status?.instance ?? "Orion"}`;
  }, [name, store.status?.instance]);
  if (store.phase === "login") return html`<${Login} store=${store} />`;
  return html`
    <a class="skip" href="#main" onClick=${toMain}>Skip to the content</a>
    <${Head} store=${store} view=${view} />
    <main id="main" tabindex="-1">
      ${store.away !== null && html`<p class="banner" role="status">No answer:
        ${store.away}. What is shown is old; the page tries again by itself.</p>`}
      ${store.status === null
        ? html`<p class="alone" role="status">Asking Orion…</p>`
        : html`<${View} key=${view} ...${{ store, view, subject }} />`}
    </main>
  `;
}

/**
 * One view. If it fails, the others can still be opened.
 * @param {{ store: Store, view: string, subject: string | null }} props
 */
function View({ store, view, subject }) {
  const [error] = useErrorBoundary((cause) => reportError(cause));
  const { component, problem } = useView(view);
  if (error !== undefined) {
    return html`
      <p class="alone" role="alert">This view cannot be shown: ${textOf(
        error,
      )}. Load the page again; if
        that persists, please report it: it is a defect in Orion.</p>
    `;
  }
  if (problem !== null) {
    return html`<p class="alone" role="alert">This view did not come: ${problem}</p>`;
  }
  if (component === null) return html`<p class="alone" role="status">One moment…</p>`;
  return html`<${component} store=${store} subject=${subject} />`;
}

/** The hash is the view's. @param {Event} event */
function toMain(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** @param {{ store: Store, view: string }} props */
function Head({ store, view }) {
  const { status } = store;
  const leave = async () => {
    await logout();
    store.logIn();
  };
  return html`
    <header class="head">
      <a class="brand" href="#live" aria-label="Orion, live view">
        <img src="assets/icon.svg" alt="" width="28" height="28" />
        <span>Orion</span>
      </a>
      <nav aria-label="Views">
          ${VIEWS.map(([id, name]) =>
            html`<a href=${`#${id}`} aria-current=${id === view ? "page" : undefined}>
          <svg viewBox="0 0 24 24" aria-hidden="true"><path d=${
              ICONS[id] ?? ""
            } /></svg>${name}</a>`
          )}
        </nav>
      <div class="where">
          ${status !== null && html`<span class="instance">${status.instance}</span>`}
          ${status !== null && html`<${Broker} broker=${status.broker} />`}
          ${store.tokenNeeded &&
            html`<button class="button small" type="button" onClick=${leave}>Log out</button>`}
        </div>
    </header>
  `;
}

/** @type {Readonly<Record<string, string>>} */
const ICONS = {
  live: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  aim: "M5 18 9 6l10 3-2 10zM5 18h0M9 6h0M19 9h0M17 19h0",
  stays: "M5 6h14M5 12h14M5 18h9",
  figures: "M4 19V5M4 19h16M8 15l3-5 3 3 5-7",
};

/** @param {{ broker: import("./api.js").Status["broker"] }} props */
function Broker({ broker }) {
  const problem = broker.error ?? broker.problem;
  const says = broker.connected && problem === null
    ? "broker connected"
    : broker.connected
    ? "broker: see Figures"
    : "broker not connected";
  return html`
    <span class=${broker.connected && problem === null ? "broker ok" : "broker bad"}
      title=${problem?.message ?? broker.url}>${says}</span>
  `;
}
