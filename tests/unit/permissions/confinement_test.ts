import assert from "node:assert/strict";
import { confinements, confinementText } from "../../../src/permissions/confinement.ts";
import { settingsOf } from "../../support/workers/service_parts.ts";

const PLACES = {
  libav: {
    avutil: "/lib/avutil",
    avcodec: "/lib/avcodec",
    avformat: "/lib/avformat",
    swscale: "/lib/swscale",
  },
  onnxruntime: {
    folder: "/opt/onnxruntime/bin",
    binding: "/opt/onnxruntime/bin/binding.node",
  },
};

const CONFIG = `
cameras:
  - { id: address, url: "rtsp://192.0.2.1/s", allowRedirect: ["192.0.2.2:8554"] }
  - { id: name, url: "rtsps://camera.example/s" }
  - { id: redirected, url: "rtsp://192.0.2.1:8554/s", allowRedirect: [other.example] }
  - { id: clip, url: "file:clips/a.mp4" }
  - { id: hardware, url: "rtsp://192.0.2.1/s", decoder: h264_v4l2m2m }
  - { id: libav, url: "rtsp://192.0.2.1/s", demuxer: libav }
detectors:
  - { id: person }
  - { id: fast, providers: [cuda] }
`;

/** What each may still do, in words. */
function textsOf(config: string): Record<string, string> {
  const all = confinements(settingsOf(config), PLACES);
  return Object.fromEntries([...all].map(([name, one]) => [name, confinementText(one)]));
}

Deno.test("confinement: each worker with native code keeps what its settings need, and nothing else", () => {
  const { "capture hardware": hardware, "inference fast": fast, "capture libav": libav, ...rest } =
    textsOf(CONFIG);
  assert.deepEqual(rest, {
    "capture address": "connect to TCP port 554, 8554",
    "capture name": "resolve names; connect to TCP port 322",
    "capture redirected": "resolve names; connect to TCP port 8554, 554",
    "capture clip": "read /etc/orion/clips/a.mp4, /etc/orion/clips",
    "inference person": "read /proc/cpuinfo, /sys/devices/system/cpu",
  });
  assert.match(hardware ?? "", /^read \/proc, .*; use \/dev; connect to TCP port 554$/);
  assert.match(fast ?? "", /^read \/proc, .*; use \/dev$/);
  assert.match(libav ?? "", /^read \/etc\/ssl, .*; connect to TCP port 554$/);
});

Deno.test("confinement: auto is the default, required reaches each worker, off leaves none", () => {
  const requiredOf = (more: string) =>
    [...confinements(settingsOf(CONFIG + more), PLACES).values()].map(({ required }) => required);
  assert.deepEqual(new Set(requiredOf("")), new Set([false]));
  assert.deepEqual(new Set(requiredOf("confinement: { landlock: required }\n")), new Set([true]));
  assert.deepEqual(requiredOf("confinement: { landlock: off }\n"), []);
});

Deno.test("confinement: the system calls are looked up in a library that the worker may load", () => {
  const all = confinements(settingsOf(CONFIG), PLACES);
  assert.equal(all.get("capture name")?.library, PLACES.libav.avutil);
  assert.equal(all.get("inference person")?.library, PLACES.onnxruntime.binding);
  assert.deepEqual([...confinements(settingsOf(CONFIG), { libav: null, onnxruntime: null })], []);
});
