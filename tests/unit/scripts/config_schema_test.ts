import assert from "node:assert/strict";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { configJsonSchema } from "../../../scripts/lib/config_schema.ts";

const validate = new Ajv({ strict: false }).compile(configJsonSchema());

Deno.test("schema: editors accept a full configuration and ${NAME}", () => {
  const yaml = `
instance: \${HOSTNAME}
cameras: [{ id: gate, url: 'rtsp://u:\${P}@h/s', roi: { x: 0, y: 0, width: 1, height: 1 } }]
detectors: [{ id: person, classes: [person, 2] }]
mqtt: { url: 'mqtts://b', password: { file: /run/secrets/mqtt }, protocol: 3.1.1, homeAssistant: false }
`;
  assert.ok(validate(parse(yaml)), JSON.stringify(validate.errors));
});

Deno.test("schema: editors mark unknown keys, wrong types and values out of bounds", () => {
  for (
    const yaml of [
      "instence: a\ncameras: [{ id: a, url: 'demo:' }]",
      "cameras: gate",
      "cameras: [{ id: A, url: 'demo:' }]",
      "cameras: [{ id: a, url: 'demo:', transport: tpc }]",
      "cameras: [{ id: a, url: 'demo:' }]\ndetectors: [{ id: p, rateHz: 31 }]",
    ]
  ) assert.ok(!validate(parse(yaml)), yaml);
});
