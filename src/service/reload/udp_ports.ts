import { type CameraSettings, type Settings, udpPorts } from "../../config/settings.ts";

type Ports = NonNullable<CameraSettings["udpPorts"]>;

/**
 * The settings of a configuration that is read again, with the local UDP ports that its cameras have. The
 * configuration gives each camera ports by its place in the list: without this, a camera that is added or
 * removed before another one would end that one's connection, and could take its ports.
 */
export function keepUdpPorts(before: Settings, after: Settings): Settings {
  const former = portsByPlace(before);
  const wanted = portsByPlace(after);
  const taken = new Set<number>();
  const take = (ports: Ports) => ports.forEach((port) => taken.add(port));
  const isFree = (ports: Ports) => !ports.some((port) => taken.has(port));
  for (const { id, udpPorts } of after.cameras) {
    if (udpPorts !== null && !wanted.has(id)) take(udpPorts);
  }
  const given = new Map<string, Ports>();
  for (const id of wanted.keys()) {
    const ports = former.get(id);
    if (ports === undefined || !isFree(ports)) continue;
    take(ports);
    given.set(id, ports);
  }
  for (const id of wanted.keys()) {
    if (given.has(id)) continue;
    let place = 0;
    while (!isFree(udpPorts(place))) place += 1;
    take(udpPorts(place));
    given.set(id, udpPorts(place));
  }
  const cameras = after.cameras.map((camera) => {
    const ports = given.get(camera.id);
    return ports === undefined ? camera : { ...camera, udpPorts: ports };
  });
  return { ...after, cameras };
}

/** The cameras whose ports come from their place in the list, and not from `udpPort`. */
function portsByPlace({ cameras }: Settings): ReadonlyMap<string, Ports> {
  return new Map(
    cameras.flatMap(({ id, udpPorts: ports, hasOwnUdpPort }) =>
      ports === null || hasOwnUdpPort ? [] : [[id, ports] as const]
    ),
  );
}
