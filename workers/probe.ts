/** The thread of one probe: a camera that is not configured yet. */
import type { FromProbe, ToProbe } from "../src/core/probe_types.ts";
import { serve } from "../src/core/worker_entry.ts";
import { probeInThread } from "../src/service/probe/thread.ts";

serve<ToProbe, FromProbe>((link) => (message) => probeInThread(message, link));
