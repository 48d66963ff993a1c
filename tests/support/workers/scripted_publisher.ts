/**
 * Orion's own publisher, which dies at an answer that names {@link KILL}: of a command for a camera of
 * that name, which there is not.
 */
import "../../../workers/publisher.ts";
import { KILL } from "./kill_publisher.ts";

globalThis.addEventListener("message", (event) => {
  if (!(event instanceof MessageEvent) || event.data.kind !== "answer") return;
  if (JSON.stringify(event.data).includes(KILL)) throw new TypeError("nobody catches this");
});
