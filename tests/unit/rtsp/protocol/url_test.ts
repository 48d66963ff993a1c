import fc from "fast-check";
import assert from "node:assert/strict";
import {
  baseUri,
  parseRtspUrl,
  resolveControl,
  trackBase,
} from "../../../../src/rtsp/protocol/url.ts";

Deno.test("rtsp: a URL is parsed, and its path kept byte for byte", () => {
  assert.deepEqual(parseRtspUrl("rtsp://admin:p%40ss%2f@cam.lan:8554/live?ch=1&x=%20;y"), {
    scheme: "rtsp",
    hostname: "cam.lan",
    port: 8554,
    username: "admin",
    password: "p@ss/",
    requestUri: "rtsp://cam.lan:8554/live?ch=1&x=%20;y",
    host: "cam.lan:8554",
  });
});

/** URLs of cameras, without credentials: all are sent unchanged. */
const SENT_UNCHANGED: readonly string[] = [
  "rtsp://cam/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp?real_stream",
  "rtsp://cam:554/cam/realmonitor?channel=1&subtype=0",
  "rtsp://cam/Streaming/Channels/101/",
  "rtsp://cam/a b//c/../d;e=f,g:h@i#j?k=%zz&é",
  "rtsp://cam?stream=1",
  "rtsp://cam",
  "rtsps://[fe80::1]:322/x",
];

for (const text of SENT_UNCHANGED) {
  Deno.test(`rtsp: ${text} is sent unchanged`, () => {
    assert.equal(parseRtspUrl(text)?.requestUri, text);
    const [scheme = "", rest = ""] = text.split("://");
    const withCredentials = `${scheme}://u:p@${rest}`;
    assert.equal(parseRtspUrl(withCredentials)?.requestUri, text);
  });
}

Deno.test("rtsp: default ports, and brackets of IPv6 hosts", () => {
  const host = (text: string) => parseRtspUrl(text)?.host;
  assert.equal(host("rtsp://cam/x"), "cam:554");
  assert.equal(host("RTSPS://cam"), "cam:322");
  assert.equal(host("rtsp://cam:/x"), "cam:554");
  assert.equal(host("rtsp://u@[fe80::1]/x"), "[fe80::1]:554");
  assert.equal(parseRtspUrl("rtsp://[fe80::1]/x")?.hostname, "fe80::1");
});

Deno.test("rtsp: credentials: a user, a password, both or neither, empty or not", () => {
  const credentials = (text: string) => {
    const url = parseRtspUrl(text);
    return [url?.username, url?.password];
  };
  assert.deepEqual(credentials("rtsp://cam/x@y"), [null, null]);
  assert.deepEqual(credentials("rtsp://u@cam/"), ["u", null]);
  assert.deepEqual(credentials("rtsp://u:@cam/"), ["u", ""]);
  assert.deepEqual(credentials("rtsp://u:a:b@cam/"), ["u", "a:b"]);
  assert.deepEqual(credentials("rtsp://u:100%@cam/"), ["u", "100%"]);
  assert.deepEqual(credentials("rtsp://u:a@b@cam/"), ["u", "a@b"]);
});

Deno.test("rtsp: text that is no URL is rejected", () => {
  const texts = ["", "cam/x", "http://cam/", "rtsp:/cam", "rtsp://", "rtsp:///x", "rtsp://c d/"];
  texts.push("rtsp://cam:0/", "rtsp://cam:70000/", "rtsp://cam:x/", "rtsp://[cam/");
  for (const text of texts) assert.equal(parseRtspUrl(text), null, text);
});

const DAHUA = "rtsp://cam:554/cam/realmonitor?channel=1&subtype=0";

/** A base, a control attribute, and the request URI, in all variants of cameras. */
const CONTROLS: readonly { base: string; control: string | null; uri: string }[] = [
  { base: "rtsp://cam/live", control: null, uri: "rtsp://cam/live" },
  { base: "rtsp://cam/live", control: "", uri: "rtsp://cam/live" },
  { base: "rtsp://cam/live/", control: "*", uri: "rtsp://cam/live/" },
  { base: "rtsp://cam/live", control: " * ", uri: "rtsp://cam/live" },
  { base: "rtsp://cam/live", control: "trackID=1", uri: "rtsp://cam/live/trackID=1" },
  { base: "rtsp://cam/live/", control: "trackID=1", uri: "rtsp://cam/live/trackID=1" },
  { base: "rtsp://cam", control: "track1", uri: "rtsp://cam/track1" },
  { base: DAHUA, control: "trackID=0", uri: `${DAHUA}/trackID=0` },
  { base: `${DAHUA}/`, control: "trackID=0", uri: `${DAHUA}/trackID=0` },
  { base: "rtsp://cam/live", control: "/trackID=1", uri: "rtsp://cam/live/trackID=1" },
  { base: "rtsp://cam/live/", control: "/trackID=1", uri: "rtsp://cam/live/trackID=1" },
  { base: "rtsp://cam/live/", control: "/live/trackID=1", uri: "rtsp://cam/live/trackID=1" },
  { base: "rtsp://cam/live?a=b", control: "/live/track1", uri: "rtsp://cam/live/track1" },
  { base: "rtsp://cam/live", control: "/lively/track1", uri: "rtsp://cam/live/lively/track1" },
  { base: "rtsp://cam/live", control: "?ctype=video", uri: "rtsp://cam/live?ctype=video" },
  { base: "rtsp://cam/live", control: "a/b?c=d;e f", uri: "rtsp://cam/live/a/b?c=d;e f" },
  { base: "rtsp://cam/live", control: "RTSP://cam/x/track1", uri: "rtsp://cam/x/track1" },
  { base: "rtsp://cam/live", control: "rtsp://cam:554/x?y", uri: "rtsp://cam/x?y" },
  { base: "rtsp://cam/live", control: "track1\0", uri: "rtsp://cam/live/track1" },
];

