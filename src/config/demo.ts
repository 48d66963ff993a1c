/** The demo: the bundled clip, the bundled model, the embedded broker. */

/** The address that it listens on, for MQTT and for HTTP. */
export const DEMO_HOST = "127.0.0.1";

/** Where it listens: the usual port first, then those that it takes when that one is taken. */
export const DEMO_PORTS = {
  broker: [1883, 1884, 1885, 1886, 1887, 1888, 1889],
  http: [8080, 8081, 8082, 8083, 8084, 8085, 8086],
} as const;

/** The ports of one demo. */
export interface DemoPorts {
  readonly broker: number;
  readonly http: number;
}

/** What a configuration would say that had just this. */
export function demoConfig(ports: DemoPorts): unknown {
  return {
    cameras: [{ id: "demo", url: "demo:" }],
    detectors: [{ id: "person", model: "builtin:person", rateHz: 5, classes: ["person"] }],
    mqtt: { listen: `${DEMO_HOST}:${ports.broker}` },
    health: { listen: `${DEMO_HOST}:${ports.http}` },
  };
}

/** That a demo is not where its documentation looks for it. */
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
 * The first port of each kind that is free; where all are taken, the usual one, which is then said to be.
 *
 * The process that computes the permissions may ask for all of them. The one that works may listen on
 * those alone that were chosen, and so comes to the same choice.
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
