/** The thread of one camera: packets in, frames out. */
import { systemClock } from "../src/core/clock.ts";
import type { FromCapture, ToCapture } from "../src/core/messages.ts";
import { serve } from "../src/core/worker_entry.ts";
import { Capture } from "../src/stream/capture.ts";

serve<ToCapture, FromCapture>((link) => {
  const capture = new Capture(link, systemClock);
  return (message) => capture.handle(message);
});
