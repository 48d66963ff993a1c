/**
 * A capture worker that is Orion's own, but fails as its camera's name says. Each thread does so anew;
 * the number is the seconds after which it does, any other camera is sound.
 *
 *     throw-2     throws                                loop-2      JavaScript that never returns
 *     native-2    a native call that never returns      deaf-5      the same, for the fifth frame that
 *                                                                   it is asked for
 *     step-1      throws one second after the wall clock was stepped
 */
import { systemClock } from "../../../src/core/clock.ts";
import type { FromCapture, ToCapture } from "../../../src/core/messages.ts";
import { serve } from "../../../src/core/worker_entry.ts";
import { Capture } from "../../../src/stream/capture.ts";
import { neverReturn } from "../streams/never_returns.ts";

serve<ToCapture, FromCapture>((link) => {
  const capture = new Capture(link, systemClock);
  let takesLeft = Infinity;
  const onTake = () => {
    if (--takesLeft === 0) neverReturn();
  };
  return (message) => {
    if (message.kind === "start") {
      const [what, number] = message.source.camera.split("-");
      if (what === "deaf") takesLeft = Number(number);
      else if (number !== undefined) failLater(what, Number(number));
    }
    if (message.kind !== "attach") return capture.handle(message);
    return capture.handle({ ...message, port: listened(message.port, onTake) });
  };
});

/** How often it is looked whether the wall clock was stepped, and from how much on it was. */
const LOOK_MS = 50;
const STEP_MS = 60_000;

function failLater(what: string | undefined, seconds: number): void {
  if (what === "step") return afterStep(() => failLater("throw", seconds));
  setTimeout(() => fault(what), seconds * 1000);
}

function fault(what: string | undefined): void {
  if (what === "throw") throw new TypeError("nobody catches this");
  if (what === "native") neverReturn();
  while (what === "loop") { /* for ever */ }
}

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

function afterStep(then: () => void): void {
  const aheadMs = () => Date.now() - performance.now();
  const atFirstMs = aheadMs();
  const timer = setInterval(() => {
    if (Math.abs(aheadMs() - atFirstMs) < STEP_MS) return;
    clearInterval(timer);
    then();
  }, LOOK_MS);
}
