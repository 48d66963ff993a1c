import assert from "node:assert/strict";
import fc from "fast-check";
import { subStreamOf } from "../../../../src/cli/init/substream.ts";
import { cli } from "../rig.ts";
import { settingsOf, variablesOf } from "./written.ts";

const PASSWORD = "hunter2-in-the-lobby";

/** What `init --offline` prints for these addresses. */
async function written(...urls: readonly string[]): Promise<string> {
  const { code, out, err } = await cli(["init", "--offline", ...urls]);
  assert.deepEqual([code, err], [0, ""]);
  return out;
}

Deno.test("init: a password becomes a variable that is named, and the rest stays as it was given", async () => {
  const special = fc.string({ unit: "binary", minLength: 1, maxLength: 20 })
    .map((text) => encodeURIComponent(text.toWellFormed()))
    .filter((text) => !/^[a-z0-9]{1,3}$/i.test(text));
  const path = fc.constantFrom(
    "/Streaming/Channels/101",
    "/cam/realmonitor?channel=1&subtype=0",
    "",
    "/s?x=1",
  );
  await fc.assert(
    fc.asyncProperty(special, path, async (secret, rest) => {
      const url = `rtsp://viewer:${secret}#${rest}`.replace("#", "@gate.lan:8554");
      const text = await written(url);
      assert.deepEqual(variablesOf(text), ["GATE_PASSWORD"]);
      const settings = settingsOf(text, (name) => name === "GATE_PASSWORD" ? secret : undefined);
      assert.equal(settings.cameras[0]?.url.expose(), url);
      if (secret.length > 3) assert.ok(!text.includes(secret), text);
    }),
    { numRuns: 50 },
  );
});

/** Addresses with secrets in other places; each is restored from the variables that are named. */
const SECRETS: readonly { url: string; env: Readonly<Record<string, string>> }[] = [
  {
    url: "rtsp://192.0.2.7/user=admin_password=hunter2x_channel=1_stream=0.sdp?real_stream",
    env: { CAMERA_192_0_2_7_SECRET: "hunter2x" },
  },
  {
    url: "rtsp://gate/live?user=a&pwd=hunter2y&token=hunter2z",
    env: { GATE_SECRET: "hunter2y", GATE_SECRET2: "hunter2z" },
  },
  {
    url: "rtsps://192.0.2.1:7441/AbCdEf1234567890?enableSrtp",
    env: { CAMERA_192_0_2_1_KEY: "AbCdEf1234567890" },
  },
  {
    url: "rtsp://9lives.lan:hunter2@[2001:db8::1]:554/x",
    env: { CAMERA_2001_DB8_1_PASSWORD: "hunter2" },
  },
  { url: "rtsp://hunter2@gate.lan/x", env: { GATE_LOGIN: "hunter2" } },
  { url: "rtsp://u:a$hunter2@1gate.lan/x", env: { CAMERA_1GATE_PASSWORD: "a$hunter2" } },
];

for (const { url, env } of SECRETS) {
  Deno.test(`init: no secret of ${url.replace(/hunter2\w?/g, "…")} is printed`, async () => {
    const text = await written(url);
    for (const secret of Object.values(env)) assert.ok(!text.includes(secret), text);
    assert.deepEqual(new Set(variablesOf(text)), new Set(Object.keys(env)));
    const settings = settingsOf(text, (name) => env[name]);
    assert.equal(settings.cameras[0]?.url.expose(), url);
  });
}

Deno.test("init: the names of streams are no keys", async () => {
  for (
    const path of ["/h264Preview_01_main", "/cam/realmonitor?channel=1", "/Streaming/Channels/1"]
  ) {
    const text = await written(`rtsp://gate.lan${path}`);
    assert.deepEqual(variablesOf(text), [], path);
    assert.ok(text.includes(`gate.lan${path}`), text);
  }
});

Deno.test("init: an address may take its password from a variable, whose name stays", async () => {
  const text = await written("rtsp://viewer:${GATE_PW}@gate.lan/x");
  assert.match(text, /^ {4}url: "?rtsp:\/\/viewer:\$\{GATE_PW\}@gate\.lan\/x"?$/m);
  assert.deepEqual(variablesOf(text), ["GATE_PW"]);
});

