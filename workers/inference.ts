/** One worker of a detector: frames in through one port per camera, results out. */
import { ThreadWall } from "../src/confinement/thread_wall.ts";
import { systemClock } from "../src/core/clock.ts";
import type { FromInference, ToInference } from "../src/core/messages.ts";
import { serve } from "../src/core/worker_entry.ts";
import { Detector } from "../src/inference/detector.ts";
import { ModelSession } from "../src/inference/session.ts";
import { OpenVinoEngine } from "../src/openvino/engine.ts";
import { SystemCalls } from "../src/libav/system_calls.ts";

serve<ToInference, FromInference>(({ post, failed, log }) => {
  const detector = new Detector({
    clock: systemClock,
    log,
    failed,
    post: (message) => post(message),
    load: (options) =>
      ModelSession.load({
        ...options,
        openInOpenVino: (...model) => new OpenVinoEngine(...model),
      }),
    async confine(confinement) {
      const open = (library: string) => new SystemCalls(library);
      using wall = await ThreadWall.raise(confinement, { log, open });
      return wall.state;
    },
  });
  return (message) => detector.handle(message);
});
