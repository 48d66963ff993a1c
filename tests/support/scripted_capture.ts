/**
 * A capture worker that is Orion's own, but fails as its camera's name says: `throw-2` throws after two
 * seconds, `loop-2` never returns from JavaScript, `step-1` throws one second after the wall clock was
 * stepped, any other camera is sound. Each thread does so anew.
 */
import { systemClock } from "../../src/core/clock.ts";
import type { FromCapture, ToCapture } from "../../src/core/messages.ts";
import { serve } from "../../src/core/worker_entry.ts";
import { Capture } from "../../src/stream/capture.ts";

serve<ToCapture, FromCapture>((link) => {
  const capture = new Capture(link, systemClock);
  return (message) => {
    if (message.kind === "start") failLater(message.source.camera);
    return capture.handle(message);
  };
});

/** How often it is looked whether the wall clock was stepped, and from how much on it was. */
const LOOK_MS = 50;
const STEP_MS = 60_000;

function failLater(camera: string): void {
  const [what, seconds] = camera.split("-");
  if (what === "step") return afterStep(() => failLater(`throw-${seconds}`));
  if (what !== "throw" && what !== "loop") return;
  setTimeout(() => {
    if (what === "throw") throw new TypeError("nobody catches this");
    for (;;) { /* for ever */ }
  }, Number(seconds) * 1000);
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
