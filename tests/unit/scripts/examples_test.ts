/** The examples: for editors, and as `check` reads them. `tests/e2e/examples_test.ts` runs them. */
import assert from "node:assert/strict";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { loadSettings } from "../../../src/config/load.ts";
import { allExamples, variablesOf } from "../../support/product/examples.ts";
import { ROOT } from "../../support/system/files.ts";

const SCHEMA = "schema/orion.schema.json";

const validate = new Ajv({ strict: false, allErrors: true })
  .compile(JSON.parse(Deno.readTextFileSync(`${ROOT}/${SCHEMA}`)));

for (const { name, text } of allExamples()) {
  Deno.test(`examples: ${name} names the schema, fits it, and passes the check without a warning`, () => {
    const [, path = ""] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? [];
    assert.equal(new URL(path, `file:///examples/${name}/orion.yaml`).pathname, `/${SCHEMA}`);
    assert.ok(validate(parse(text)), JSON.stringify(validate.errors));
    const settings = loadSettings({
      path: `/x/${name}/orion.yaml`,
      root: ROOT,
      env: (variable) => `value-of-${variable}`,
      readText: (file) => file.endsWith("orion.yaml") ? text : "a-secret-of-some-length",
    });
    const clear = settings.mqtt.address.scheme === "mqtt" && settings.mqtt.password !== null;
    assert.equal(settings.warnings.length, clear ? 1 : 0, settings.warnings.join());
    assert.deepEqual(new Set(settings.environment), new Set(variablesOf(text)));
  });
}

Deno.test("examples: the index names every one of them", () => {
  const index = Deno.readTextFileSync(`${ROOT}/examples/README.md`);
  for (const { name } of allExamples()) assert.ok(index.includes(`](${name}/`), name);
});
