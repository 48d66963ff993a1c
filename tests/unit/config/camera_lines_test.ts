/** The lines that add a camera. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { cameraLines, writtenAddress } from "../../../src/config/camera_lines.ts";
import { loadSettings } from "../../../src/config/load.ts";
import { parseCameraUrl } from "../../../src/config/urls.ts";
import { ID_PATTERN } from "../../../src/core/ids.ts";
import { VENDOR_URLS } from "../../support/cameras/camera_urls.ts";

function linesOf(url: string, id = "gate", comment: string | null = null) {
  const parsed = parseCameraUrl(url);
  assert.ok(parsed.ok);
  return cameraLines({ id, url: parsed.value, comment });
}

/** The configuration with these lines, and the variable that they name. */
function load(yaml: string, variable: string | null, url: string) {
  return loadSettings({
    path: "/etc/orion/orion.yaml",
    root: "/opt/orion",
    env: (name) => name === variable ? url : undefined,
    readText: () => `cameras:\n${yaml}`,
  });
}

Deno.test("camera lines: an address without a path is written, any other is a variable", () => {
  for (const url of ["rtsp://192.0.2.10:8554", "rtsps://[2001:db8::7]:322/"]) {
    const { yaml, variable } = linesOf(url, "gate", "h264 1280x720");
    assert.equal(variable, null);
    assert.equal(yaml, `  - id: "gate"\n    url: "${url}" # h264 1280x720\n`);
  }
  // As it was given, without a port of its own.
  assert.match(linesOf("rtsp://192.0.2.10").yaml, /^ {4}url: "rtsp:\/\/192\.0\.2\.10"$/m);
  const { yaml, variable } = linesOf("rtsp://192.0.2.10/stream1", "front-door");
  assert.equal(variable, "FRONT_DOOR_URL");
  assert.equal(yaml, '  - id: "front-door"\n    url: "${FRONT_DOOR_URL}"\n');
  assert.equal(linesOf("rtsp://viewer@192.0.2.10", "1").variable, "CAMERA_1_URL");
  assert.equal(linesOf("rtsp://192.0.2.10/x", "-").variable, "CAMERA___URL");
});

Deno.test("camera lines: a configuration with them has that camera, and no credential is in them", () => {
  for (const urls of VENDOR_URLS.values()) {
    fc.assert(
      fc.property(urls, fc.stringMatching(ID_PATTERN), ({ url, hidden }, id) => {
        const { yaml, variable } = linesOf(url, id);
        for (const text of hidden) assert.ok(!yaml.includes(text), text);
        const [camera] = load(yaml, variable, url).cameras;
        assert.deepEqual([camera?.id, camera?.url.expose()], [id, url]);
      }),
      { numRuns: 40 },
    );
  }
});

Deno.test("camera lines: a secret that is a part of a variable's name changes no name", () => {
  const cases: readonly (readonly [given: string, written: string])[] = [
    ["?pwd=hunter2&token=GATE", "?pwd=${GATE_SECRET}&token=${GATE_SECRET2}"],
    ["?pwd=${MY_SECRET}&token=S", "?pwd=${MY_SECRET}&token=${GATE_SECRET2}"],
    ["?pwd=${MY_SECRET}x", "?pwd=${GATE_SECRET}"],
  ];
  for (const [given, written] of cases) {
    assert.equal(writtenAddress(`rtsp://gate/${given}`, "GATE"), `rtsp://gate/${written}`);
  }
});
