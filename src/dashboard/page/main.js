// @ts-check
/** Starts the page. */
/// <reference lib="dom" />
import { h, render } from "preact";
import { App } from "./app.js";
import { Store } from "./store.js";

const store = new Store();
document.addEventListener("visibilitychange", () => {
  if (document.hidden) store.pause();
  else store.resume();
});
const place = document.getElementById("app");
if (place !== null) {
  place.replaceChildren();
  render(h(App, { store }), place);
}
void store.start();
