import assert from "node:assert/strict";
import fc from "fast-check";
import {
  endpointText,
  isLoopback,
  parseBrokerUrl,
  parseCameraUrl,
  parseHost,
  parseListen,
  querySecrets,
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

Deno.test("urls: a camera's port follows its scheme unless it is written", () => {
  for (
    const [url, hostname, port] of [
      ["rtsp://cam.lan/s", "cam.lan", 554],
      ["rtsps://cam.lan/s", "cam.lan", 322],
      ["rtsp://u:p@cam.lan:8554", "cam.lan", 8554],
      ["rtsps://[2001:db8::1]:443/s", "2001:db8::1", 443],
      ["RTSP://10.0.0.1?x", "10.0.0.1", 554],
    ] as const
  ) {
    const parsed = parseCameraUrl(url);
    assert.ok(parsed.ok, url);
    assert.deepEqual(parsed.value.endpoint, { hostname, port }, url);
  }
  for (const url of ["demo:", "file:a.mp4"]) {
    const parsed = parseCameraUrl(url);
    assert.ok(parsed.ok && parsed.value.endpoint === null, url);
  }
});

Deno.test("urls: a host stands alone, with a port or without", () => {
  for (
    const [text, hostname, port] of [
      ["10.0.0.2", "10.0.0.2", null],
      ["nvr.lan:8554", "nvr.lan", 8554],
      ["[fe80::1]", "fe80::1", null],
      ["[fe80::1]:8554", "fe80::1", 8554],
    ] as const
  ) {
    const parsed = parseHost(text);
    assert.ok(parsed.ok, text);
    assert.deepEqual(parsed.value, { hostname, port });
  }
  for (
    const text of ["", "a b", "u:hunter2@h", "h:0", "h:65536", "h/s", "fe80::1", "*", ".h", "a..b"]
  ) {
    const parsed = parseHost(text);
    assert.ok(!parsed.ok, text);
    assert.ok(!parsed.message.includes("hunter2"));
  }
});

/** Addresses whose parameters hold a password, and what it may be. */
const PARAMETERS: readonly (readonly [string, string])[] = [
  ["rtsp://h/user=admin_password=hunter2_channel=1_stream=0.sdp", "hunter2"],
  ["rtsp://h/user=admin_password=hun_ter2_channel=1_stream=0.sdp?real_stream", "hun_ter2"],
  ["rtsp://h/user=admin&password=hunter2&channel=1&stream=0.sdp?", "hunter2"],
  ["rtsp://h/stream=0_pwd=hunter2.sdp", "hunter2"],
  ["rtsp://h/live;passwd=hunter2;ch=1", "hunter2"],
  ["rtsp://h/pass=hunter2/ch1", "hunter2"],
  ["rtsp://h/live?user=x&Password=hun/ter?2&ch=1", "hun/ter?2"],
  ["rtsp://h/live?authToken=hunter2", "hunter2"],
  ["rtsp://h/live?access_token=hunter2", "hunter2"],
];

for (const [url, secret] of PARAMETERS) {
  Deno.test(`urls: the password among the parameters of ${url} is known`, () => {
    assert.ok(querySecrets(url).includes(secret), querySecrets(url).join());
  });
}

Deno.test("urls: parameters without a password hold no secret", () => {
  for (
    const url of [
      "rtsp://h/cam/realmonitor?channel=1&subtype=0",
      "rtsp://h/user=admin_password=_channel=1_stream=0.sdp",
      "rtsp://h/password/s",
    ]
  ) assert.deepEqual(querySecrets(url), [], url);
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
    address: { scheme: "wss", hostname: "b.example", port: 444, path: "/mqtt" },
    username: "u",
    password: "p@w",
  });
});

Deno.test("urls: a broker's URL that cannot be used is refused without being quoted", () => {
  for (const url of ["http://user:secret@x", "secret", "mqtt://", ""]) {
    const parsed = parseBrokerUrl(url);
    assert.ok(!parsed.ok, url);
    assert.ok(!`${parsed.message} ${parsed.remedy}`.includes("secret"), url);
  }
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
