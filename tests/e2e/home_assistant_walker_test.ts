/** One distant walker whose detection flickers, as Home Assistant shows it. */
import assert from "node:assert/strict";
import { wallMs } from "../../src/core/clock.ts";
import { occupancyPayload } from "../../src/mqtt/presence_payloads.ts";
import { Mosquitto } from "../support/brokers/mosquitto.ts";
import { retain } from "../support/brokers/retain.ts";
import { HomeAssistant } from "../support/home_assistant/home_assistant.ts";
import { P } from "../support/home_assistant/messages.ts";
import { homeAssistantPlan, presencePlan } from "../support/home_assistant/plans.ts";
import { isRecord } from "../support/home_assistant/socket.ts";
import { person, PresenceRig, standing } from "../support/presence/rig.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { publisherPlan, publisherWorker } from "../support/workers/publisher_worker.ts";

const OCCUPANCY = "binary_sensor.lobby_1_gate_person";
const FRAME_BY_FRAME = "binary_sensor.frame_by_frame";

const FRAME_MS = 200;
/** Frames with the walker above the confidence, then without, and so on: 45 s at 5 Hz. */
const RUNS: readonly number[] = [
  ...[9, 4, 12, 6, 5, 11, 14, 3, 2, 9, 17, 5, 3, 8, 11, 2, 6, 12],
  ...[13, 7, 4, 5, 9, 10, 3, 1, 5, 13, 2, 4, 6, 4],
];

/** Whether each frame shows the walker. */
function frames(): boolean[] {
  return RUNS.flatMap((length, index) => Array<boolean>(length).fill(index % 2 === 0));
}

/** The occupancy of the walker from presence, as JSON texts, in the order of time. */
async function occupancies(): Promise<string[]> {
  const rig = new PresenceRig();
  let x = 200;
  for (const isSeen of frames()) {
    await rig.pass(FRAME_MS);
    x += 2;
    const walker = standing(x, 300, 45);
    rig.see(isSeen ? { detections: [person(walker, 0.5)] } : { weak: [] });
  }
  for (let frame = 0; frame < 50; frame++) {
    await rig.pass(FRAME_MS);
    rig.see();
  }
  return rig.ledger.events.flatMap((event) =>
    event.kind === "occupancy" ? [JSON.stringify(occupancyPayload(event.occupancy))] : []
  );
}

/** An entity that shows each frame, as earlier versions did. */
function frameByFrame(): string {
  return JSON.stringify({
    ...{ name: "Frame by frame", unique_id: "frames", state_topic: "frames" },
    device_class: "occupancy",
  });
}

/** How often an entity became on or off. */
function changes(home: HomeAssistant, entity: string): number {
  return home.socket.events.filter(({ data }) =>
    isRecord(data) && data["entity_id"] === entity && isRecord(data["new_state"]) &&
    ["on", "off"].includes(String(data["new_state"]["state"])) &&
    (!isRecord(data["old_state"]) || data["old_state"]["state"] !== data["new_state"]["state"])
  ).length;
}

Deno.test({
  name: "home assistant: a distant walker who flickers changes the occupancy three times at most",
  ignore: ignoreWithout("home-assistant", "mosquitto"),
  async fn() {
    await using broker = await Mosquitto.start();
    using worker = publisherWorker(`127.0.0.1:${broker.port}`);
    const homeAssistant = homeAssistantPlan("gate");
    // Occupancy comes from the test's own presence, whose time the test controls.
    const presence = { ...presencePlan(["gate"]), scenes: [] };
    worker.send({ kind: "start", plan: { ...publisherPlan(broker.url), homeAssistant, presence } });
    const status = { camera: "gate", state: "online", sinceMs: wallMs(0) } as const;
    worker.send({ kind: "camera", status: { ...status, reason: null, reconnects: 0 } });
    await retain(broker, "homeassistant/binary_sensor/frames/config", frameByFrame());
    await using home = await HomeAssistant.start();
    await home.addMqtt(broker.port);
    await home.waitFor(
      "the entities",
      (states) => states.has(FRAME_BY_FRAME) && states.has("button.lobby_1_gate_snapshot"),
    );
    await retain(broker, `${P}/occupancy/gate/all`, '{"occupied":false,"counts":{}}');
    await retain(broker, "frames", "OFF");
    await home.waitForState(OCCUPANCY, "off");
    await home.waitForState(FRAME_BY_FRAME, "off");
    await home.command("subscribe_events", { event_type: "state_changed" });

    for (const isSeen of frames()) await broker.publish("frames", isSeen ? "ON" : "OFF");
    for (const text of await occupancies()) await retain(broker, `${P}/occupancy/gate/all`, text);
    await retain(broker, `${P}/cameras/gate/detect`, "ON");
    await home.waitForEvents(
      "the switch, after all others",
      (events) =>
        events.some((event) => JSON.stringify(event).includes("switch.lobby_1_gate_detect")),
    );
    assert.equal(changes(home, FRAME_BY_FRAME), RUNS.length);
    const smoothed = changes(home, OCCUPANCY);
    assert.ok(smoothed >= 2 && smoothed <= 3, `${smoothed} changes`);
    await home.waitForState(OCCUPANCY, "off");
    worker.send({ kind: "stop" });
    await worker.waitFor(({ kind }) => kind === "stopped");
  },
});
