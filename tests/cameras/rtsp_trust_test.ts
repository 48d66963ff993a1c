/** Trust: redirects to other hosts, and certificates. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import type { CameraSource } from "../../src/core/camera_types.ts";
import { FaultyCamera } from "../support/cameras/faulty_camera/camera.ts";
import type { CameraClip } from "../support/cameras/faulty_camera/clip.ts";
import type { FaultyCameraOptions } from "../support/cameras/faulty_camera/options.ts";
import { patternCameraClip, PatternWatch } from "../support/cameras/faulty_camera/pattern_watch.ts";
import { tempFolder } from "../support/system/files.ts";
import { makeCertificates } from "../support/brokers/mosquitto.ts";
import { ignoreWithout } from "../support/system/parts.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
const LOGIN = { user: "viewer", password: "hunter2" };
const FRAMES = 10;
const PLAYBACK = { fps: 50 };

const NO_CLIP: CameraClip = { codec: "h264", pictures: [], parameterSets: [] };
const clip = ignore ? NO_CLIP : await patternCameraClip(100);

function start(options: FaultyCameraOptions): FaultyCamera {
  return FaultyCamera.start({ clip, playback: PLAYBACK, ...options });
}

/** The server's certificate as `makeCertificates` makes it, but expired a day ago. @returns its path */
async function expiredCertificate(folder: string): Promise<string> {
  const at = (name: string) => `${folder}/${name}`;
  const authority = ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-extfile", at("san")];
  const { success } = await new Deno.Command("openssl", {
    args: ["x509", "-req", "-in", at("server.csr"), ...authority, "-days", "-1"]
      .concat("-out", at("expired.pem")),
    stderr: "null",
  }).output();
  assert.ok(success, "openssl failed");
  return at("expired.pem");
}

for (const status of [301, 302, 305] as const) {
  Deno.test({
    name: `rtsp: a redirect (${status}) is followed if it is allowed, and without the password`,
    ignore,
    async fn() {
      await using open = start({});
      await using closed = start({ auth: { ...LOGIN, scheme: "basic" } });
      for (const target of [open, closed]) {
        await using camera = start({
          auth: { ...LOGIN, scheme: "digest-md5" },
          control: { redirect: { status, location: target.url } },
        });
        const allowRedirect = [{ hostname: "127.0.0.1", port: target.port }];
        await using refused = new PatternWatch(camera);
        assert.equal((await refused.run.state("offline")).reason, "STREAM_REDIRECT");
        assert.equal(target.log.connections.length, 0, "it was connected to");
        await refused.run.stop();
        await using watch = new PatternWatch(camera, { allowRedirect });
        if (target === open) await watch.pictures(FRAMES);
        else assert.equal((await watch.run.state("offline")).reason, "STREAM_UNAUTHORISED");
        assert.ok(target.log.requests.length > 0);
        assert.ok(target.log.requests.every(({ headers }) => !headers.has("authorization")));
      }
    },
  });
}

Deno.test({
  name:
    "rtsp: over TLS a camera is trusted by its fingerprint or its certificate authority, else rejected",
  ignore,
  async fn(t) {
    using folder = tempFolder();
    const { server, otherCa } = await makeCertificates(folder);
    const expired = await expiredCertificate(folder.path);
    const [cert, ca, other, old] = [server.cert, server.ca, otherCa, expired]
      .map((path) => Deno.readTextFileSync(path));
    assert.ok(cert !== undefined && ca !== undefined && other !== undefined && old !== undefined);
    const key = Deno.readTextFileSync(server.key);
    const fingerprint = new X509Certificate(cert).fingerprint256.replaceAll(":", "").toLowerCase();
    const none = { ca: null, fingerprint: null, insecure: false };
    const cases: readonly (readonly [string, CameraSource["tls"], string | null, string?])[] = [
      ["its fingerprint", { ...none, fingerprint }, null],
      ["its authority", { ...none, ca }, null],
      ["nothing, by choice", { ...none, insecure: true }, null],
      ["another fingerprint", { ...none, fingerprint: "0".repeat(64) }, "STREAM_TLS_FINGERPRINT"],
      ["another authority", { ...none, ca: other }, "STREAM_TLS_UNTRUSTED"],
      ["the system's authorities", null, "STREAM_TLS_UNTRUSTED"],
      ["its authority, and has expired", { ...none, ca }, "STREAM_TLS_EXPIRED", old],
    ];
    for (const [what, tls, reason, own = cert] of cases) {
      await t.step(what, async () => {
        const auth = { ...LOGIN, scheme: "basic" } as const;
        await using camera = start({ tls: { cert: own, key }, auth });
        await using watch = new PatternWatch(camera, { tls });
        if (reason === null) {
          await watch.pictures(FRAMES);
          return void await watch.assertUndisturbed();
        }
        assert.equal((await watch.run.state("offline")).reason, reason);
        assert.equal(camera.log.requests.length, 0, "it was asked something");
      });
    }
  },
});
