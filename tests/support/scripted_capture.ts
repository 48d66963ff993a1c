/**
 * A capture worker that is Orion's own, but fails as its camera's name says. Each thread does so anew;
 * the number is the seconds after which it does, any other camera is sound.
 *
 *     throw-2     throws                                loop-2      JavaScript that never returns
 *     native-2    a native call that never returns      deaf-2      the same when it is asked for a frame
 */
import { systemClock } from "../../src/core/clock.ts";
import type { FromCapture, ToCapture } from "../../src/core/messages.ts";
import { serve } from "../../src/core/worker_entry.ts";
import { Capture } from "../../src/stream/capture.ts";
import { neverReturn } from "./never_returns.ts";

serve<ToCapture, FromCapture>((link) => {
  const capture = new Capture(link, systemClock);
  let isDeaf = false;
  const fault = (what: string | undefined) => {
    if (what === "throw") throw new TypeError("nobody catches this");
    if (what === "native") neverReturn();
    if (what === "deaf") isDeaf = true;
    while (what === "loop") { /* for ever */ }
  };
  return (message) => {
    if (message.kind === "start") {
      const [what, seconds] = message.source.camera.split("-");
      if (seconds !== undefined) setTimeout(() => fault(what), Number(seconds) * 1000);
    }
    if (message.kind !== "attach") return capture.handle(message);
    const port = listened(message.port, () => isDeaf && neverReturn());
    return capture.handle({ ...message, port });
  };
});

/** A port in place of another one: what arrives there is passed on once `before` has returned. */
function listened(outer: MessagePort, before: () => void): MessagePort {
  const { port1, port2 } = new MessageChannel();
  const transfers = ({ data }: MessageEvent): Transferable[] =>
    data.buffer instanceof ArrayBuffer ? [data.buffer] : [];
  outer.onmessage = (event) => {
    before();
    port1.postMessage(event.data, transfers(event));
  };
  port1.onmessage = (event) => outer.postMessage(event.data, transfers(event));
  return port2;
}
