import assert from "node:assert/strict";
import fc from "fast-check";
import { MIN_REDACTED_CHARS, Redactor, redactText } from "../../../src/core/redact.ts";
import { Secret } from "../../../src/core/secret.ts";

/** Texts with a credential in them, what must not be left, and what is. */
const CASES: readonly { text: string; secret: string; keeps: string }[] = [
  { text: "rtsp://admin:hunter2@cam.lan:554/s1", secret: "hunter2", keeps: "rtsp://cam.lan:554" },
  { text: "Cannot open rtsps://u:p%40ss@[::1]/x: 401", secret: "p%40ss", keeps: "//[::1]: 401" },
  { text: 'url="mqtt://u:a:b@c@broker:1883"', secret: "a:b@c", keeps: '="mqtt://broker:1883"' },
  { text: "rtsp://tokenonly@host/live", secret: "tokenonly", keeps: "rtsp://host" },
  { text: "rtsp://tokenonly@host/live", secret: "live", keeps: "rtsp://host" },
  { text: "http://c/cgi?user=x&password=hunter2&ch=1", secret: "hunter2", keeps: "http://c" },
  { text: "rtsp://c/live/admin/hunter2/0 failed", secret: "hunter2", keeps: "rtsp://c failed" },
  { text: "rtsp://c/s?sessionToken=hunter2", secret: "hunter2", keeps: "rtsp://c" },
  { text: "rtsp://c?anything=hunter2", secret: "hunter2", keeps: "rtsp://c" },
  { text: "rtsp://u:hunt/er2@c:554/s", secret: "hunt", keeps: "rtsp://[redacted]" },
  { text: "rtsp://u:hunt/er2@c:554/s", secret: "er2", keeps: "rtsp://[redacted]" },
  { text: "rtsp://u:hunt@er/2@c:554/s", secret: "er", keeps: "rtsp://[redacted]" },
  { text: "rtsp:hunter2", secret: "none", keeps: "rtsp:hunter2" },
  { text: 'of {"url":"rtsp:\\/\\/u:hunter2@c\\/s"} and', secret: "hunter2", keeps: "rtsp://c" },
  { text: "?to=rtsp%3A%2F%2Fu%3Ahunter2%40c%2Fs", secret: "hunter2", keeps: "rtsp://[redacted]" },
  { text: "/user=admin_password=hunter_x2_channel=1", secret: "r_x2", keeps: "_channel=1" },
  { text: "/password=hunter2_unknown=more", secret: "hunter2", keeps: "/password=" },
  { text: "/user=admin&password=hunter2&channel=1", secret: "hunter2", keeps: "&channel=1" },
  { text: "/user=admin&password=hunter2&channel=1", secret: "admin", keeps: "/user=" },
  { text: "/s;passwd=hunter2;ch=1", secret: "hunter2", keeps: ";ch=1" },
  { text: "/s/pwd=hunt/er2 failed", secret: "er2", keeps: " failed" },
  { text: "/s?PASS=hunt?er2", secret: "er2", keeps: "PASS=" },
  { text: "/s?access_token=hunter2", secret: "hunter2", keeps: "/s" },
  { text: "/s?authToken=hunter2&x=1", secret: "hunter2", keeps: "&x=1" },
  { text: "Authorization: Basic dXNlcjpwYXNz", secret: "dXNlcjpwYXNz", keeps: "Basic" },
  { text: "authorization: bearer abc.def-123", secret: "abc.def-123", keeps: "bearer" },
];

for (const { text, secret, keeps } of CASES) {
  Deno.test(`redact: nothing is left of the credential in ${text}`, () => {
    const out = redactText(text);
    assert.ok(!out.includes(secret), out);
    assert.ok(out.includes(keeps), out);
  });
}

Deno.test("redact: a text without credentials stays as it is", () => {
  for (
    const text of [
      "rtsp://cam.lan:554",
      "Write, for example, rtsp://host:port.",
      "rtsp://, rtsps://, file:PATH or demo:",
      "file:///srv/clip.mp4 and file:clips/a@b.mp4",
      "/channel=1_stream=0",
      "fps=25 camera=gate",
      "a@b.example",
      "token",
    ]
  ) {
    assert.equal(redactText(text), text);
  }
});

