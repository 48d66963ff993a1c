/** What does not fit together within one camera: each mistake is one problem at its key, with a remedy. */
import assert from "node:assert/strict";
import { cameraWith, problemsOf } from "./world.ts";

function tlsWith(line: string): string {
  return `cameras:\n  - id: gate\n    url: rtsps://10.0.0.1/s\n    ${line}\n`;
}

function libavWith(line: string): string {
  return cameraWith(`demuxer: libav\n    ${line}`);
}

function fileWith(line: string): string {
  return `cameras:\n  - id: gate\n    url: "demo:"\n    ${line}\n`;
}

const MISTAKES: readonly { yaml: string; path: string; says: RegExp }[] = [
  { yaml: cameraWith("demuxer: ffmpeg"), path: "cameras[0].demuxer", says: /orion, libav/ },
  { yaml: cameraWith("track: first"), path: "cameras[0].track", says: /"first".*auto or a whole/ },
  { yaml: cameraWith("track: -1"), path: "cameras[0].track", says: /within 0 and 31/ },
  { yaml: cameraWith("track: 1.5"), path: "cameras[0].track", says: /auto or a whole number/ },
  { yaml: cameraWith("insecure: maybe"), path: "cameras[0].insecure", says: /true or false/ },
  {
    yaml: cameraWith("maxUnitBytes: 1"),
    path: "cameras[0].maxUnitBytes",
    says: /65536 and 67108864/,
  },
  {
    yaml: cameraWith("reconnectMaxSeconds: 0"),
    path: "cameras[0].reconnectMaxSeconds",
    says: /1 and 3600/,
  },
  {
    yaml: cameraWith("allowRedirect: ['rtsp://u:p@x/s']"),
    path: "cameras[0].allowRedirect[0]",
    says: /without rtsp:/,
  },
  { yaml: cameraWith("allowRedirect: [a:0]"), path: "cameras[0].allowRedirect[0]", says: /host/ },
  { yaml: cameraWith("allowRedirect: a"), path: "cameras[0].allowRedirect", says: /list of/ },
  { yaml: cameraWith("insecure: true"), path: "cameras[0].insecure", says: /rtsps:/ },
  {
    yaml: cameraWith(`fingerprint: "sha256:${"0f".repeat(32)}"`),
    path: "cameras[0].fingerprint",
    says: /with rtsps:/,
  },
  { yaml: tlsWith("fingerprint: abc"), path: "cameras[0].fingerprint", says: /sha256:/ },
  { yaml: tlsWith('fingerprint: "sha256:12"'), path: "cameras[0].fingerprint", says: /64 hexa/ },
  { yaml: tlsWith("ca: none.pem"), path: "cameras[0].ca", says: /no PEM file \/etc\/orion\/none/ },
  { yaml: tlsWith("ca: orion.yaml"), path: "cameras[0].ca", says: /no certificate as PEM/ },
  {
    yaml: tlsWith(`fingerprint: "sha256:${"0f".repeat(32)}"\n    insecure: true`),
    path: "cameras[0].insecure",
    says: /combined with fingerprint/,
  },
  { yaml: tlsWith("transport: udp"), path: "cameras[0].transport", says: /in clear.*tcp/ },
  { yaml: tlsWith("transport: auto"), path: "cameras[0].transport", says: /in clear.*tcp/ },
  { yaml: cameraWith("udpPort: 5000"), path: "cameras[0].udpPort", says: /transport: udp/ },
  {
    yaml: cameraWith("transport: udp\n    udpPort: 5001"),
    path: "cameras[0].udpPort",
    says: /even.*5000/,
  },
  {
    yaml: cameraWith("transport: udp") +
      "  - { id: yard, url: 'rtsp://10.0.0.2/', transport: auto, udpPort: 61000 }\n",
    path: "cameras[1].udpPort",
    says: /cameras\[0\] has the ports 61000 and 61001/,
  },
  { yaml: libavWith("track: 1"), path: "cameras[0].track", says: /demuxer: libav/ },
  { yaml: libavWith("allowRedirect: [b]"), path: "cameras[0].allowRedirect", says: /demuxer: lib/ },
  { yaml: libavWith("transport: auto"), path: "cameras[0].transport", says: /tcp or udp/ },
  { yaml: libavWith("maxUnitBytes: 70000"), path: "cameras[0].maxUnitBytes", says: /libav/ },
  {
    yaml: libavWith(`fingerprint: "sha256:${"0f".repeat(32)}"`),
    path: "cameras[0].fingerprint",
    says: /demuxer: libav/,
  },
  { yaml: fileWith("transport: udp"), path: "cameras[0].transport", says: /no meaning for file:/ },
  { yaml: fileWith("track: 0"), path: "cameras[0].track", says: /no meaning for file:/ },
  { yaml: fileWith("demuxer: orion"), path: "cameras[0].demuxer", says: /no meaning for file:/ },
  { yaml: fileWith("insecure: true"), path: "cameras[0].insecure", says: /no meaning for file:/ },
  { yaml: fileWith("allowRedirect: [a]"), path: "cameras[0].allowRedirect", says: /for file:/ },
];

for (const { yaml, path, says } of MISTAKES) {
  const title = yaml.trim().split("\n").slice(2).map((line) => line.trim()).join(", ");
  Deno.test(`camera: one mistake, one problem with place and remedy: ${title}`, () => {
    const problems = problemsOf(yaml);
    assert.equal(problems.length, 1, JSON.stringify(problems));
    assert.equal(problems[0]?.path, path);
    assert.match(`${problems[0]?.message} ${problems[0]?.remedy}`, says);
  });
}

Deno.test("camera: keys that repeat a default are accepted", () => {
  for (
    const yaml of [
      fileWith("transport: tcp\n    track: auto\n    insecure: false\n    allowRedirect: []"),
      fileWith("demuxer: libav"),
      libavWith("transport: udp"),
      libavWith("track: auto\n    allowRedirect: []"),
      cameraWith("demuxer: orion\n    insecure: false"),
      tlsWith("transport: tcp\n    insecure: true"),
      tlsWith("demuxer: libav\n    insecure: true"),
      cameraWith("transport: auto\n    udpPort: 5000"),
    ]
  ) assert.deepEqual(problemsOf(yaml), [], yaml);
});

Deno.test("camera: of several mistakes each is reported at its own key", () => {
  const yaml = fileWith("transport: udp\n    ca: a.pem\n    insecure: true\n    track: 1");
  assert.deepEqual(problemsOf(yaml).map(({ path }) => path), [
    "cameras[0].transport",
    "cameras[0].ca",
    "cameras[0].insecure",
    "cameras[0].track",
  ]);
});
