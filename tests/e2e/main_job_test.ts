/** The main job: a real camera, a real broker, the bundled model, the shipped permissions. */
import assert from "node:assert/strict";
import { RtspServer } from "../support/cameras/rtsp_server.ts";
import { TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { assertReportCloses } from "../support/product/report.ts";
import { type InferenceMessage, inferences, Schemas } from "../support/brokers/messages.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { Rig } from "../support/product/rig.ts";
import {
  CommandLines,
  PASSWORD,
  PASSWORD_ENCODED,
  tracesIn,
  USER,
} from "../support/product/secrecy.ts";

const MESSAGES = 15;

/** Both demuxers do the same job, and report the same. */
const DEMUXERS = ["orion", "libav"] as const;

function assertMessages(messages: readonly InferenceMessage[]): void {
  let before = -1;
  for (const { camera, detector, frame, roi, timing } of messages) {
    assert.deepEqual([camera, detector, roi], ["gate", "person", null]);
    assert.deepEqual([frame.width, frame.height], [1280, 720]);
    // The camera's own clock, once its first sender report has arrived.
    assert.ok(frame.clock === "arrival" || frame.clock === "rtcp", frame.clock);
    assert.ok(frame.seq > before, `seq rises: ${frame.seq} after ${before}`);
    assert.ok((timing["totalMs"] ?? -1) >= (timing["inferenceMs"] ?? 0));
    before = frame.seq;
  }
  assert.ok(messages.some(({ detections }) => detections.length === 2), "both people are detected");
}

/** The whole job of a service with one camera, from its first message to its end. */
async function assertMainJob(demuxer: typeof DEMUXERS[number]): Promise<void> {
  const auth = { user: USER, password: PASSWORD };
  await using commandLines = new CommandLines();
  await using camera = await RtspServer.start({ clip: TWO_PEOPLE_CLIP, auth });
  const url = `rtsp://${USER}:\${GATE_PASSWORD}@${new URL(camera.url).host}/stream1`;
  await using rig = await Rig.start({
    config: [
      `cameras: [{ id: gate, url: "${url}", demuxer: ${demuxer} }]`,
      "detectors: [{ id: person, model: builtin:person, rateHz: 5, classes: [person] }]",
    ].join("\n"),
    env: { GATE_PASSWORD: PASSWORD_ENCODED },
  });
  const schemas = new Schemas();
  await rig.firstInference("gate");
  await rig.subscriber.waitFor(
    () => inferences(rig.subscriber.messages, schemas).length >= MESSAGES,
    { what: `${MESSAGES} inference messages` },
  );

  const messages = inferences(rig.subscriber.messages, schemas);
  assertMessages(messages);
  const status = rig.subscriber.messages.find(({ topic }) => topic === "orion/test/status");
  assert.equal(status?.json?.["state"], "online");
  schemas.validate("orion.status.1", status.json);
  const health = await rig.subscriber.waitFor(({ topic }) => topic === "orion/test/health");
  schemas.validate("orion.health.1", health.json);

  assert.equal((await rig.get("/healthz")).status, 200);
  assert.deepEqual(await rig.get("/readyz"), { status: 200, body: { status: "ready" } });
  const report = await rig.get("/status");
  assert.equal(report.status, 200);
  schemas.validate("orion.health.1", report.body);
  const [seen] = assertReportCloses(report.body).cameras;
  // Network figures exist where Orion itself speaks RTSP.
  assert.equal(seen?.network?.transport, demuxer === "orion" ? "tcp" : undefined);

  const picture = await fetch(`${rig.httpUrl}/cameras/gate/snapshot.jpg`);
  assert.deepEqual([...(await picture.bytes()).subarray(0, 3)], [0xff, 0xd8, 0xff], "a JPEG");

  assert.equal(await rig.stop(), 0);
  assert.equal(await rig.orion.groupAlive(), false, "nothing is left behind");
  const said: Readonly<Record<string, string>> = {
    "command lines": commandLines.of(rig.orion).join("\n"),
    log: rig.orion.stderr.text(),
    topics: rig.subscriber.messages.map(({ topic, payload }) => `${topic} ${payload}`).join("\n"),
    report: JSON.stringify(report.body),
  };
  assert.match(said["command lines"] ?? "", /main\.ts/);
  for (const [place, text] of Object.entries(said)) assert.deepEqual(tracesIn(text), [], place);
  assert.equal(rig.orion.stdout.text(), "", "standard output carries only the requested output");
}

/** A camera that is switched on after Orion. */
async function assertLateCamera(demuxer: typeof DEMUXERS[number]): Promise<void> {
  const { port } = await (async () => {
    await using gone = await RtspServer.start({ clip: TWO_PEOPLE_CLIP });
    return { port: gone.port };
  })();
  const url = `rtsp://viewer:hunter22@127.0.0.1:${port}/stream1`;
  await using rig = await Rig.start({
    config: [
      `cameras: [{ id: gate, url: "${url}", demuxer: ${demuxer} }]`,
      "detectors: [{ id: person, model: builtin:person-int8, rateHz: 5 }]",
    ].join("\n"),
  });
  const failed = await rig.orion.waitFor("camera.failed");
  assert.equal(failed["code"], "STREAM_REFUSED");
  assert.equal(failed["camera"], "gate");
  const offline = await rig.subscriber.waitFor(({ topic, json }) =>
    topic === "orion/test/cameras/gate/status" && json?.["state"] === "offline"
  );
  assert.equal(offline.json?.["reason"], "STREAM_REFUSED");
  const ready = await rig.get("/readyz");
  assert.equal(ready.status, 503);
  assert.match(JSON.stringify(ready.body), /camera gate: offline \(STREAM_REFUSED\)/);

  await using _back = await RtspServer.start({ clip: TWO_PEOPLE_CLIP, port });
  await rig.online("gate");
  await rig.firstInference("gate");
  assert.equal((await rig.get("/readyz")).status, 200);
  assert.equal(await rig.stop(), 0);
  assert.equal(rig.orion.stderr.text().includes("hunter22"), false);
}

for (const demuxer of DEMUXERS) {
  Deno.test({
    name:
      `main job: demuxer: ${demuxer}: an RTSP camera with a password gives inference messages that ` +
      "meet the contract, and the password appears nowhere",
    ignore: ignoreWithout("libav", "mosquitto", "gst-rtsp-server"),
    fn: () => assertMainJob(demuxer),
  });

  Deno.test({
    name: `main job: demuxer: ${demuxer}: an unreachable camera is reported, retried, and ` +
      "delivers once it is reachable",
    ignore: ignoreWithout("libav", "mosquitto", "gst-rtsp-server"),
    fn: () => assertLateCamera(demuxer),
  });
}
