/** The running service under mutated commands: each has one answer, and detection goes on. */
import assert from "node:assert/strict";
import { COMMAND_NAMES } from "../../../src/core/commands.ts";
import { publishPacket, RawMqtt } from "../../support/brokers/raw_mqtt.ts";
import { Schemas } from "../../support/brokers/messages.ts";
import { asReport, assertReportCloses } from "../../support/product/report.ts";
import { ScriptedOrion } from "../../support/product/scripted.ts";
import { ignoreWithout } from "../../support/system/parts.ts";
import { commandPayload } from "../corpus/commands.ts";
import { fuzz, fuzzRuns, shownBytes } from "../runs.ts";

const RUNS = fuzzRuns(250);
const CONTROL = "orion/test/control";
const PUBACK = 4;
/** Inputs between two that wait for all answers. */
const BATCH = 50;
/** Inference messages of the other detector that must come after it all. */
const FURTHER = 3;
/** Those that change nothing for the other detector, and do not end the service. */
const ALLOWED = COMMAND_NAMES.filter((name) => name !== "shutdown" && name !== "pause");

const NAMED = { camera: "gate", detector: "victim" };

/** Frames that a detector has processed. */
function processedBy(detector: string, status: unknown): number {
  const { cameras } = asReport(status);
  const mailboxes = cameras.flatMap(({ ledger }) => ledger.detectors);
  return mailboxes.find((each) => each.detector === detector)?.processed ?? NaN;
}

Deno.test({
  name: "commands fuzz: the running service answers each message once, and detection goes on",
  ignore: ignoreWithout("libav", "mosquitto"),
  async fn() {
    await using run = await ScriptedOrion.start({
      config: [
        'cameras: [{ id: gate, url: "demo:", loop: true }]',
        `control: { allow: [${ALLOWED.join(", ")}] }`,
      ].join("\n"),
      detectors: [{ id: "good", script: "sleep-5" }, { id: "victim", script: "sleep-5" }],
    });
    await run.further("good", 1);
    const before = processedBy("good", await run.status());
    using client = await RawMqtt.open(run.broker.port);
    assert.equal(await client.login({ clientId: "fuzz" }), 0);
    const acks = () => run.subscriber.messages.filter(({ topic }) => topic === `${CONTROL}/ack`);
    let sent = 0;
    await fuzz({
      name: "commands to the service",
      seed: 13_501,
      runs: RUNS,
      input: (random) => commandPayload(random, NAMED),
      shown: shownBytes,
      async check(bytes) {
        sent++;
        await client.send(
          publishPacket({ topic: CONTROL, payload: bytes, qos: 1, id: sent % 65_000 + 1 }),
        );
        await client.receiveType(PUBACK);
        if (sent % BATCH !== 0 && sent !== RUNS) return;
        const count = sent;
        await run.subscriber.waitFor(() => acks().length >= count, { what: `answer ${count}` });
      },
    });
    const schemas = new Schemas();
    const codes = new Set<unknown>();
    for (const { json } of acks()) {
      schemas.validate("orion.ack.1", json);
      const error = json?.["error"];
      codes.add(typeof error === "object" && error !== null && "code" in error ? error.code : "ok");
    }
    assert.equal(acks().length, sent);
    for (const code of ["ok", "CONTROL_MALFORMED", "CONTROL_NOT_JSON", "CONTROL_UNKNOWN_COMMAND"]) {
      assert.ok(codes.has(code), `no answer is ${code}: ${[...codes].join(", ")}`);
    }
    await run.further("good", FURTHER);
    const report = assertReportCloses(await run.status());
    assert.ok(processedBy("good", report) >= before + FURTHER);
    for (const { restarts } of report.workers) assert.equal(restarts, 0);
  },
});
