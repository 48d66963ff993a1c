import type { Settings } from "../config/settings.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { withPage } from "../dashboard/routes.ts";
import type { EventFeed } from "../health/events_route.ts";
import { healthApp } from "../health/http.ts";
import { type HealthServer, serveHealth } from "../health/http_server.ts";
import type { StaySource } from "../health/presence_view.ts";
import type { Controller } from "./control/controller.ts";
import { httpControl } from "./control/http_control.ts";
import type { Reporter } from "./reporter.ts";
import type { CameraSetup } from "./probe/setup.ts";
import type { Fleet } from "./workers/fleet.ts";

/** What the HTTP interface answers from. */
export interface HttpParts {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
  readonly reporter: Reporter;
  readonly fleet: Fleet;
  readonly stays: StaySource;
  readonly events: EventFeed;
  readonly controller: Pick<Controller, "execute">;
  readonly setup: Pick<CameraSetup, "look">;
}

/**
 * Starts the HTTP interface.
 * @returns null when it is off
 * @throws OrionError `HTTP_LISTEN` when the address is not available
 */
export function startHttp(parts: HttpParts): HealthServer | null {
  const { settings: { instance, health: { listen, token } }, clock, log, reporter, fleet } = parts;
  if (listen === null) return null;
  const app = healthApp(
    {
      instance,
      report: () => reporter.report(),
      unreadiness: () => reporter.unreadiness(),
      metrics: () => reporter.metrics(),
      presence: parts.stays,
      pictures: {
        snapshot: async (camera, boxes) =>
          fleet.cameras.has(camera) ? await fleet.snapshot(camera, boxes) : null,
        watch: (camera, boxes) => fleet.live.watch(camera, boxes),
      },
      events: parts.events,
      control: httpControl({ clock, log, controller: parts.controller }),
      setup: (request) => parts.setup.look(request),
    },
    { token, log, clock },
  );
  return serveHealth(withPage(app), { ...listen, clock, log });
}
