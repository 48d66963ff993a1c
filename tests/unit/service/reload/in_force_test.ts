import assert from "node:assert/strict";
import type { Override } from "../../../../src/service/control/overrides.ts";
import { settingsChange } from "../../../../src/service/reload/diff.ts";
import { overrideInForce, replanInForce } from "../../../../src/service/reload/in_force.ts";
import { PresenceInForce } from "../../../../src/service/workers/presence_in_force.ts";
import { replanOf } from "../../../../src/service/workers/start_messages.ts";
import { LINE, ZONE } from "../../../support/workers/presence_parts.ts";
import { settingsOf } from "../../../support/workers/service_parts.ts";

const BEFORE = `
cameras: [{ id: gate, url: "rtsp://192.0.2.1/s" }, { id: yard, url: "rtsp://192.0.2.2/s" }]
detectors:
  - { id: person, model: "builtin:person", rateHz: 5, presence: { endSeconds: 5 } }
  - { id: car, model: "builtin:person", cameras: [yard] }
`;

/** What commands have changed before another configuration is read. */
function changed(after: string) {
  const settings = settingsOf(after);
  const change = settingsChange(settingsOf(BEFORE), settings);
  const inForce = new PresenceInForce(replanOf(settingsOf(BEFORE)).presence);
  inForce.change({ kind: "scene", scene: { camera: "gate", zones: [ZONE], lines: [LINE] } });
  const configured = inForce.settings("person");
  assert.ok(configured !== null);
  inForce.change({
    kind: "settings",
    detector: "person",
    settings: { ...configured, endSeconds: 7, updateSeconds: 2 },
  });
  const paused = { camera: "yard", detector: "person", paused: true };
  inForce.change({ kind: "paused", ...paused });
  return { settings, change, inForce };
}

const override = (
  setting: Override["setting"],
  camera: string | null,
  detector: string | null,
): Override => ({ setting, camera, detector, value: 1, since: "" });

/** Which of the changes by command are in force after a configuration was read. */
function kept(after: string): string[] {
  const { settings, change, inForce } = changed(after);
  inForce.replan(replanInForce(settings, change, inForce).presence);
  const all = [
    ...(["roi", "masks", "zones", "lines"] as const).map((each) => override(each, "gate", null)),
    override("rateHz", "gate", "person"),
    override("paused", "yard", "person"),
    override("confidence", null, "person"),
    override("model", null, "person"),
    override("presence", null, "person"),
    override("confidence", null, "car"),
  ];
  return all.filter((each) => overrideInForce(each, settings, change, inForce) !== null)
    .map(({ setting, detector }) => detector === "car" ? "car" : setting);
}

Deno.test("reload: a key that the configuration changes takes its value, all other changes by command stay", () => {
  const all = [
    ...["roi", "masks", "zones", "lines", "rateHz", "paused", "confidence", "model"],
    ...["presence", "car"],
  ];
  const without = (...gone: readonly string[]) => all.filter((each) => !gone.includes(each));
  const cases: readonly (readonly [from: string, to: string, kept: readonly string[]])[] = [
    ["", "", all],
    ['url: "rtsp://192.0.2.1/s"', 'url: "rtsp://192.0.2.1/t"', all],
    ["id: gate,", "id: gate, masks: [[[0,0],[1,0],[1,1]]],", without("masks")],
    ["id: gate,", "id: gate, lines: [{ id: a, from: [0,0], to: [1,1] }],", without("lines")],
    ["id: gate,", "id: gate, roi: { x: 0, y: 0, width: 1, height: 0.5 },", without("roi")],
    ["rateHz: 5", "rateHz: 6", without("rateHz")],
    ["id: person,", "id: person, confidence: 0.5,", without("confidence")],
    ['builtin:person", rateHz', 'builtin:person-int8", rateHz', without("model")],
    ["presence: { endSeconds: 5 }", "presence: { endSeconds: 6 }", all],
    [
      "presence: { endSeconds: 5 }",
      "presence: { endSeconds: 6, updateSeconds: 3 }",
      without("presence"),
    ],
    ["presence: { endSeconds: 5 }", "presence: false", without("presence")],
    ["id: person,", "id: person, cameras: [gate],", without("paused")],
    [
      ', { id: yard, url: "rtsp://192.0.2.2/s" }]',
      ', { id: yard, url: "rtsp://192.0.2.2/s" }]',
      all,
    ],
    ['  - { id: car, model: "builtin:person", cameras: [yard] }\n', "", without("car")],
  ];
  for (const [from, to, expected] of cases) {
    assert.ok(BEFORE.includes(from), from);
    assert.deepEqual(kept(BEFORE.replace(from, to)), expected, to);
  }
});

Deno.test("reload: the plan of presence holds what is in force", () => {
  const { settings, change, inForce } = changed(
    BEFORE.replace("endSeconds: 5", "endSeconds: 6").replace(
      "id: gate,",
      "id: gate, lines: [{ id: a, from: [0,0], to: [1,1] }],",
    ),
  );
  const { presence } = replanInForce(settings, change, inForce);
  const [person] = presence.detectors;
  assert.deepEqual([person?.settings.endSeconds, person?.settings.updateSeconds], [6, 2]);
  const [gate] = presence.scenes;
  assert.deepEqual(gate?.zones, [ZONE], "by command");
  assert.deepEqual(gate?.lines.map(({ id }) => id), ["a"], "the configuration's");
  inForce.replan(presence);
  assert.deepEqual(inForce.changes.map(({ kind }) => kind), ["paused"], "the plan has all else");
});
