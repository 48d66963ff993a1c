import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import type { Fleet } from "../workers/fleet.ts";
import { observeFleet } from "../workers/watched.ts";
import { FrameWatch } from "./frame_watch.ts";
import type { ServiceLimits } from "./limits.ts";
import type { Supervisor } from "./supervisor.ts";
import { Watchdog } from "./watchdog.ts";

/** Watches the workers of a fleet, and whether its cameras deliver frames. */
export function fleetWatchdog({ clock, log, limits, fleet, supervisor }: {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: ServiceLimits;
  readonly fleet: Fleet;
  readonly supervisor: Supervisor;
}): Watchdog {
  const frames = new FrameWatch({
    clock,
    log,
    onChange: (camera, reason) => fleet.cameras.get(camera)?.record.setMissingFrames(reason),
  });
  return new Watchdog({
    settings: () => fleet.settings.watchdog,
    clock,
    modelLoadLimitMs: limits.modelLoadLimitMs,
    observe: () => {
      frames.retain(fleet.cameras);
      return observeFleet(fleet);
    },
    onSilent: (worker, error) => supervisor.replace(worker, error),
    onCameras: (cameras) => frames.inspect(cameras),
  });
}
