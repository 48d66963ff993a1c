import type { Settings } from "../config/settings.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { healthApp } from "../health/http.ts";
import { type HealthServer, serveHealth } from "../health/http_server.ts";
import type { StaySource } from "../health/presence_view.ts";
import type { Reporter } from "./reporter.ts";
import type { Fleet } from "./workers/fleet.ts";

/** What the HTTP interface answers from. */
export interface HttpParts {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
  readonly reporter: Reporter;
  readonly fleet: Fleet;
  readonly stays: StaySource;
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
      snapshot: async (camera) => await fleet.cameras.get(camera)?.snapshot() ?? null,
      metrics: () => reporter.metrics(),
      presence: parts.stays,
    },
    token,
    log,
  );
  return serveHealth(app, { ...listen, clock, log });
}
