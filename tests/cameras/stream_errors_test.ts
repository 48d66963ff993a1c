/** Failures of cameras are reported by code: by `check --connect`, in the log and over MQTT. */
import assert from "node:assert/strict";
import { FaultyCamera } from "../support/cameras/faulty_camera/camera.ts";
import type { CameraClip } from "../support/cameras/faulty_camera/clip.ts";
import type { FaultyCameraOptions, Refusal } from "../support/cameras/faulty_camera/options.ts";
import { tempFolder } from "../support/system/files.ts";
import { makeCertificates } from "../support/brokers/mosquitto.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { freePort } from "../support/system/ports.ts";
import { runOrion } from "../support/product/process.ts";
import { Rig } from "../support/product/rig.ts";
import { PASSWORD, REALM, tracesIn, USER } from "../support/product/secrecy.ts";

/** A failure: its code, and a part of the message of `check`. */
interface Expected {
  readonly code: string;
  readonly message: RegExp;
  readonly remedy: RegExp;
}

function refused(status: number, more: Partial<Refusal> = {}): FaultyCameraOptions {
  return { tracks: [], control: { refusals: [{ method: "DESCRIBE", status, ...more }] } };
}

/** A dummy picture: it is never played. */
const NEVER_PLAYED: CameraClip = { codec: "h264", pictures: [], parameterSets: [] };

const LOGIN = { user: USER, password: PASSWORD, realm: REALM };

/** Cameras that respond, and their failures. */
const ANSWERING: Readonly<Record<string, Expected & { readonly camera: FaultyCameraOptions }>> = {
  "wrong-password": {
    camera: { tracks: [], auth: { ...LOGIN, password: "another", scheme: "digest-sha256" } },
    code: "STREAM_UNAUTHORISED",
    message: /the camera refuses the user or the password/,
    remedy: /Check the user and the password in the camera's URL/,
  },
  "unknown-algorithm": {
    camera: { tracks: [], auth: { ...LOGIN, scheme: "unknown-algorithm" } },
    code: "STREAM_AUTH_UNSUPPORTED",
    message: /algorithm/,
    remedy: /authentication to Digest with MD5 or SHA-256/,
  },
  "auth-int": {
    camera: { tracks: [], auth: { ...LOGIN, scheme: "auth-int" } },
    code: "STREAM_AUTH_UNSUPPORTED",
    message: /auth-int/,
    remedy: /authentication to Digest with MD5 or SHA-256/,
  },
  forbidden: {
    camera: refused(403),
    code: "STREAM_FORBIDDEN",
    message: /the camera answered 403/,
    remedy: /the right to view this stream/,
  },
  missing: {
    camera: refused(404),
    code: "STREAM_NOT_FOUND",
    message: /the camera answered 404/,
    remedy: /Check the path/,
  },
  bandwidth: {
    camera: refused(453, { reason: "Not Enough Bandwidth" }),
    code: "STREAM_BANDWIDTH",
    message: /the camera answered 453 \(Not Enough Bandwidth\)/,
    remedy: /Close other viewers/,
  },
  session: {
    camera: refused(454),
    code: "STREAM_SESSION",
    message: /the camera answered 454/,
    remedy: /opens a new one/,
  },
  broken: {
    camera: refused(500),
    code: "STREAM_SERVER",
    message: /the camera answered 500/,
    remedy: /a fault of its own/,
  },
  busy: {
    camera: refused(503, { headers: { "Retry-After": "7" } }),
    code: "STREAM_UNAVAILABLE",
    message: /the camera answered 503/,
    remedy: /The camera is busy/,
  },
  "over-udp-alone": {
    camera: { clip: NEVER_PLAYED, control: { transports: "udp" } },
    code: "STREAM_TRANSPORT",
    message: /the camera answered 461/,
    remedy: /Set transport: udp for this camera/,
  },
  quoting: {
    camera: refused(403, { reason: `no ${USER}:${PASSWORD} here` }),
    code: "STREAM_FORBIDDEN",
    message: /the camera answered 403/,
    remedy: /the right to view this stream/,
  },
  redirecting: {
    camera: {
      tracks: [],
      control: { redirect: { status: 302, location: `rtsp://${USER}:x@127.0.0.2:1/y` } },
    },
    code: "STREAM_REDIRECT",
    message: /the camera redirects to 127\.0\.0\.2:1$/m,
    remedy: /allowRedirect: \[127\.0\.0\.2:1\]/,
  },
  soundless: {
    camera: { tracks: [{ kind: "audio" }] },
    code: "STREAM_NO_VIDEO",
    message: /video/,
    remedy: /carries video/,
  },
  nonsense: {
    camera: { tracks: [], description: { text: "this is no description" } },
    code: "STREAM_INVALID",
    message: /./,
    remedy: /Check that the address is a video stream/,
  },
  silent: {
    camera: { tracks: [], ending: { freezeAt: "accept" } },
    code: "STREAM_TIMEOUT",
    message: /no answer to OPTIONS in \d+ ms/,
    remedy: /RTSP port/,
  },
};

