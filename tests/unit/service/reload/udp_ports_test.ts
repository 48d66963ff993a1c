import assert from "node:assert/strict";
import fc from "fast-check";
import type { Settings } from "../../../../src/config/settings.ts";
import { keepUdpPorts } from "../../../../src/service/reload/udp_ports.ts";
import { settingsOf } from "../../../support/workers/service_parts.ts";

interface Camera {
  readonly id: string;
  readonly transport: "tcp" | "udp";
}

function settings(
  cameras: readonly Camera[],
  own: Readonly<Record<string, number>> = {},
): Settings {
  return settingsOf(JSON.stringify({
    cameras: cameras.map(({ id, transport }) => ({
      ...{ id, transport, url: "rtsp://192.0.2.1/s" },
      ...own[id] === undefined ? {} : { udpPort: own[id] },
    })),
    detectors: [],
  }));
}

const udp = (...ids: readonly string[]) => ids.map((id) => ({ id, transport: "udp" }) as const);

const portsOf = ({ cameras }: Settings) =>
  Object.fromEntries(cameras.map(({ id, udpPorts }) => [id, udpPorts?.[0] ?? null]));

Deno.test("reload: cameras keep their UDP ports, and new ones take free ones", () => {
  const before = settings(udp("gate", "yard", "shed"));
  assert.deepEqual(portsOf(before), { gate: 61_000, yard: 61_002, shed: 61_004 });
  const after = keepUdpPorts(before, settings(udp("door", "yard", "shed")));
  assert.deepEqual(portsOf(after), { door: 61_000, yard: 61_002, shed: 61_004 });
  const later = keepUdpPorts(after, settings(udp("shed", "yard", "door", "gate")));
  assert.deepEqual(portsOf(later), { shed: 61_004, yard: 61_002, door: 61_000, gate: 61_006 });
  const own = keepUdpPorts(later, settings(udp("shed", "yard"), { yard: 61_004 }));
  assert.deepEqual(
    portsOf(own),
    { shed: 61_000, yard: 61_004 },
    "the configuration's own count first",
  );
});

Deno.test("reload: no two cameras have the same UDP ports, and none loses its own", () => {
  const cameras = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e"), { minLength: 1 })
    .chain((ids) =>
      fc.tuple(
        ...ids.map((id): fc.Arbitrary<Camera> =>
          fc.record({ id: fc.constant(id), transport: fc.constantFrom("tcp", "udp") })
        ),
      )
    );
  fc.assert(
    fc.property(fc.array(cameras, { minLength: 2, maxLength: 5 }), ([first = [], ...others]) => {
      let inForce = settings(first);
      for (const next of others) {
        const known = portsOf(inForce);
        const kept = keepUdpPorts(inForce, settings(next));
        const ports = portsOf(kept);
        const used = Object.values(ports).filter((port) => port !== null);
        assert.equal(new Set(used).size, used.length);
        for (const { id, transport } of next) {
          assert.equal(ports[id] === null, transport === "tcp");
          if (transport === "udp" && (known[id] ?? null) !== null) {
            assert.equal(ports[id], known[id]);
          }
        }
        inForce = kept;
      }
    }),
    { numRuns: 60 },
  );
});
