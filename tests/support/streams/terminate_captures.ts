/**
 * Starts and terminates capture workers during their native calls, as often as the first argument says.
 * Exits with 0, unless the process crashes, as it may with `unpinned` as the second argument.
 */
import type { FromCapture, ToCapture } from "../../../src/core/messages.ts";
import { pinLibav } from "../../../src/libav/pin.ts";
import { locateLibav } from "../../../src/libav/locate.ts";
import { WORKER_ENTRIES } from "../../../src/service/workers/entries.ts";
import { sourceOf } from "../cameras/camera_source.ts";
import { TWO_PEOPLE_CLIP } from "../system/files.ts";

/** A worker is terminated within this: the time of some frames, or of opening a clip. */
const MAX_LIFE_MS = 60;

const CONFINEMENT = {
  required: false,
  read: [TWO_PEOPLE_CLIP],
  devices: [],
  ports: [],
  resolves: false,
};

/** Runs one worker, and terminates it while it opens the clip, or while it plays it. */
async function runWorker(libraries: ReturnType<typeof locateLibav>, plays: boolean): Promise<void> {
  const worker = new Worker(WORKER_ENTRIES.capture, { type: "module" });
  const online = Promise.withResolvers<void>();
  worker.onmessage = ({ data }: MessageEvent<FromCapture>) => {
    if (data.kind === "state" && data.state === "online") online.resolve();
  };
  const start: ToCapture = {
    kind: "start",
    libraries,
    confinement: { ...CONFINEMENT, library: libraries.avutil },
    source: sourceOf({ url: TWO_PEOPLE_CLIP, file: TWO_PEOPLE_CLIP, loop: true, decode: "all" }),
  };
  worker.postMessage(start);
  if (plays) await online.promise;
  await new Promise((resolve) => setTimeout(resolve, Math.random() * MAX_LIFE_MS));
  worker.terminate();
}

if (import.meta.main) {
  const [times = "40", how] = Deno.args;
  const libraries = locateLibav();
  if (how !== "unpinned") pinLibav(libraries);
  for (let i = 0; i < Number(times); i++) await runWorker(libraries, i % 2 === 0);
  Deno.exit(0);
}