/** Cameras that do not exist. */
const ABSENT: Readonly<Record<string, Expected & { readonly host: string }>> = {
  off: {
    host: `127.0.0.1:${freePort()}`,
    code: "STREAM_REFUSED",
    message: /the connection was refused/,
    remedy: /Check the port/,
  },
  nameless: {
    host: "no-such-host.invalid",
    code: "STREAM_NAME_UNKNOWN",
    message: /no such host name/,
    remedy: /Check the host name/,
  },
};

const EXPECTED: Readonly<Record<string, Expected>> = { ...ANSWERING, ...ABSENT };

/** The others respond, possibly late on a busy machine. */
const NEVER_ANSWERS = "silent";

/** Starts the cameras that respond. @returns the configuration of all */
function camerasYaml(stack: AsyncDisposableStack): string {
  const login = `rtsp://${USER}:${encodeURIComponent(PASSWORD)}@`;
  const urls = [
    ...Object.entries(ANSWERING).map(([id, { camera }]) => {
      const { url } = stack.use(FaultyCamera.start(camera));
      return [id, url.replace("rtsp://", login)] as const;
    }),
    ...Object.entries(ABSENT).map(([id, { host }]) => [id, `${login}${host}/cam`] as const),
  ];
  const lines = urls.map(([id, url]) => {
    const stallTimeoutSeconds = id === NEVER_ANSWERS ? 2 : 30;
    return `  - { id: ${id}, url: "${url}", stallTimeoutSeconds: ${stallTimeoutSeconds} }\n`;
  });
  return `cameras:\n${lines.join("")}`;
}

Deno.test({
  name: "stream errors: check --connect reports the failure and the remedy of each camera",
  ignore: ignoreWithout("libav"),
  async fn() {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(tempFolder());
    const yaml = `${camerasYaml(stack)}health: { listen: off }\n`;
    const config = folder.write("orion.yaml", yaml);
    const { code, stdout, stderr } = await runOrion(["check", "--connect", "--config", config]);
    assert.equal(code, 2);
    for (const [id, { message, remedy }] of Object.entries(EXPECTED)) {
      const found = new RegExp(`^error: camera ${id}: (.*)\\n {2}→ (.*)$`, "m").exec(stderr);
      assert.ok(found !== null, `${id}: ${stderr}`);
      assert.match(found[1] ?? "", message, found[0]);
      assert.match(found[2] ?? "", remedy, found[0]);
    }
    assert.deepEqual(tracesIn(stdout + stderr), []);
  },
});

Deno.test({
  name: "stream errors: run reports the code of each camera's failure, in the log and over MQTT",
  ignore: ignoreWithout("libav", "mosquitto"),
  async fn() {
    await using stack = new AsyncDisposableStack();
    const rig = stack.use(await Rig.start({ config: camerasYaml(stack) }));
    for (const [id, { code }] of Object.entries(EXPECTED)) {
      const status = await rig.subscriber.waitFor(({ topic, json }) =>
        topic === `orion/test/cameras/${id}/status` && json?.["reason"] !== null
      );
      assert.equal(status.json?.["reason"], code, id);
    }
    assert.equal(await rig.stop(), 0);
    const said = rig.subscriber.messages.map(({ payload }) => payload).join("\n");
    assert.deepEqual(tracesIn(said + rig.orion.stderr.text()), []);
  },
});

Deno.test({
  name: "stream errors: the fingerprint in the remedy is accepted as written",
  ignore: ignoreWithout("libav"),
  async fn() {
    using folder = tempFolder();
    const { server } = await makeCertificates(folder);
    const tls = {
      cert: Deno.readTextFileSync(server.cert),
      key: Deno.readTextFileSync(server.key),
    };
    await using camera = FaultyCamera.start({ tracks: [], tls });
    const check = (more: string) => {
      const yaml =
        `cameras: [{ id: gate, url: "${camera.url}"${more} }]\nhealth: { listen: off }\n`;
      const config = folder.write("orion.yaml", yaml);
      return runOrion(["check", "--connect", "--config", config]);
    };
    const { stderr } = await check("");
    const [, fingerprint] = /^ {2}→ .*\bfingerprint: (sha256:[0-9a-f]{64})\.$/m.exec(stderr) ?? [];
    assert.ok(fingerprint !== undefined, stderr);
    assert.equal(camera.log.requests.length, 0, "it was asked nothing");
    const trusted = await check(`, fingerprint: "${fingerprint}"`);
    assert.match(trusted.stderr, /^error: camera gate: .*it names no track$/m);
    const other = await check(
      `, fingerprint: "${fingerprint.replace(/.$/, (last) => last === "0" ? "1" : "0")}"`,
    );
    assert.match(
      other.stderr,
      /^error: camera gate: .*\n {2}→ If the camera's certificate was renewed/m,
    );
  },
});
