/** The demo: the bundled clip, the bundled model, the embedded broker. */

/** The listen address for MQTT and HTTP. */
export const DEMO_HOST = "127.0.0.1";

/** Ports to listen on: the default first, then the fallbacks. */
export const DEMO_PORTS = {
  broker: [1883, 1884, 1885, 1886, 1887, 1888, 1889],
  http: [8080, 8081, 8082, 8083, 8084, 8085, 8086],
} as const;

/** The ports that the demo listens on. */
export interface DemoPorts {
  readonly broker: number;
  readonly http: number;
}

/** The equivalent configuration. */
export function demoConfig(ports: DemoPorts): unknown {
  return {
    cameras: [{ id: "demo", url: "demo:" }],
    detectors: [{ id: "person", model: "builtin:person", rateHz: 5, classes: ["person"] }],
    mqtt: { listen: `${DEMO_HOST}:${ports.broker}` },
    health: { listen: `${DEMO_HOST}:${ports.http}` },
  };
}

/** Warns when the demo does not listen on the documented ports. */
export function demoWarnings(ports: DemoPorts): string[] {
  const moved = (what: string, [usual]: readonly [number, ...number[]], port: number) =>
    port === usual
      ? []
      : [`${DEMO_HOST}:${usual} is taken: the demo's ${what} is on ${DEMO_HOST}:${port}`];
  return [
    ...moved("MQTT broker", DEMO_PORTS.broker, ports.broker),
    ...moved("HTTP server", DEMO_PORTS.http, ports.http),
  ];
}

/**
 * Chooses the first free port of each kind; where all are taken, the default one, so that the error
 * names it.
 *
 * The process that computes the permissions may listen on all of them. The one that runs is granted the
 * chosen ones only, and so makes the same choice.
 *
 * @param isFree  null for a port that may not be listened on
 */
export function chooseDemoPorts(isFree: (port: number) => boolean | null): DemoPorts {
  const choose = (ports: readonly [number, ...number[]]) => {
    const [usual] = ports;
    let permitted: number | null = null;
    for (const port of ports) {
      const free = isFree(port);
      if (free === true) return port;
      if (free === false) permitted ??= port;
    }
    return permitted ?? usual;
  };
  return { broker: choose(DEMO_PORTS.broker), http: choose(DEMO_PORTS.http) };
}
