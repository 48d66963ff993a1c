/** One probe in a thread of its own, behind the kernel's wall. */
import { ThreadWall } from "../../confinement/thread_wall.ts";
import { systemClock } from "../../core/clock.ts";
import type { FromProbe, ToProbe } from "../../core/probe_types.ts";
import type { WorkerLink } from "../../core/worker_entry.ts";
import { encodeJpeg } from "../../libav/jpeg.ts";
import { SystemCalls } from "../../libav/system_calls.ts";
import { MAX_LIVE_PX } from "../../stream/live_jpeg.ts";
import { jpegPart, wholePart } from "../../stream/stay_jpeg.ts";
import { probe } from "./probe.ts";

/**
 * Opens a camera's stream, measures it, and posts what it found with a first picture.
 * @throws {OrionError} why it cannot be opened, or has no frame
 */
export async function probeInThread(
  { url, libraries, confinement }: ToProbe,
  { log, post }: WorkerLink<FromProbe>,
): Promise<void> {
  let picture = new ArrayBuffer(0);
  using walls = new DisposableStack();
  const result = await probe({
    ...{ url, file: null, demuxer: "orion", transport: "tcp", track: null, tls: null },
    ...{ udpPorts: null, libraries, clock: systemClock, random: Math.random },
    async onOpened() {
      const open = (library: string) => new SystemCalls(library);
      walls.use(await ThreadWall.raise(confinement, { log, open }));
    },
    onFrame(libav, frame, view) {
      const part = jpegPart(wholePart(view, MAX_LIVE_PX), { view, masks: [] });
      picture = encodeJpeg(libav, frame, view, part);
    },
  });
  post({ kind: "probed", result, picture }, [picture]);
}