/** What may stand between the : and the @ of a URL without ending it. */
const password = fc.string({ minLength: 3, maxLength: 24, unit: "grapheme-ascii" })
  .filter((text) =>
    !/[\s/?#"'<>@]/.test(text) && text.trim() !== "" && !"[redacted]".includes(text)
  );

Deno.test("redact: no password of a URL survives, whatever it is made of", () => {
  fc.assert(fc.property(password, fc.webPath(), (secret, path) => {
    const out = redactText(`opening rtsp://user:${secret}@cam:554${path} failed`);
    assert.match(out, /^opening rtsp:\/\/(?:cam:554|\[redacted\])[.,:;!)"'`}>]{0,3} failed$/);
  }));
});

Deno.test("redact: redacting twice changes nothing more", () => {
  fc.assert(fc.property(fc.string(), password, (noise, secret) => {
    const once = redactText(`${noise} rtsp://u:${secret}@host/ ${noise}`);
    assert.equal(redactText(once), once);
  }));
});

Deno.test("redact: a long text takes a time that grows with its length alone", () => {
  const started = performance.now();
  for (
    const part of ["x", "x:", "basic ", "?user=", "a://", "a://b:", "_password=", "/pw=x_", "_pass"]
  ) {
    redactText(part.repeat(500_000 / part.length));
  }
  const tookMs = performance.now() - started;
  assert.ok(tookMs < 20_000, `${tookMs} ms; a quadratic pattern takes minutes`);
});

Deno.test("redactor: a known secret vanishes in clear, encoded and quoted, from any depth", () => {
  const surroundings = JSON.stringify(["xy enc failed with ! Error: [redacted]", { value: "" }]);
  const secret = fc.string({ minLength: MIN_REDACTED_CHARS, maxLength: 40 })
    .filter((text) => !surroundings.includes(text));
  fc.assert(fc.property(secret, (value) => {
    const encoded = encodeURIComponent(value);
    const redactor = new Redactor([value]);
    const data = {
      a: [`x${value}y`, { b: `enc ${encoded}`, c: new Error(`failed with ${value}!`) }],
      json: JSON.stringify({ value }),
    };
    for (const text of leaves(redactor.value(data))) {
      // What surrounds a replaced secret may, together with it, look like the secret again.
      for (const rest of text.split("[redacted]")) {
        assert.ok(!rest.includes(value), `${value} in ${text}`);
        assert.ok(!rest.includes(encoded), `${encoded} in ${text}`);
      }
    }
  }));
});

Deno.test("redactor: of two secrets of which one holds the other nothing is left", () => {
  const redactor = new Redactor(["hunter", "hunter2000"]);
  assert.equal(redactor.text("hunter2000 and hunter"), "[redacted] and [redacted]");
});

Deno.test("redactor: secrets shorter than the bound do not mangle texts", () => {
  assert.equal(new Redactor(["a", "cam", ""]).text("a camera"), "a camera");
  assert.equal(new Redactor(["came"]).text("a camera"), "a [redacted]ra");
});

Deno.test("redactor: a secret is found whichever of its characters are encoded", () => {
  const value = 'p@ss w/ü%"€';
  const redactor = new Redactor([value]);
  const all = fc.tuple(...[...value].map((character) =>
    fc.constantFrom(
      character,
      encodeURIComponent(character),
      encodeURIComponent(character).toLowerCase(),
      JSON.stringify(character).slice(1, -1),
    )
  ));
  fc.assert(fc.property(all, (characters) => {
    assert.equal(redactor.text(`<${characters.join("")}>`), "<[redacted]>");
  }));
  const encoded = new Redactor([encodeURIComponent(value)]);
  assert.equal(
    encoded.text(`<${value}> <${encodeURIComponent(value)}>`),
    "<[redacted]> <[redacted]>",
  );
});

Deno.test("redactor: plain data keeps its shape", () => {
  const redactor = new Redactor();
  const data = { n: 1, t: true, z: null, list: [1, "x"], big: 12n, secret: new Secret("hush") };
  assert.deepEqual(redactor.value(data), {
    n: 1,
    t: true,
    z: null,
    list: [1, "x"],
    big: "12",
    secret: "[redacted]",
  });
});

Deno.test("redactor: data that holds itself ends", () => {
  const loop: { self?: unknown } = {};
  loop.self = loop;
  assert.ok(JSON.stringify(new Redactor().value(loop)).includes("[too deep]"));
});

/** Every string in plain data. */
function leaves(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (value === null || typeof value !== "object") return [];
  return Object.values(value).flatMap(leaves);
}
