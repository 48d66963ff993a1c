import assert from "node:assert/strict";
import { inspect } from "node:util";
import { Secret } from "../../../src/core/secret.ts";

Deno.test("secret: every form but expose() is [redacted]", () => {
  const secret = new Secret("hunter2");
  const forms = [
    String(secret),
    `${secret}`,
    "" + secret,
    JSON.stringify({ secret }),
    Deno.inspect(secret),
    Deno.inspect({ deep: [secret] }),
    inspect(secret),
    inspect({ secret }),
    Object.entries(secret).join(),
  ];
  for (const form of forms) assert.ok(!form.includes("hunter2"), form);
  assert.equal(JSON.stringify({ secret }), '{"secret":"[redacted]"}');
  assert.equal(secret.expose(), "hunter2");
});

Deno.test("secret: it does not travel to another thread by accident", () => {
  const copy: unknown = structuredClone(new Secret("hunter2"));
  assert.ok(!Deno.inspect(copy).includes("hunter2"));
});
