/** The HTTP interface over a fixed report. */
import { type Clock, steadyMs, systemClock, wallMs } from "../../../src/core/clock.ts";
import { OrionError } from "../../../src/core/errors.ts";
import { logTo } from "../../../src/core/log.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { Control } from "../../../src/health/control_route.ts";
import type { EventFeed } from "../../../src/health/events_route.ts";
import { healthApp } from "../../../src/health/http.ts";
import type { PictureSource } from "../../../src/health/live_routes.ts";
import { serveHealth } from "../../../src/health/http_server.ts";
import { healthJson } from "../../../src/health/health_json.ts";
import type { Setup } from "../../../src/health/probe_route.ts";
import type { StaySource } from "../../../src/health/presence_view.ts";
import { healthReport } from "../../../src/health/report.ts";
import { WAIT_TIMEOUT_MS } from "../../support/system/lines.ts";

const REPORT = healthJson(healthReport({
  instance: "lobby-1",
  version: "0.1.0",
  startedAtMs: wallMs(0),
  uptimeMs: 0,
  nowMs: steadyMs(0),
  timeMs: wallMs(0),
  broker: {
    url: "mqtt://127.0.0.1",
    embedded: true,
    connected: true,
    sinceMs: wallMs(0),
    error: null,
    protocol: 5,
    reconnects: 0,
    problem: null,
    messages: {},
  },
  cameras: [],
  detectors: [],
  workers: [],
  threadsAbandoned: 0,
  confinement: { landlock: "auto", abi: 7 },
  overrides: [],
  droppedBefore: new Map(),
}));

/** Camera "gate" has a snapshot, "dark" has no frame, others do not exist. */
export function snapshot(camera: string): Promise<ArrayBuffer | null> {
  if (camera === "gate") return Promise.resolve(new Uint8Array([0xff, 0xd8]).buffer);
  if (camera !== "dark") return Promise.resolve(null);
  return Promise.reject(
    new OrionError({ code: "STREAM_NO_PICTURE", message: "none", retryable: true, remedy: "wait" }),
  );
}

/** Snapshots alone: none is watched. */
const NO_LIVE: PictureSource = { snapshot, watch: () => null };

/** Neither stays nor pictures. */
export const NO_STAYS: StaySource = { stays: () => [], picture: () => null };

/** Two cameras, and no events. */
export const NO_EVENTS: EventFeed = {
  hasCamera: (camera) => camera === "gate" || camera === "dark",
  open: () => {
    const { promise, resolve } = Promise.withResolvers<null>();
    return { take: () => promise, close: () => resolve(null) };
  },
};

/** An address is answered with lines that are none. */
export const ANY_SETUP: Setup = () =>
  Promise.resolve({
    ...{ schema: "orion.setup/1", address: "rtsp://192.0.2.10:554", yaml: "", file: null },
    ...{ stream: null, picture: null, problem: null, flags: [], variable: null },
    commands: { probe: "", check: "", run: "" },
  });

/** Every command is carried out. */
export const ANY_COMMAND: Control = () => Promise.resolve({ status: "ok", error: null });

/** The routes. */
export function app(
  token: Secret | null,
  reasons: string[] = [],
  {
    presence = NO_STAYS,
    pictures = NO_LIVE,
    events = NO_EVENTS,
    control = ANY_COMMAND,
    setup = ANY_SETUP,
    clock = systemClock,
  }: {
    readonly presence?: StaySource;
    readonly pictures?: PictureSource;
    readonly events?: EventFeed;
    readonly control?: Control;
    readonly setup?: Setup;
    readonly clock?: Clock;
  } = {},
) {
  return healthApp(
    {
      instance: REPORT.instance,
      report: () => Promise.resolve(REPORT),
      unreadiness: () => Promise.resolve(reasons),
      pictures,
      metrics: () => Promise.resolve({ text: "orion_mqtt_up 1\n", contentType: "text/plain" }),
      ...{ presence, events, control, setup },
    },
    { token, clock, log: logTo(() => undefined) },
  );
}

export const log = logTo(() => undefined);

/** Serves it on a free port, or on a given one. */
export const serve = (served: ReturnType<typeof app>, port = 0) =>
  serveHealth(served, { hostname: "127.0.0.1", port, clock: systemClock, log });

/** Serves it on a socket while `use` runs. */
export async function served(
  token: Secret | null,
  use: (url: string) => Promise<void>,
): Promise<void> {
  const server = serve(app(token));
  try {
    await use(server.url);
  } finally {
    await server.close(new Promise(() => undefined));
  }
}

/** Sends bytes unchanged, and returns the first bytes of the response; empty when there is none. */
export async function raw(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  // Closing the connection makes the read throw when no response comes.
  let open = true;
  const close = () => {
    if (open) connection.close();
    open = false;
  };
  const limit = setTimeout(close, WAIT_TIMEOUT_MS);
  try {
    await connection.write(new TextEncoder().encode(request));
    const buffer = new Uint8Array(4096);
    const count = await connection.read(buffer) ?? 0;
    return new TextDecoder().decode(buffer.subarray(0, count));
  } finally {
    clearTimeout(limit);
    close();
  }
}
