/** `check`: validates models and connections with the permissions of the service. */
import assert from "node:assert/strict";
import { tempFolder, TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { Mosquitto } from "../support/brokers/mosquitto.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { freePort } from "../support/system/ports.ts";
import { runOrion } from "../support/product/process.ts";
import { RtspServer } from "../support/cameras/rtsp_server.ts";

/** An address for HTTP that no other test uses. */
const health = () => `\nhealth: { listen: "127.0.0.1:${freePort()}" }`;

/** Runs `check` on a configuration; returns its exit code and output. */
async function check(config: string, ...words: string[]) {
  using folder = tempFolder();
  const file = folder.write("orion.yaml", config);
  folder.write("words.onnx", "these are only words");
  return await runOrion(["check", "--config", file, ...words]);
}

Deno.test({
  name: "check: --connect opens every camera and the broker once, and prints their properties",
  ignore: ignoreWithout("libav", "mosquitto", "gst-rtsp-server"),
  async fn() {
    await using camera = await RtspServer.start({ clip: TWO_PEOPLE_CLIP });
    await using broker = await Mosquitto.start();
    await using listener = await broker.subscribe("#");
    const { code, stdout, stderr } = await check(
      `cameras: [{ id: gate, url: "${camera.url}" }, { id: clip, url: "file:${TWO_PEOPLE_CLIP}" }]\n` +
        `mqtt: { url: "${broker.url}" }${health()}`,
      "--connect",
    );
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^ok: model of person: builtin:person: (nanodet-g-int8\.onnx, int8|nanodet-g\.onnx, float32) \(int8 is .*\d times as fast as float32 here\), boxes and scores \([^)]*\), input auto, (640x384|544x320) at 16:9, 80 classes, runs on cpu$/m,
    );
    assert.match(stdout, /^ok: camera gate: h264 1280x720$/m);
    assert.match(stdout, /^ok: camera clip: h264 1280x720$/m);
    assert.match(stdout, /^ok: broker: mqtt:\/\/127\.0\.0\.1:\d+: speaks MQTT 5$/m);
    // What else it does at the broker: `check_broker_test.ts`.
    await listener.waitFor(({ topic }) => topic === "orion/orion/inferences/clip/person");
    assert.ok(listener.messages.every(({ topic }) => topic !== "orion/orion/control"));
  },
});

Deno.test({
  name:
    "check: an unreachable camera and an unreachable broker are one error each with a remedy, and 2",
  ignore: ignoreWithout("libav"),
  async fn() {
    const port = freePort();
    const { code, stderr } = await check(
      `cameras: [{ id: gate, url: "rtsp://viewer:hunter22@127.0.0.1:${port}/x" }]\n` +
        `mqtt: { url: "mqtt://orion:hunter33@127.0.0.1:${port}" }${health()}`,
      "--connect",
    );
    assert.equal(code, 2);
    const errors = stderr.split("\n").filter((line) => line.startsWith("error: "));
    assert.equal(errors.length, 2, stderr);
    assert.match(stderr, /^error: camera gate: .*refused\n {2}→ ./m);
    assert.match(stderr, /^error: broker: .*nothing listens there\n {2}→ ./m);
    assert.doesNotMatch(stderr, /hunter| {4}at /);
  },
});

Deno.test({
  name:
    "check: an address for HTTP in use by another program is an error that names the program, and 2",
  ignore: ignoreWithout("libav"),
  async fn() {
    await using other = Deno.serve(
      { hostname: "127.0.0.1", port: freePort(), onListen: () => undefined },
      () => new Response("hello", { headers: { server: "nginx/1.22" } }),
    );
    const listen = `127.0.0.1:${other.addr.port}`;
    const { code, stderr } = await check(
      `cameras: [{ id: gate, url: "demo:" }]\nhealth: { listen: "${listen}" }`,
    );
    assert.equal(code, 2);
    const message = `error: http: Cannot serve HTTP on ${listen}: another program listens there, ` +
      'which answers HTTP as "nginx/1.22"\n  → Stop the other program';
    assert.ok(stderr.startsWith(message), stderr);
  },
});

Deno.test({
  name: "check: a file that is not a model is reported as such by check and by run, with 2",
  ignore: ignoreWithout("libav"),
  async fn() {
    const config = `cameras: [{ id: gate, url: "demo:" }]\n` +
      `detectors: [{ id: person, model: ./words.onnx }]\n` +
      `mqtt: { listen: "127.0.0.1:${freePort()}" }\nhealth: { listen: off }`;
    const checked = await check(config);
    assert.equal(checked.code, 2);
    assert.match(checked.stderr, /^error: model of person: .*it is a text file.*\n {2}→ ./m);
    assert.doesNotMatch(checked.stderr, / {4}at /);
    using folder = tempFolder();
    folder.write("words.onnx", "these are only words");
    const file = folder.write("orion.yaml", config);
    const ran = await runOrion(["run", "--config", file]);
    assert.equal(ran.code, 2);
    assert.match(ran.stderr, /MODEL_INVALID/);
  },
});
