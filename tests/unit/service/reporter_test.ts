import assert from "node:assert/strict";
import { BrokerError } from "../../../src/core/errors.ts";
import { Redactor } from "../../../src/core/redact.ts";
import { logTo } from "../../../src/core/log.ts";
import { Metrics } from "../../../src/health/metrics.ts";
import { Figures } from "../../../src/service/figures.ts";
import { Reporter } from "../../../src/service/reporter.ts";
import { PresenceInForce } from "../../../src/service/workers/presence_in_force.ts";
import { PresenceJournal } from "../../../src/service/workers/presence_journal.ts";
import { LINE, occupancy, SETTINGS, started, ZONE } from "../../support/workers/presence_parts.ts";
import { settle } from "../../support/clocks/held_clock.ts";
import { FleetRig } from "../../support/workers/fleet_rig.ts";
import { captureReport, FAULT, inferred } from "../../support/workers/service_parts.ts";

const YAML = `
instance: lobby-1
cameras: [{ id: gate, url: "rtsp://viewer:hunter22@192.0.2.1/s" }]
detectors: [{ id: person, model: "builtin:person" }]
mqtt: { url: "mqtt://192.0.2.9", username: orion, password: hunter33 }
`;

async function reporting() {
  const rig = new FleetRig(YAML);
  await rig.start();
  const { message, ...rest } = FAULT;
  const error = new BrokerError({ ...rest, message: `${message}: hunter33` });
  const journal = new PresenceJournal();
  const presence = new PresenceInForce({
    detectors: [{ detector: "person", cameras: ["gate"], settings: SETTINGS }],
    scenes: [{ camera: "gate", zones: [ZONE], lines: [LINE] }],
  });
  const reporter = new Reporter({
    redactor: new Redactor(rig.settings.secrets()),
    clock: rig.clock,
    version: "1.2.3",
    fleet: rig.fleet,
    metrics: new Metrics(),
    droppedLogLines: () => 0,
    eventReaders: () => 0,
    broker: () => ({
      connected: false,
      sinceMs: rig.clock.wallMs(),
      error: error.toData(),
      protocol: null,
      reconnects: 0,
      problem: error.toData(),
    }),
    messages: () => ({}),
    presence,
    journal,
    threadsAbandoned: () => 2,
    landlockAbi: () => 7,
    overrides: () => [],
  });
  /** Lets the camera's thread answer each request for a report while `act` runs. */
  const answered = async <T>(act: () => Promise<T>): Promise<T> => {
    const result = act();
    const thread = rig.captures.newest();
    for (const { request } of thread.of("report")) {
      thread.emit({ kind: "report", request, report: captureReport(10) });
    }
    return await result;
  };
  return { rig, reporter, journal, presence, answered };
}

Deno.test("reporter: a report has the figures of all workers, and the messages of each pair", async () => {
  const { rig, reporter, answered } = await reporting();
  using _ports = rig;
  rig.inferences.newest().emit(inferred(7));
  reporter.countEmitted("gate", "person");
  reporter.countEmitted("gate", "person");
  await rig.clock.pass(90_000);
  const report = await answered(() => reporter.report());
  assert.deepEqual(
    [report.instance, report.version, report.uptimeSeconds, report.threadsAbandoned],
    ["lobby-1", "1.2.3", 90, 2],
  );
  const [camera] = report.cameras;
  assert.deepEqual([camera?.id, camera?.ledger.received], ["gate", 10]);
  assert.equal(camera?.ledger.detectors[0]?.inferencesEmitted, 2);
  const [worker] = report.workers;
  assert.deepEqual([worker?.id, worker?.state, worker?.framesProcessed], ["person-0", "ready", 1]);
});