Deno.test("init: ids are made of hosts and of what distinguishes streams of one host", async () => {
  const urls: readonly (readonly [url: string, id: string])[] = [
    ["rtsp://Front-Door.lan/a", "front-door"],
    ["rtsp://192.0.2.9/a", "camera-192-0-2-9"],
    ["rtsp://nvr.lan/Streaming/Channels/101", "nvr-101"],
    ["rtsp://nvr.lan/Streaming/Channels/201", "nvr-201"],
    ["rtsp://dvr/cam/realmonitor?channel=1&subtype=1", "dvr-channel-1"],
    ["rtsp://dvr/cam/realmonitor?channel=2&subtype=1", "dvr-channel-2"],
    ["rtsp://dvr/user=a_password=secret_channel=3_stream=1.sdp", "dvr-channel-3"],
    ["rtsp://x/a", "x-a"],
    ["rtsp://x/A", "x-a-2"],
    ["file:clips/Hall_1.mp4", "hall-1"],
    ["demo:", "demo"],
    ["back-gate=rtsp://192.0.2.8/a", "back-gate"],
  ];
  const text = await written(...urls.map(([url]) => url));
  const { cameras } = settingsOf(text, () => "value");
  assert.deepEqual(cameras.map(({ id }) => id), urls.map(([, id]) => id));
});

Deno.test("init: without an address it prints an example, or asks on a terminal", async () => {
  const example = await written();
  assert.equal(settingsOf(example, () => undefined).cameras[0]?.kind, "demo");
  const answers = ["rtsp://a.lan/x", " rtsp://b.lan/x ", ""];
  const { code, out, err } = await cli(["init", "--offline"], { answers });
  assert.equal(code, 0);
  assert.deepEqual(settingsOf(out, () => undefined).cameras.map(({ id }) => id), ["a", "b"]);
  assert.match(err, /^Address of a camera/);
});

Deno.test("init: addresses may come from standard input, one a line", async () => {
  const input = "\nrtsp://u:hunter2@a.lan/x\r\nrtsp://b.lan/x\n";
  const { out } = await cli(["init", "--offline", "-"], { input });
  assert.deepEqual(settingsOf(out, () => "p").cameras.map(({ id }) => id), ["a", "b"]);
  assert.ok(!out.includes("hunter2"));
  const none = await cli(["init", "-"], { input: "\n \n" });
  assert.equal(none.code, 2);
  assert.match(none.err, /^error: Standard input holds no address\n {2}→ /);
});

/** The permissions for a command line, by their kind. */
async function grants(...words: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const { code, out } = await cli(["permissions", "--flags", "--", "init", ...words]);
  assert.equal(code, 0);
  return new Map(
    [...out.matchAll(/^--allow-(\w+)=(.*)$/gm)].map(([, kind = "", of = ""]) => [kind, of]),
  );
}

Deno.test("init: it may connect to the named hosts and read the named variables, and no more", async () => {
  const two = await grants("rtsp://u:${PW}@192.0.2.7:8554/x", "rtsps://cam.lan/x");
  assert.equal(two.get("net"), "192.0.2.7:8554,cam.lan:322");
  assert.equal(two.get("env"), "PW");
  assert.ok(!two.get("ffi")?.includes("avformat"));
  assert.deepEqual([...await grants("--offline", "rtsp://192.0.2.7/x")], []);
  assert.deepEqual([...await grants()], []);
  assert.deepEqual([...await grants("--from-frigate", "a/config.yml")], [
    ["read", "/home/me/a/config.yml"],
  ]);
  assert.deepEqual([...await grants("rtsp://u:${PW}@@h/x")], []);
});

Deno.test("init: a missing permission, or an unset variable, is one error before a camera is opened", async () => {
  const isGranted = (kind: string) => kind !== "net";
  const denied = await cli(["init", "rtsp://h.lan/x"], { isGranted });
  assert.deepEqual([denied.code, denied.out], [2, ""]);
  assert.match(denied.err, /^error: init needs to connect to or listen on h\.lan:554/);
  const unset = await cli(["init", "rtsp://u:${PW}@h.lan/x"]);
  assert.deepEqual([unset.code, unset.out], [2, ""]);
  assert.match(unset.err, /^error: Address 1: the environment variable PW is not set\n/);
});

