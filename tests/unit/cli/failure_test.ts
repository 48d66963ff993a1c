import assert from "node:assert/strict";
import { EXIT, exitCode } from "../../../src/core/exit.ts";
import { failureText } from "../../../src/cli/failure.ts";
import { ConfigError } from "../../../src/config/problems.ts";
import { LibraryError, UsageError } from "../../../src/core/errors.ts";
import { Redactor } from "../../../src/core/redact.ts";

const redactor = new Redactor(["hunter2"]);
const library = new LibraryError({
  code: "LIBAV_MISSING",
  message: "Cannot find libav",
  retryable: false,
  remedy: "Install it.",
});

Deno.test("failure: the message, and below it the remedy", () => {
  assert.equal(failureText(library, redactor), "error: Cannot find libav\n  → Install it.\n");
});

Deno.test("failure: each problem of a configuration has a line of its own with its location", () => {
  const error = new ConfigError("/o.yaml", [
    { path: "cameras[0].url", message: "is missing", remedy: "Write a URL.", line: 3 },
    { path: "", message: "not valid YAML", remedy: "Correct it." },
  ]);
  assert.equal(
    failureText(error, redactor),
    "error: /o.yaml:3: cameras[0].url: is missing\n  → Write a URL.\n" +
      "error: /o.yaml: not valid YAML\n  → Correct it.\n",
  );
});

Deno.test("failure: a defect is printed without a stack, with one at debug level, and never with a secret", () => {
  const error = new TypeError("cannot read hunter2 of rtsp://u:other@cam");
  const text = failureText(error, redactor);
  assert.match(text, /TypeError.*defect in Orion/s);
  assert.ok(!text.includes("at "), text);
  const debug = failureText(error, redactor, true);
  assert.match(debug, /failure_test\.ts/);
  for (const leak of ["hunter2", "other"]) assert.ok(!(text + debug).includes(leak));
});

Deno.test("failure: exit codes", () => {
  assert.equal(exitCode(new UsageError("x")), EXIT.usage);
  assert.equal(exitCode(new ConfigError(null, [])), EXIT.usage);
  assert.equal(exitCode(library), EXIT.failed);
  assert.equal(exitCode(new Error("x")), EXIT.failed);
  assert.equal(exitCode("thrown text"), EXIT.failed);
});
