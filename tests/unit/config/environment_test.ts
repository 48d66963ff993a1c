import assert from "node:assert/strict";
import { percentDecoded } from "../../../src/core/percent.ts";
import { load } from "./world.ts";

Deno.test("environment: a password of any characters works in an address, and encoded ones as they are", () => {
  const cases: readonly (readonly [value: string, password: string])[] = [
    ["hunter2", "hunter2"],
    ["p@ss/w0rd?#1", "p@ss/w0rd?#1"],
    ["a:b@c", "a:b@c"],
    ["50%@x y", "50%@x y"],
    ["p%40ss", "p@ss"],
    ["50%", "50%"],
  ];
  for (const [value, password] of cases) {
    const { cameras: [camera], mqtt } = load(
      'cameras: [{ id: gate, url: "rtsp://viewer:${PW}@10.0.0.1/s" }]\n' +
        'mqtt: { url: "mqtts://${USER}:${PW}@broker" }\n',
      { env: { PW: value, USER: "me@home" } },
    );
    assert.equal(camera?.displayUrl, "rtsp://10.0.0.1:554");
    const written = /^rtsp:\/\/viewer:(.*)@10\.0\.0\.1\/s$/.exec(camera.url.expose())?.[1];
    assert.equal(percentDecoded(written ?? ""), password);
    assert.deepEqual([mqtt.username, mqtt.password?.expose()], ["me@home", password]);
  }
});

Deno.test("environment: a value that is no part of a user or a password stays as it is", () => {
  const { cameras: [camera, other], mqtt } = load(
    'cameras: [{ id: a, url: "rtsp://u:p@10.0.0.1/${PATH}" }, { id: b, url: "${URL}" }]\n' +
      "mqtt: { url: 'mqtts://broker', username: u, password: '${PW}' }\n",
    { env: { PATH: "live/1?a=b", URL: "rtsp://u:p@10.0.0.2/s/1", PW: "p@ss/w" } },
  );
  assert.equal(camera?.url.expose(), "rtsp://u:p@10.0.0.1/live/1?a=b");
  assert.equal(other?.url.expose(), "rtsp://u:p@10.0.0.2/s/1");
  assert.equal(mqtt.password?.expose(), "p@ss/w");
});
