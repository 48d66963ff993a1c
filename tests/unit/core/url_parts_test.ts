import assert from "node:assert/strict";
import { splitHost, splitUrl } from "../../../src/core/url_parts.ts";

Deno.test("url parts: an address comes apart without a byte being changed", () => {
  assert.deepEqual(splitUrl("RTSP://admin:p%40s:s@[::1]:8554/a;b?c=%20/@x"), {
    scheme: "rtsp",
    username: "admin",
    password: "p%40s:s",
    authority: "[::1]:8554",
    hostname: "::1",
    port: 8554,
    rest: "/a;b?c=%20/@x",
  });
  assert.deepEqual(splitUrl("mqtt://broker.example"), {
    scheme: "mqtt",
    username: null,
    password: null,
    authority: "broker.example",
    hostname: "broker.example",
    port: null,
    rest: "",
  });
});

Deno.test("url parts: a user without a password, an empty password, and an @ in one", () => {
  const credentials = (text: string) => {
    const parts = splitUrl(text);
    return [parts?.username, parts?.password, parts?.hostname];
  };
  assert.deepEqual(credentials("rtsp://admin@cam"), ["admin", null, "cam"]);
  assert.deepEqual(credentials("rtsp://admin:@cam"), ["admin", "", "cam"]);
  assert.deepEqual(credentials("rtsp://a:b@c@cam"), ["a", "b@c", "cam"]);
});

Deno.test("url parts: hosts and ports, and which of the two is invalid", () => {
  assert.deepEqual(splitHost("cam:554"), { hostname: "cam", port: 554 });
  assert.deepEqual(splitHost("cam:"), { hostname: "cam", port: null });
  assert.deepEqual(splitHost("[fe80::1%eth0]"), { hostname: "fe80::1%eth0", port: null });
  for (const text of ["cam:0", "cam:65536", "cam:1a", "cam: 1", "cam:123456"]) {
    assert.equal(splitHost(text), "port", text);
  }
  for (const text of ["", "a b", "<ip>", "::1", "[::1", "a/b"]) {
    assert.equal(splitHost(text), "host", text);
  }
  for (const text of ["cam/live", "rtsp:cam", "rtsp://", "rtsp://<ip>/x", "rtsp://cam:0"]) {
    assert.equal(splitUrl(text), null, text);
  }
});
