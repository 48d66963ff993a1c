/** Cameras that require a login: schemes, stale nonces, wrong and changed passwords. */
import assert from "node:assert/strict";
import { FaultyCamera } from "../support/cameras/faulty_camera/camera.ts";
import type { CameraClip } from "../support/cameras/faulty_camera/clip.ts";
import type { AuthScheme, FaultyCameraOptions } from "../support/cameras/faulty_camera/options.ts";
import { patternCameraClip, PatternWatch } from "../support/cameras/faulty_camera/pattern_watch.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { PASSWORD, tracesIn } from "../support/product/secrecy.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
const FRAMES = 10;
/** Credentials with characters that have to be quoted or encoded. */
const LOGIN = { user: 'view"er', password: PASSWORD };

const NO_CLIP: CameraClip = { codec: "h264", pictures: [], parameterSets: [] };
const clip = ignore ? NO_CLIP : await patternCameraClip(100);

function start(options: FaultyCameraOptions): FaultyCamera {
  return FaultyCamera.start({ clip, playback: { fps: 50 }, ...options });
}

/** The credentials expected for a scheme. */
const SCHEMES: readonly (readonly [AuthScheme, RegExp])[] = [
  ["basic", /^Basic /],
  ["digest-md5", /^Digest (?!.*algorithm)/],
  ["digest-sha256", /^Digest .*algorithm=SHA-256/],
  ["digest-md5-sha256", /^Digest .*algorithm=SHA-256/],
  ["basic-digest", /^Digest /],
];

for (const [scheme, wanted] of SCHEMES) {
  for (const qop of scheme === "basic" ? [false] : [false, true]) {
    Deno.test({
      name: `rtsp: a camera that requires ${scheme}${qop ? " with qop" : ""} is played`,
      ignore,
      async fn() {
        await using camera = start({ auth: { ...LOGIN, scheme, qop, realm: "IP Camera(A1)" } });
        await using watch = new PatternWatch(camera);
        await watch.pictures(FRAMES);
        await watch.assertUndisturbed();
        const statuses = camera.log.requests.map(({ method, status }) => `${method} ${status}`);
        const refused = statuses.filter((status) => status.endsWith(" 401"));
        assert.deepEqual(refused, ["DESCRIBE 401"], `${statuses}`);
        for (const { headers } of camera.log.requests) {
          const authorization = headers.get("authorization");
          if (authorization !== undefined) assert.match(authorization, wanted);
        }
      },
    });
  }
}

Deno.test({
  name: "rtsp: stale nonces are renewed, during SETUP and while it plays",
  ignore,
  async fn() {
    await using camera = start({
      auth: { ...LOGIN, scheme: "digest-sha256", qop: true, staleAfterSeconds: 0.5 },
      control: { timeoutSeconds: 4, enforcesTimeout: true },
    });
    await using watch = new PatternWatch(camera);
    const { log } = camera;
    const renewed = () => log.of("GET_PARAMETER").filter(({ status }) => status === 200);
    await log.until("two keepalives", () => renewed().length >= 2);
    assert.ok(log.of("GET_PARAMETER").some(({ status }) => status === 401), "no nonce was stale");
    await watch.pictures(FRAMES);
    await watch.assertUndisturbed();
  },
});

for (const scheme of ["basic", "digest-sha256"] as const) {
  Deno.test({
    name:
      `rtsp: ${scheme}: a password that is changed while the camera plays is refused at most three times`,
    ignore,
    async fn() {
      await using camera = start({
        auth: { ...LOGIN, scheme, staleAfterSeconds: 0.5 },
        control: { timeoutSeconds: 1 },
      });
      await using watch = new PatternWatch(camera);
      await watch.pictures(FRAMES);
      const { log, behaviour } = camera;
      const before = log.requests.length;
      behaviour.auth.password = "another";
      behaviour.control.refusals = [{ method: "OPTIONS", status: 401 }];
      const keepalives = () => log.requests.slice(before);
      await log.until("seven keepalives", () => keepalives().length >= 7);
      const refused = keepalives().filter(({ status, headers }) =>
        status === 401 && headers.has("authorization")
      );
      assert.ok(refused.length >= 2 && refused.length <= 3, `${refused.length}`);
      await watch.pictures(FRAMES);
      await watch.assertUndisturbed();
    },
  });
}

Deno.test({
  name: "rtsp: a session whose user may not send GET_PARAMETER is kept alive by OPTIONS",
  ignore,
  async fn() {
    await using camera = start({
      auth: { ...LOGIN, scheme: "basic" },
      control: {
        ...{ timeoutSeconds: 2, enforcesTimeout: true },
        refusals: [{ method: "GET_PARAMETER", status: 401 }],
      },
    });
    await using watch = new PatternWatch(camera);
    const { log } = camera;
    const renewed = () => log.of("OPTIONS").filter(({ headers }) => headers.has("session"));
    await log.until("three keepalives", () => renewed().length >= 3);
    assert.equal(log.of("GET_PARAMETER").length, 1);
    assert.ok(renewed().every(({ headers }) => headers.has("authorization")));
    await watch.pictures(FRAMES);
    await watch.assertUndisturbed();
  },
});

Deno.test({
  name: "rtsp: after a Digest challenge the password is never sent with Basic",
  ignore,
  async fn() {
    await using camera = start({
      auth: { ...LOGIN, scheme: "digest-md5", downgrades: true },
    });
    await using watch = new PatternWatch(camera);
    const { reason } = await watch.run.state("offline");
    assert.equal(reason, "STREAM_AUTH_UNSUPPORTED");
    const shown = camera.log.requests.map(({ headers }) => headers.get("authorization") ?? "");
    assert.ok(shown.some((text) => text.startsWith("Digest ")));
    assert.ok(!shown.some((text) => text.startsWith("Basic ")), "the password was shown");
    const said = JSON.stringify([watch.run.logs, watch.run.states]);
    assert.deepEqual(tracesIn(said), []);
  },
});

Deno.test({
  name: "rtsp: a wrong password is tried three times, and then once a minute",
  ignore,
  async fn() {
    await using camera = start({ auth: { ...LOGIN, scheme: "digest-sha256" } });
    await using watch = new PatternWatch(camera, { url: camera.login(LOGIN.user, "no") });
    const { logs } = watch.run;
    const delays = () =>
      logs.filter(({ event }) => event === "camera.retry_scheduled").map(({ fields }) =>
        Number(fields["delayMs"])
      );
    await watch.run.until("a third delay", () => delays().length >= 3);
    const [first = 0, second = 0, third = 0] = delays();
    assert.ok(first < 1500 && second < 3000 && third >= 60_000, `${delays()}`);
    const answered = camera.log.requests.filter(({ headers }) => headers.has("authorization"));
    assert.equal(answered.length, 3, "once for each connection");
    assert.ok(watch.run.states.some(({ reason }) => reason === "STREAM_UNAUTHORISED"));
  },
});
