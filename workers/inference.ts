/** One worker of a detector: frames in through one port per camera, results out. */
import { assertNever } from "../src/core/assert.ts";
import { systemClock } from "../src/core/clock.ts";
import type { FromInference, ToInference } from "../src/core/messages.ts";
import { serve } from "../src/core/worker_entry.ts";
import { Detector } from "../src/inference/detector.ts";
import { ModelSession } from "../src/inference/session.ts";
import { takerPort } from "../src/inference/taker.ts";

serve<ToInference, FromInference>(({ post, log }) => {
  const detector = new Detector({
    clock: systemClock,
    log,
    post: (message) => post(message),
    load: (options) => ModelSession.load(options),
  });
  return async (message) => {
    switch (message.kind) {
      case "start":
        return await detector.start(message.plan);
      case "attach":
        return detector.attach(message.camera, takerPort(message.port));
      case "detach":
        return detector.detach(message.camera);
      case "confidence":
        return detector.setConfidence(message.confidence);
      case "stop":
        await detector.stop();
        return post({ kind: "stopped" });
      default:
        return assertNever(message);
    }
  };
});
