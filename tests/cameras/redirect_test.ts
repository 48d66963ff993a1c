/** Redirects to another host: which are followed, and which hosts see the password. */
import assert from "node:assert/strict";
import { FaultyCamera } from "../support/cameras/faulty_camera/camera.ts";
import type { AuthScheme } from "../support/cameras/faulty_camera/options.ts";
import { TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { Relay } from "../support/brokers/relay.ts";
import { Rig } from "../support/product/rig.ts";
import { RtspServer } from "../support/cameras/rtsp_server.ts";
import { PASSWORD, PASSWORD_ENCODED, REALM, tracesIn, USER } from "../support/product/secrecy.ts";

const OTHER_HOST = "127.0.0.2";

/** The authentication schemes of the camera before its redirect. */
const SCHEMES: readonly AuthScheme[] = ["none", "basic", "digest-md5", "digest-sha256"];

/** One camera per scheme, named after it, that redirects to `other`. */
function startCameras(
  other: Relay,
  stack: AsyncDisposableStack,
): ReadonlyMap<string, FaultyCamera> {
  const redirect = { status: 302, location: `rtsp://${other.host}/stream1` } as const;
  return new Map(SCHEMES.map((scheme) => {
    const auth = { scheme, user: USER, password: PASSWORD, realm: REALM };
    return [scheme, stack.use(FaultyCamera.start({ tracks: [], auth, control: { redirect } }))];
  }));
}

function start(cameras: ReadonlyMap<string, FaultyCamera>, more: string): Promise<Rig> {
  const lines = [...cameras].map(([id, { url }]) =>
    `  - { id: ${id}, url: "${url.replace("://", `://${USER}:\${CAMERA_PASSWORD}@`)}"${more} }`
  );
  const detectors = "detectors: [{ id: person, model: builtin:person-int8, rateHz: 1 }]";
  return Rig.start({
    config: `cameras:\n${lines.join("\n")}\n${detectors}`,
    env: { CAMERA_PASSWORD: PASSWORD_ENCODED },
  });
}

/** Asserts that each camera saw its own password, if it required one, before its redirect. */
function assertRedirected(cameras: ReadonlyMap<string, FaultyCamera>): void {
  for (const [scheme, { log }] of cameras) {
    const last = log.of("DESCRIBE").at(-1);
    assert.equal(last?.status, 302, scheme);
    assert.equal(last?.headers.has("authorization"), scheme !== "none", scheme);
  }
}

Deno.test({
  name:
    "redirect: a host that is not allowed is not connected to, and the remedy names the key that allows it",
  ignore: ignoreWithout("libav", "mosquitto"),
  async fn() {
    await using stack = new AsyncDisposableStack();
    const other = stack.use(Relay.start({ hostname: OTHER_HOST, to: 1 }));
    const cameras = startCameras(other, stack);
    const rig = stack.use(await start(cameras, ""));
    for (const id of cameras.keys()) {
      const failed = await rig.orion.waitFor("camera.failed", ({ camera }) => camera === id);
      assert.equal(failed["code"], "STREAM_REDIRECT", id);
      const remedy = String(failed["remedy"]);
      assert.ok(remedy.includes(`allowRedirect: [${other.host}]`), remedy);
      const status = await rig.subscriber.waitFor(({ topic, json }) =>
        topic === `orion/test/cameras/${id}/status` && json?.["state"] === "offline"
      );
      assert.equal(status.json?.["reason"], "STREAM_REDIRECT", id);
      // Nor on the next attempt.
      await rig.orion.waitFor("camera.retry_scheduled", ({ camera }) => camera === id);
    }
    assertRedirected(cameras);
    assert.equal(await rig.stop(), 0);
    assert.equal(other.accepted, 0);
  },
});

Deno.test({
  name: "redirect: an allowed host delivers frames, and never sees the password",
  ignore: ignoreWithout("libav", "mosquitto", "gst-rtsp-server"),
  async fn() {
    await using stack = new AsyncDisposableStack();
    const server = stack.use(await RtspServer.start({ clip: TWO_PEOPLE_CLIP }));
    const other = stack.use(Relay.start({ hostname: OTHER_HOST, to: server.port }));
    const cameras = startCameras(other, stack);
    const rig = stack.use(await start(cameras, `, allowRedirect: ["${other.host}"]`));
    for (const id of cameras.keys()) await rig.inferences(id, 2);
    assertRedirected(cameras);
    assert.equal(await rig.stop(), 0);
    assert.equal(other.accepted, cameras.size);
    assert.match(other.sent, /^PLAY rtsp:\/\/127\.0\.0\.2:/m);
    assert.doesNotMatch(other.sent, /authorization/i);
    assert.deepEqual(tracesIn(other.sent + rig.orion.stderr.text()), []);
  },
});

Deno.test({
  name: "redirect: an allowed host that requires a password gets none",
  ignore: ignoreWithout("libav", "mosquitto"),
  async fn() {
    await using stack = new AsyncDisposableStack();
    const auth = { scheme: "basic-digest", user: USER, password: PASSWORD, realm: REALM } as const;
    const asking = stack.use(FaultyCamera.start({ tracks: [], auth }));
    const other = stack.use(Relay.start({ hostname: OTHER_HOST, to: asking.port }));
    const cameras = startCameras(other, stack);
    const rig = stack.use(await start(cameras, `, allowRedirect: ["${other.host}"]`));
    for (const id of cameras.keys()) {
      const failed = await rig.orion.waitFor("camera.failed", ({ camera }) => camera === id);
      assert.equal(failed["code"], "STREAM_UNAUTHORISED", id);
    }
    assert.equal(await rig.stop(), 0);
    assert.ok(asking.log.of("DESCRIBE").every(({ status }) => status === 401));
    assert.doesNotMatch(other.sent, /authorization/i);
    assert.deepEqual(tracesIn(other.sent), []);
  },
});
