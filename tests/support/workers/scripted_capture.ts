/**
 * Orion's own capture worker, with the fault that its camera's name describes. The number is the seconds
 * until the fault, which occurs in every thread; a camera of another name has none.
 *
 *     throw-2     throws                                loop-2      JavaScript that never returns
 *     native-2    a native call that never returns      deaf-5      the same, at the fifth `take`
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
    return capture.handle({ ...message, port: intercepted(message.port, onTake) });
  };
});

/** How often the wall clock is checked for a step, and the size of a step. */
const CHECK_MS = 50;
const STEP_MS = 60_000;

function failLater(what: string | undefined, seconds: number): void {
  if (what === "step") return afterStep(() => failLater("throw", seconds));
  setTimeout(() => fault(what), seconds * 1000);
}

function fault(what: string | undefined): void {
  if (what === "throw") throw new TypeError("uncaught");
  if (what === "native") neverReturn();
  while (what === "loop") { /* for ever */ }
}

/** Wraps a port: a message that arrives is passed on after `before` has returned. */
function intercepted(outer: MessagePort, before: () => void): MessagePort {
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
  }, CHECK_MS);
}
