import assert from "node:assert/strict";
import { endpointText, hostText, isLoopback } from "../../../src/core/endpoint.ts";

Deno.test("endpoint: an IPv6 address stands in brackets, nothing else does", () => {
  assert.equal(hostText("::1"), "[::1]");
  assert.equal(hostText("camera.lan"), "camera.lan");
  assert.equal(endpointText({ hostname: "2001:db8::7", port: 554 }), "[2001:db8::7]:554");
  assert.equal(endpointText({ hostname: "192.0.2.10", port: 8554 }), "192.0.2.10:8554");
});

Deno.test("endpoint: loopback is localhost, ::1 and 127.0.0.0/8", () => {
  for (const host of ["127.0.0.1", "127.9.9.9", "127.8.9.255", "::1", "localhost"]) {
    assert.ok(isLoopback(host), host);
  }
  for (
    const host of [
      ...["0.0.0.0", "::", "10.0.0.1", "192.0.2.1", "", "127.0.0.1.example", "localhost.example"],
      // Not addresses, but names that a resolver may send anywhere.
      ...["127.999.0.1", "127.0.0.256", "127.0.0.1.1", "127.1"],
    ]
  ) {
    assert.ok(!isLoopback(host), host);
  }
});
