/** One worker of a detector: frames in through one port per camera, results out. */
import { systemClock } from "../src/core/clock.ts";
import type { FromInference, ToInference } from "../src/core/messages.ts";
import { serve } from "../src/core/worker_entry.ts";
import { Detector } from "../src/inference/detector.ts";
import { ModelSession } from "../src/inference/session.ts";

serve<ToInference, FromInference>(({ post, failed, log }) => {
  const detector = new Detector({
    clock: systemClock,
    log,
    failed,
    post: (message) => post(message),
    load: (options) => ModelSession.load(options),
  });
  return (message) => detector.handle(message);
});
