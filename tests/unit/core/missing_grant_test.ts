import assert from "node:assert/strict";
import { grantRemedy } from "../../../src/core/missing_grant.ts";

Deno.test("missing grant: a flag can be added to a start, and not to a compiled program", () => {
  const values = ["10.0.0.1:554", "10.0.0.2:554"];
  assert.match(
    grantRemedy("net", values, false),
    /^Add --allow-net=10\.0\.0\.1:554,10\.0\.0\.2:554, /,
  );
  assert.match(grantRemedy("net", values, true), /^It was compiled without --allow-net=.*--config/);
});
