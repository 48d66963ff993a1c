/** Orion's own publisher, which fails at the answer to a command for the camera {@link KILL}. */
import "../../../workers/publisher.ts";
import { KILL } from "./kill_publisher.ts";

globalThis.addEventListener("message", (event) => {
  if (!(event instanceof MessageEvent) || event.data.kind !== "answer") return;
  if (JSON.stringify(event.data).includes(KILL)) throw new TypeError("uncaught");
});