for (const { base, control, uri } of CONTROLS) {
  Deno.test(`rtsp: the control ${control} on ${base}`, () => {
    assert.deepEqual(resolveControl(base, control), { uri, namesOtherHost: false });
  });
}

Deno.test("rtsp: a control with another host keeps the connection's host, and is flagged", () => {
  const base = "rtsps://cam.lan:8322/live";
  for (
    const other of [
      "rtsp://192.168.1.10/live/track1",
      "rtsp://0.0.0.0:554/live/track1",
      "rtsp://u:p@10.0.0.1/live/track1",
      "rtsps://cam.lan/live/track1",
      "rtsp://<ip>/live/track1",
      "rtspu://10.0.0.1/live/track1",
      "rtsp://rtsp://10.0.0.1/live/track1",
      "http://10.0.0.1:80/live/track1",
    ]
  ) {
    const uri = "rtsps://cam.lan:8322/live/track1";
    assert.deepEqual(resolveControl(base, other), { uri, namesOtherHost: true }, other);
  }
});

/** The headers of a response to DESCRIBE, and the resulting base. */
const BASES: readonly { base: string | null; location?: string; uri: string }[] = [
  { base: null, uri: "rtsp://cam:8554/live/a?b" },
  { base: "rtsp://cam:8554/live/a/", uri: "rtsp://cam:8554/live/a/" },
  { base: " rtsp://cam:8554/other ", uri: "rtsp://cam:8554/other" },
  { base: "rtsp://192.168.1.9/inner/", uri: "rtsp://cam:8554/inner/" },
  { base: "rtsp://u:p@cam/inner/", uri: "rtsp://cam:8554/inner/" },
  { base: "rtsp://cam/x?channel=1&subtype=0/", uri: "rtsp://cam:8554/x?channel=1&subtype=0/" },
  { base: "/top/", uri: "rtsp://cam:8554/top/" },
  { base: "b/", uri: "rtsp://cam:8554/live/b/" },
  { base: "<rtsp://cam/live/>", uri: "rtsp://cam:8554/live/" },
  { base: "", uri: "rtsp://cam:8554/live/a?b" },
  { base: "192.168.1.9/live/", uri: "rtsp://cam:8554/live/a?b" },
  { base: "cam/live/", uri: "rtsp://cam:8554/live/a?b" },
  { base: "http://cam/live/", uri: "rtsp://cam:8554/live/a?b" },
  { base: "rtsp://rtsp://cam.lan:554/twice/", uri: "rtsp://cam:8554/twice/" },
  { base: "//x", uri: "rtsp://cam:8554/live/a?b" },
  { base: "rtsp://:0/", uri: "rtsp://cam:8554/live/a?b" },
  { base: null, location: "rtsp://cam/location/", uri: "rtsp://cam:8554/location/" },
  { base: "junk junk", location: "rtsp://cam/location/", uri: "rtsp://cam:8554/location/" },
  { base: "rtsp://cam/base/", location: "rtsp://cam/loc/", uri: "rtsp://cam:8554/base/" },
];

for (const { base, location, uri } of BASES) {
  Deno.test(`rtsp: the base of Content-Base ${base}, Content-Location ${location}`, () => {
    const requestUri = "rtsp://cam:8554/live/a?b";
    assert.equal(
      baseUri({ contentBase: base, contentLocation: location ?? null, requestUri }),
      uri,
    );
  });
}

Deno.test("rtsp: tracks are relative to an absolute session-level control", () => {
  const base = "rtsp://cam/live/";
  assert.equal(trackBase(base, null), base);
  assert.equal(trackBase(base, "*"), base);
  assert.equal(trackBase(base, "session"), base);
  assert.equal(trackBase(base, "rtsp://10.0.0.1/session/"), "rtsp://cam/session/");
});

Deno.test("rtsp: no control leads to another host", () => {
  const part = fc.oneof(
    fc.string({ maxLength: 20, unit: "grapheme" }),
    fc.constantFrom("rtsp://", "rtsps://", "@", "/", "//", "\\", "?", "#", "evil", ":554", "%2f"),
  );
  const text = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, text, (contentBase, control) => {
      const requestUri = "rtsp://cam:8554/live";
      const base = baseUri({ contentBase, contentLocation: null, requestUri });
      const { uri } = resolveControl(trackBase(base, control), control);
      for (const address of [base, uri]) {
        assert.equal(parseRtspUrl(address)?.host, "cam:8554", address);
        assert.equal(parseRtspUrl(address)?.username, null, address);
      }
    }),
    { numRuns: 2000 },
  );
});
