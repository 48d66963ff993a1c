import assert from "node:assert/strict";
import fc from "fast-check";
import {
  endpointText,
  isLoopback,
  parseBrokerUrl,
  parseCameraUrl,
  parseListen,
} from "../../../src/config/urls.ts";

Deno.test("urls: a password with an unencoded character that ends it is refused, encoded accepted", () => {
  const special = fc.constantFrom("@", "/", "#");
  const part = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  fc.assert(fc.property(part, special, part, (before, character, after) => {
    const secret = `${before}${character}${after}`;
    const raw = parseCameraUrl(`rtsp://viewer:${secret}@cam.lan/live`);
    assert.ok(!raw.ok, secret);
    assert.match(raw.remedy, /%40/);
    assert.ok(!`${raw.message}${raw.remedy}`.includes(secret));
    const encoded = parseCameraUrl(`rtsp://viewer:${encodeURIComponent(secret)}@cam.lan/live`);
    assert.ok(encoded.ok);
    assert.equal(decodeURIComponent(encoded.value.password ?? ""), secret);
  }));
});

Deno.test("urls: cameras people have", () => {
  for (
    const url of [
      "rtsp://192.0.2.10/",
      "rtsp://admin:@192.0.2.10:554/Streaming/Channels/101?transportmode=unicast",
      "rtsp://u:p!$&'()*+,;=~-._w@cam/cam/realmonitor?channel=1&subtype=0",
      "rtsps://cam.example:322/x?token=a@b".replace("a@b", "a%40b"),
      "rtsp://[2001:db8::1]:554/s",
      "file:a.mp4",
      "file:/a.mp4",
      "file:///a.mp4",
      "demo:",
    ]
  ) {
    const parsed = parseCameraUrl(url);
    assert.ok(parsed.ok, `${url}: ${parsed.ok ? "" : parsed.message}`);
  }
});

Deno.test("urls: what is no URL is refused without being quoted", () => {
  const text = fc.string().filter((value) => !/^(rtsps?|file|demo):/i.test(value));
  fc.assert(fc.property(text, (value) => {
    const parsed = parseCameraUrl(value);
    assert.ok(!parsed.ok);
  }));
  const parsed = parseCameraUrl("viewer:hunter2@cam.lan");
  assert.ok(!parsed.ok && !parsed.message.includes("viewer"));
});

Deno.test("urls: a broker's URL with credentials comes back without them", () => {
  const parsed = parseBrokerUrl("wss://u:p%40w@b.example:444/mqtt");
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.value, {
    scheme: "wss",
    hostname: "b.example",
    port: 444,
    url: "wss://b.example:444/mqtt",
    username: "u",
    password: "p@w",
  });
});

Deno.test("urls: an endpoint written and read again is the same", () => {
  const hostname = fc.oneof(fc.ipV4(), fc.ipV6().filter((ip) => !ip.includes("%")), fc.domain());
  fc.assert(fc.property(hostname, fc.integer({ min: 1, max: 65535 }), (host, port) => {
    const parsed = parseListen(endpointText({ hostname: host, port }), 1);
    assert.ok(parsed.ok);
    assert.deepEqual(parsed.value, { hostname: host, port });
  }));
});

Deno.test("urls: only this machine can reach loopback addresses", () => {
  for (const host of ["127.0.0.1", "127.9.9.9", "::1", "localhost"]) assert.ok(isLoopback(host));
  for (const host of ["0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example", "localhost.example"]) {
    assert.ok(!isLoopback(host), host);
  }
});
