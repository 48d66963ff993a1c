import assert from "node:assert/strict";
import type { CommandAnswer, ControlCommand } from "../../../../src/core/commands.ts";
import { type LogRecord, logTo } from "../../../../src/core/log.ts";
import { Redactor } from "../../../../src/core/redact.ts";
import {
  type Configuration,
  Controller,
  type ControllerParts,
  type ControlTarget,
} from "../../../../src/service/control/controller.ts";
import { HeldClock } from "../../../support/clocks/held_clock.ts";

const RULES = {
  root: "/opt/orion",
  folder: "/srv/models",
  realPath: (path: string) => Promise.resolve(path),
};

const PRESENCE = {
  ...{ start: { frames: 2, of: 3 }, endSeconds: 5, updateSeconds: 0, snapshot: "crop" } as const,
};

/** A controller over a target that records all calls. */
export function controllerRig(
  overridden: Partial<ControlTarget & Pick<ControllerParts, "status"> & Configuration> = {},
  allow: readonly ControlCommand["command"][] | null = null,
) {
  const { status, reload, exclude, ...overriddenTarget } = overridden;
  const configuration = {
    ...reload === undefined ? {} : { reload },
    ...exclude === undefined ? {} : { exclude },
  };
  const clock = new HeldClock();
  const done: unknown[] = [];
  const note = (name: string) => (...args: unknown[]) => void done.push([name, ...args]);
  const target: ControlTarget = {
    cameraIds: ["gate", "yard"],
    detectorCameras: new Map([["person", ["gate", "yard"]], ["car", ["yard"]]]),
    setPaused: note("setPaused"),
    setRate: note("setRate"),
    setConfidence: note("setConfidence"),
    setRoi: note("setRoi"),
    setMasks: note("setMasks"),
    setZones: note("setZones"),
    setLines: note("setLines"),
    setPresence: (detector, change) => {
      done.push(["setPresence", detector, change]);
      return { ...PRESENCE, ...change };
    },
    setModel: (detector, model) => {
      done.push(["setModel", detector, model]);
      return Promise.resolve();
    },
    snapshot: (camera, boxes) =>
      Promise.resolve(
        new TextEncoder().encode(`jpeg of ${camera}${boxes ? " with boxes" : ""}`).buffer,
      ),
    ...overriddenTarget,
  };
  const records: LogRecord[] = [];
  const log = logTo((record) => records.push(record));
  const redactor = new Redactor(["of-a-camera"]);
  const controller = new Controller({
    target,
    status: status ?? (() => Promise.resolve({ uptime: done.length })),
    shutdown: note("shutdown"),
    models: RULES,
    clock,
    log,
    allow: () => allow,
    configuration: {
      reload: () => Promise.resolve({ cameras: {} }),
      exclude: (act) => act(),
      ...configuration,
    },
    redactor,
  });
  let requests = 0;
  const send = async (command: ControlCommand, id: string | null = `id-${requests}`) => {
    const request = ++requests;
    const answers: CommandAnswer[] = [];
    await controller.execute({ request, id, command }, (answer) => {
      answers.push(answer);
      done.push("answered");
    });
    const [answer] = answers;
    assert.ok(answers.length === 1 && answer?.request === request, "one answer to each");
    return answer;
  };
  const code = async (command: ControlCommand) => {
    const { outcome } = await send(command);
    return "error" in outcome ? outcome.error.code : "ok";
  };
  const changes = () => done.filter((each) => each !== "answered");
  return { clock, changes, code, controller, done, records, send };
}
