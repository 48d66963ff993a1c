/** Messages of the camera `gate` as Orion publishes them. */
import type { HealthJson } from "../../../src/health/health_json.ts";
import type { Mosquitto } from "../brokers/mosquitto.ts";
import { retainFile } from "../brokers/retain.ts";
import { tempFolder } from "../system/files.ts";

/** The topic above all of the instance. */
export const P = "orion/lobby-1";

type Camera = HealthJson["cameras"][number];
type Mailbox = Camera["ledger"]["detectors"][number];
type WorkerHealth = HealthJson["workers"][number];

/** The part of the health that entities read. */
interface ShownHealth {
  readonly cameras: readonly (Pick<Camera, "id" | "fps"> & {
    readonly ledger: {
      readonly detectors: readonly Pick<Mailbox, "detector" | "rateHz" | "dropRate">[];
    };
  })[];
  readonly workers: readonly Pick<WorkerHealth, "detector" | "avgLatencyMs">[];
  readonly overrides: readonly unknown[];
}

/** The health with a rate of the detector, and settings that were changed. */
export function health(rateHz: number | null, overrides: readonly unknown[] = []): ShownHealth {
  const mailbox = { detector: "person", rateHz, dropRate: 0.8333 };
  return {
    cameras: [
      { id: "yard", fps: 1, ledger: { detectors: [] } },
      { id: "gate", fps: 25.02, ledger: { detectors: [{ ...mailbox, detector: "car" }, mailbox] } },
    ],
    workers: [
      { detector: "person", avgLatencyMs: 20 },
      { detector: "person", avgLatencyMs: 30.06 },
      { detector: "person", avgLatencyMs: null },
      { detector: "car", avgLatencyMs: 500 },
    ],
    overrides,
  };
}

/** The occupancy of a zone. */
export function occupancy(zone: string, counts: Readonly<Record<string, number>>): string {
  return JSON.stringify({
    schema: "orion.occupancy/1",
    camera: "gate",
    zone,
    occupied: Object.values(counts).some((count) => count > 0),
    counts,
    since: new Date().toISOString(),
  });
}

/** An event of a stay, with a picture. */
export function presence(id: string, type: string, current: readonly string[] = []): string {
  const now = new Date().toISOString();
  return JSON.stringify({
    ...{ schema: "orion.presence/1", instance: "lobby-1", camera: "gate", detector: "person" },
    ...{ class: "person", id, type, track: "g7f3-12", startedAt: now, seenAt: now, endedAt: null },
    ...{ dwellSeconds: 0.4, zones: { current, visited: current }, reason: null },
    best: {
      ...{ capturedAt: now, seq: 1041, confidence: 0.91 },
      ...{ box: { x: 1, y: 2, width: 3, height: 4 }, jpeg: "A".repeat(40_000) },
    },
    time: now,
  });
}

/** Publishes a picture as raw bytes. @returns them */
export async function publishPicture(broker: Mosquitto): Promise<Uint8Array> {
  using folder = tempFolder();
  const bytes = new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 0x10, 0x80, 0xc3, 0x28, 0xff, 0xd9]);
  await retainFile(broker, `${P}/pictures/gate/person`, folder.write("picture.jpg", bytes));
  return bytes;
}
