/** A camera that sends its clients to another host: where that may lead, and who sees the password. */
import assert from "node:assert/strict";
import { FaultyCamera } from "../support/cameras/faulty_camera/camera.ts";
import type { AuthScheme } from "../support/cameras/faulty_camera/options.ts";
import { DEMO_CLIP } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { Relay } from "../support/brokers/relay.ts";
import { Rig } from "../support/product/rig.ts";
import { RtspServer } from "../support/cameras/rtsp_server.ts";
import { PASSWORD, PASSWORD_ENCODED, REALM, tracesIn, USER } from "../support/product/secrecy.ts";

const OTHER_HOST = "127.0.0.2";

/** How the camera asks for the password before it sends its clients away. */
const SCHEMES: readonly AuthScheme[] = ["none", "basic", "digest-md5", "digest-sha256"];

/** One camera for each scheme, called after it, that leads to `other`. */
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

/** Each camera saw its own password, where it asked for it, before it answered with the redirect. */
function assertRedirected(cameras: ReadonlyMap<string, FaultyCamera>): void {
  for (const [scheme, { log }] of cameras) {
    const last = log.of("DESCRIBE").at(-1);
    assert.equal(last?.status, 302, scheme);
    assert.equal(last?.headers.has("authorization"), scheme !== "none", scheme);
  }
}

Deno.test({
  name: "redirect: another host is not connected to, and the reason names the key that allows it",
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
      // Nor the next time.
      await rig.orion.waitFor("camera.retry_scheduled", ({ camera }) => camera === id);
    }
    assertRedirected(cameras);
    assert.equal(await rig.stop(), 0);
    assert.equal(other.accepted, 0);
  },
});

Deno.test({
  name: "redirect: an allowed host gives the frames, and is never shown the password",
  ignore: ignoreWithout("libav", "mosquitto", "gst-rtsp-server"),
  async fn() {
    await using stack = new AsyncDisposableStack();
    const server = stack.use(await RtspServer.start({ clip: DEMO_CLIP }));
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
  name: "redirect: an allowed host that asks for a password gets none",
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