/** Hosts, ports, credentials and schemes that are wrong, each with a password that must not be shown. */
const WRONG_PARTS: readonly string[] = [
  ...["", " ", "x", "hunter2", "u:hunter2@gate", "//u:hunter2@gate/x", "192.0.2.7", "gate.lan:554"],
  ...["http", "https", "rtmp", "rtp", "udp", "onvif", "ftp", "mqtt", "rtspx", "rstp", "RTSPZ"]
    .map((scheme) => `${scheme}://u:hunter2@gate/x`),
  ...["rtsp:", "rtsp:/", "rtsp://", "rtsp:///", "rtsp:gate/x", "rtsp:/u:hunter2@gate", "rtsps://"],
  ...["", ".", "..", "a..b", ".a", "a b", "a\tb", "a\nb", "a\u0000b", "[", "]", "[]", "[::1", "::1"]
    .map((host) => `rtsp://u:hunter2@${host}/x`),
  ...["[fe80::1%25eth0]", "[1.2.3.4]", "[g::1]", "[2001:db8]", "a,b", "a;b", "a{b}", "a*b", "(a)"]
    .map((host) => `rtsp://u:hunter2@${host}/x`),
  ...["0", "65536", "99999", "-1", "1.5", "port", "554x", "0x22a", "", "${PORT}"]
    .map((port) => `rtsp://u:hunter2@gate:${port}/x`),
  ...["hunter2@", "hunter2/", "hunter2#", "hunter2@a/", "#hunter2", "a/hunter2", "a@hunter2"]
    .map((password) => `rtsp://u:${password}@gate/x`),
  ...["rtsp://gate/x#hunter2", "rtsp://gate/x@hunter2", "rtsp://gate/x?p=a@hunter2"],
  ...["file:", "file://host/x", "file://hunter2@host/x", "demo:x", "demo://", "demo:hunter2"],
];

Deno.test("init: each wrong address is one error with a remedy, which does not show it", async () => {
  assert.ok(WRONG_PARTS.length >= 70, `${WRONG_PARTS.length}`);
  for (const url of WRONG_PARTS) {
    const { code, out, err } = await cli(["init", "--offline", "demo:", url]);
    assert.deepEqual([code, out], [2, ""], JSON.stringify(url));
    assert.match(err, /^error: Address 2 of 2 [^\n]+\n {2}→ [^\n]+\n$/, JSON.stringify(url));
    assert.ok(!err.includes("hunter2"), err);
  }
});

Deno.test("init: an address that is given twice, or too many, are refused", async () => {
  const twice = await cli(["init", `rtsp://u:${PASSWORD}@h/x`, `rtsp://u:${PASSWORD}@h/x`]);
  assert.equal(twice.code, 2);
  assert.match(twice.err, /^error: Address 2 of 2 is address 1 again\n {2}→ Remove one of them/);
  const named = await cli(["init", "--offline", "a=rtsp://h/x", "demo:", "a=rtsp://h/y"]);
  assert.match(named.err, /^error: Two addresses are named "a"\n/);
  const many = Array.from({ length: 65 }, (_, index) => `rtsp://h${index}/x`);
  const refused = await cli(["init", ...many]);
  assert.match(refused.err, /^error: 65 addresses were given, and Orion takes 64 cameras\n/);
});

Deno.test("init: the sub-stream of a common camera is found from the address of its main stream", () => {
  const pairs: readonly (readonly [main: string, sub: string | null])[] = [
    ["rtsp://h/Streaming/Channels/101", "rtsp://h/Streaming/Channels/102"],
    ["rtsp://h/Streaming/Channels/1601?a", "rtsp://h/Streaming/Channels/1602?a"],
    ["rtsp://h/h264/ch1/main/av_stream", "rtsp://h/h264/ch1/sub/av_stream"],
    [
      "rtsp://h/cam/realmonitor?channel=1&subtype=0",
      "rtsp://h/cam/realmonitor?channel=1&subtype=1",
    ],
    ["rtsp://h/h264Preview_01_main", "rtsp://h/h264Preview_01_sub"],
    ["rtsp://h/Preview_02_main", "rtsp://h/Preview_02_sub"],
    ["rtsp://h/stream1", "rtsp://h/stream2"],
    ["rtsp://h/media/video1", "rtsp://h/media/video2"],
    ["rtsp://h/videoMain", "rtsp://h/videoSub"],
    ["rtsp://h/Streaming/Channels/102", null],
    ["rtsp://h/axis-media/media.amp", null],
    ["rtsp://h/stream10", null],
  ];
  for (const [main, sub] of pairs) assert.equal(subStreamOf(main), sub);
});