Deno.test("reporter: a report has the settings of presence in force, the stays and the occupancy", async () => {
  const { rig, reporter, journal, presence, answered } = await reporting();
  using _ports = rig;
  journal.observe({ number: 1, event: started("A") });
  journal.observe({ number: 2, event: { kind: "occupancy", occupancy: occupancy("door", 1) } });
  const before = await answered(() => reporter.report());
  const [camera] = before.cameras;
  assert.deepEqual(camera?.presence.zones.map(({ id }) => id), ["door"]);
  assert.deepEqual(camera?.presence.occupancy.map(({ counts }) => counts), [{ person: 1 }]);
  assert.deepEqual(camera?.presence.stays.map(({ open }) => open), [1]);
  assert.deepEqual(before.detectors, [{
    ...{ id: "person", cameras: ["gate"], presence: SETTINGS },
    configured: { model: "builtin:person", rateHz: null, confidence: 0.45 },
  }]);
  const settings = { ...SETTINGS, endSeconds: 9 };
  presence.change({ kind: "settings", detector: "person", settings });
  presence.change({ kind: "scene", scene: { camera: "gate", zones: [], lines: [] } });
  const after = await answered(() => reporter.report());
  assert.equal(after.detectors[0]?.presence?.endSeconds, 9);
  const { zones, lines, occupancy: areas } = after.cameras[0]?.presence ?? {};
  assert.deepEqual([zones, lines, areas], [[], [], []]);
});

Deno.test("reporter: neither the broker's error nor an address holds a secret", async () => {
  const { rig, reporter, answered } = await reporting();
  using _ports = rig;
  const report = await answered(() => reporter.report());
  assert.equal(report.broker.error?.message, "it is broken: [redacted]");
  assert.doesNotMatch(JSON.stringify(report), /hunter/);
});

Deno.test("reporter: it is ready with a broker, frames of every camera, and a worker of every detector", async () => {
  const { rig, reporter, answered } = await reporting();
  using _ports = rig;
  rig.inferences.newest().fail(FAULT);
  const reasons = await answered(() => reporter.unreadiness());
  assert.deepEqual(reasons, [
    "broker: FAULT: it is broken: [redacted]",
    "camera gate: no frame for more than 10 s",
    "detector person: worker person-0 is failed",
  ]);
});

Deno.test("reporter: a report during which the configuration is read again is of the new one", async () => {
  const { rig, reporter } = await reporting();
  using _ports = rig;
  const other = YAML.replace("}]", '}, { id: yard, url: "rtsp://192.0.2.2/s" }]');
  const prepared = await rig.fleet.prepare(rig.next(other));
  const reported = reporter.report();
  prepared.commit();
  rig.fleet.cameras.get("yard")?.abandon();
  const gate = rig.captures.newest("capture-gate");
  let isOver = false;
  void reported.then(() => isOver = true);
  for (let answers = 0; !isOver; await settle()) {
    for (const { request } of gate.of("report").slice(answers)) {
      answers++;
      gate.emit({ kind: "report", request, report: captureReport(10) });
    }
  }
  const { cameras } = await reported;
  assert.deepEqual(cameras.map(({ id }) => id), ["gate", "yard"]);
});

Deno.test("figures: another interval counts from when it is set, and not from the next report", async () => {
  const { rig, reporter, answered } = await reporting();
  using _ports = rig;
  const { clock } = rig;
  let { settings } = rig;
  let reports = 0;
  const figures = new Figures({
    ...{ clock, log: logTo(() => undefined), metrics: new Metrics(), hasPresence: () => true },
    fleet: {
      get settings() {
        return settings;
      },
      ...{ hasPair: () => true, worker: () => null },
    },
    reporter: {
      parts: () => answered(() => reporter.parts()),
      ...{ countEmitted: () => undefined, forget: () => undefined },
    },
    onHealth: () => reports++,
  });
  settings = { ...settings, health: { ...settings.health, statsIntervalSeconds: 3600 } };
  await figures.report();
  settings = rig.settings;
  figures.restartInterval();
  for (const expected of [2, 3]) {
    await clock.pass(10_000);
    await settle();
    assert.equal(reports, expected);
  }
  figures.stop();
  assert.deepEqual(clock.waitsMs, [], "the former timer is gone");
});
