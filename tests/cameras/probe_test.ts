/** `orion probe` from the command line. */
import assert from "node:assert/strict";
import { atOnce } from "../support/system/at_once.ts";
import { FaultyCamera } from "../support/cameras/faulty_camera/camera.ts";
import type { CameraClip } from "../support/cameras/faulty_camera/clip.ts";
import type { FaultyCameraOptions, Stamps } from "../support/cameras/faulty_camera/options.ts";
import { tempFolder, TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { makeCertificates } from "../support/brokers/mosquitto.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { patternClip } from "../support/clips/pattern.ts";
import { freePort } from "../support/system/ports.ts";
import { runOrion } from "../support/product/process.ts";
import { PASSWORD, PASSWORD_ENCODED, REALM, tracesIn, USER } from "../support/product/secrecy.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
const DEMUXERS = ["orion", "libav"] as const;
const LOGIN = { user: USER, password: PASSWORD, realm: REALM };

const CLIP_SECONDS = 4;
let clip: CameraClip | null = null;

/** 25 fps with a keyframe every 25 frames. */
async function cameraClip(): Promise<CameraClip> {
  const encoded = async () => await patternClip(25 * CLIP_SECONDS, ["-bf", "0", "-g", "25"]);
  clip ??= { codec: "h264", ...await encoded() };
  return clip;
}

/** The output of `probe --json` for a playable stream. */
async function probed(url: string, ...options: string[]) {
  const { code, stdout, stderr } = await runOrion(["probe", url, "--json", ...options]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(tracesIn(stdout + stderr), []);
  return JSON.parse(stdout);
}

/** The output for a stream that cannot be played. */
async function refused(url: string, ...options: string[]) {
  const { code, stdout, stderr } = await runOrion(["probe", url, ...options]);
  assert.equal(stdout, "");
  assert.deepEqual(tracesIn(stderr), []);
  return { code, stderr };
}

/** Tolerances of figures from timestamps, and of figures from arrivals, which are less precise. */
const OFF = { stamps: 0.03, arrivals: 0.2 } as const;

function assertNear(value: unknown, wanted: number, what: string, off: number = OFF.stamps): void {
  assert.ok(typeof value === "number", `${what} is ${value}`);
  assert.ok(Math.abs(value - wanted) <= off * wanted, `${what} is ${value}, not ${wanted}`);
}

for (const demuxer of DEMUXERS) {
  Deno.test({
    name:
      `probe: reports codec, size, rate, keyframes, transport and decoders (demuxer ${demuxer})`,
    ignore,
    async fn() {
      const auth = { ...LOGIN, scheme: "digest-md5" } as const;
      await using camera = FaultyCamera.start({ clip: await cameraClip(), auth });
      const result = await probed(camera.login(), "--demuxer", demuxer);
      const { decoders, libav, fps, keyframeIntervalSeconds, track, tracks, ...rest } = result;
      assert.deepEqual(rest, {
        schema: "orion.probe/1",
        codec: "h264",
        width: 320,
        height: 192,
        codedWidth: 320,
        codedHeight: 192,
        rotation: 0,
        mirrored: false,
        sampleAspectRatio: 1,
        pixelFormat: "yuv420p",
        transport: "tcp",
        fingerprint: null,
      });
      assertNear(fps, 25, "fps");
      assertNear(keyframeIntervalSeconds, 1, "keyframeIntervalSeconds");
      assert.equal(decoders[0], "h264");
      assert.match(libav, /^\d/);
      const only = { index: 0, kind: "video", encoding: "H264" };
      assert.deepEqual(track, demuxer === "orion" ? only : null);
      assert.deepEqual(tracks, demuxer === "orion" ? [only] : []);
    },
  });
}

Deno.test({
  name: "probe: reports on a file, by its path and as demo:",
  ignore,
  async fn() {
    const results = await atOnce(["demo:", `file:${TWO_PEOPLE_CLIP}`], (url) => probed(url));
    for (const { codec, width, height, fps, transport, track, tracks, fingerprint } of results) {
      assert.deepEqual({ codec, width, height }, { codec: "h264", width: 1280, height: 720 });
      assertNear(fps, 25, "fps");
      assert.deepEqual([transport, track, tracks, fingerprint], ["file", null, [], null]);
    }
  },
});

/** Timestamps that do not give the frame rate. */
const WRONG_STAMPS: Readonly<Record<string, Partial<Stamps>>> = {
  "every keyframe's timestamp is hours off": { outlier: { everyFrames: 25, bySeconds: -9800 } },
  "one timestamp in twenty is hours off": { outlier: { everyFrames: 20, bySeconds: -9800 } },
  "timestamps step back once": { jumps: [{ atSeconds: 1, bySeconds: -5 }] },
  "timestamps jump forward once": { jumps: [{ atSeconds: 1.5, bySeconds: 500 }] },
  "all timestamps are the same": { isConstant: true },
};

for (const [name, stamps] of Object.entries(WRONG_STAMPS)) {
  const off = stamps.isConstant === true ? OFF.arrivals : OFF.stamps;
  Deno.test({
    name: `probe: the rate and the keyframe interval are right where ${name}`,
    ignore,
    async fn() {
      const clip = await cameraClip();
      await atOnce(DEMUXERS, async (demuxer) => {
        await using camera = FaultyCamera.start({ clip, stamps });
        const result = await probed(camera.url, "--demuxer", demuxer);
        assertNear(result.fps, 25, `${demuxer}: fps`, off);
        assertNear(result.keyframeIntervalSeconds, 1, `${demuxer}: keyframe interval`, off);
      });
    },
  });
}

Deno.test({
  name: "probe: reports every track and the one that was played, which --track selects",
  ignore,
  async fn() {
    const clip = await cameraClip();
    const dead = { kind: "video", clip, isDead: true } as const;
    const options: FaultyCameraOptions = {
      tracks: [{ kind: "audio" }, dead, { kind: "video", clip }, { kind: "metadata" }],
    };
    await using camera = FaultyCamera.start(options);
    const [all, selected, audio] = await atOnce(
      [["--json"], ["--track", "2"], ["--track", "0"]],
      (options) => runOrion(["probe", camera.url, ...options]),
    );
    assert.ok(all && selected && audio);
    const { track, tracks } = JSON.parse(all.stdout);
    assert.deepEqual(track, { index: 2, kind: "video", encoding: "H264" });
    assert.deepEqual(tracks, [
      { index: 0, kind: "audio", encoding: "PCMU" },
      { index: 1, kind: "video", encoding: "H264" },
      { index: 2, kind: "video", encoding: "H264" },
      { index: 3, kind: "application", encoding: "vnd.onvif.metadata" },
    ]);
    assert.equal(selected.code, 0, selected.stderr);
    assert.match(
      selected.stdout,
      /^track: +2 video H264 \(others: 0 audio PCMU, 1 video H264, 3 application vnd\.onvif/m,
    );
    assert.equal(audio.code, 1);
    assert.match(audio.stderr, /track 0 carries no video that can be played; .*: 1, 2$/m);
  },
});

Deno.test({
  name: "probe: an untrusted certificate is reported, and accepted only if the options allow it",
  ignore: ignoreWithout("libav", "ffmpeg", "mosquitto"),
  async fn() {
    using folder = tempFolder();
    await makeCertificates(folder);
    const read = (name: string) => Deno.readTextFileSync(`${folder.path}/${name}`);
    // Self-signed, as most cameras' certificates.
    const tls = { cert: read("ca.pem"), key: read("ca.key") };
    const auth = { ...LOGIN, scheme: "basic" } as const;
    await using camera = FaultyCamera.start({ clip: await cameraClip(), auth, tls });
    const url = camera.login();
    const { code, stderr } = await refused(url);
    assert.equal(code, 1);
    const [, option = ""] = /--fingerprint (sha256:[0-9a-f]{64}), or --insecure\.$/m.exec(stderr) ??
      [];
    assert.notEqual(option, "", stderr);
    const wrong = option.replace(/.$/, (last) => last === "0" ? "1" : "0");
    const other = await refused(url, "--fingerprint", wrong);
    assert.equal(other.code, 1);
    assert.ok(other.stderr.includes(`--fingerprint ${option}`), other.stderr);
    assert.equal(camera.log.requests.length, 0, "it was asked nothing");
    const withColons = option.toUpperCase().replace("SHA256:", "sha256:")
      .replace(
        /(?<=[0-9A-F]{2})(?=([0-9A-F]{2})+$)/g,
        (_match, _pair, at: number) => at > "sha256:".length ? ":" : "",
      );
    const accepting = [["--fingerprint", option], ["--fingerprint", withColons], ["--insecure"]];
    await atOnce(accepting, async (options) => {
      const { codec, transport, fingerprint } = await probed(url, ...options);
      assert.deepEqual([codec, transport, fingerprint], ["h264", "tcp", option], options.join(" "));
    });
    const shown = await runOrion(["probe", url, "--insecure"]);
    assert.ok(shown.stdout.includes(option), shown.stdout);
  },
});

Deno.test({
  name: "probe: over UDP if requested, or if TCP is refused",
  ignore,
  async fn() {
    const clip = await cameraClip();
    await using camera = FaultyCamera.start({ clip, control: { transports: "udp" } });
    const overTcp = await refused(camera.url);
    assert.equal(overTcp.code, 1);
    assert.match(overTcp.stderr, /answered 461[^]*--transport udp\.$/m);
    // Sequentially: all use the same two ports.
    for (const transport of ["udp", "auto"]) {
      const result = await probed(camera.url, "--transport", transport);
      assert.deepEqual([result.codec, result.transport], ["h264", "udp"]);
      assertNear(result.fps, 25, "fps");
    }
  },
});

Deno.test({
  name: "probe: reports that it waits for a keyframe, that packets are lost, or that nothing comes",
  ignore,
  async fn() {
    const clip: CameraClip = {
      codec: "h264",
      ...await patternClip(500, ["-bf", "0", "-g", "500", "-sc_threshold", "0"]),
    };
    await using late = FaultyCamera.start({ clip, playback: { startFrame: 1 } });
    await using mute = FaultyCamera.start({ tracks: [{ kind: "video", clip, isDead: true }] });
    await using lossy = FaultyCamera.start({ clip, packets: { dropEvery: 2 } });
    const [waiting, stalled, gappy] = await atOnce([late, mute, lossy], ({ url }) => refused(url));
    assert.ok(waiting && stalled && gappy);
    assert.match(gappy.stderr, /and \d+ had gaps\n {2}→ Packets are lost: use TCP/);
    assert.equal(waiting.code, 1);
    assert.match(
      waiting.stderr,
      /WAITING_FOR_KEYFRAME, of \d{3} frames in 12 s none .*\n {2}→ .*shorter keyframe interval/,
    );
    assert.equal(stalled.code, 1);
    assert.match(stalled.stderr, /nothing came in 12 s/);
  },
});

Deno.test({
  name: "probe: reports why a stream cannot be opened, without its password",
  ignore,
  async fn() {
    const host = `127.0.0.1:${freePort()}`;
    const url =
      `rtsp://${USER}:${PASSWORD_ENCODED}@${host}/user=admin_password=${PASSWORD_ENCODED}`;
    const off = await refused(url);
    assert.equal(off.code, 1);
    assert.match(off.stderr, new RegExp(`${host}: the connection was refused`));
    await using camera = FaultyCamera.start({ tracks: [], auth: { ...LOGIN, scheme: "basic" } });
    const denied = await refused(camera.login(USER, `${PASSWORD}x`));
    assert.equal(denied.code, 1);
    assert.match(denied.stderr, /the camera refuses the user or the password/);
    const wrong = [["another"], ["--transport", "sctp"], ["--insecure"], ["--track", "-1"]];
    await atOnce(
      wrong,
      async (more) => assert.equal((await refused(url, ...more)).code, 2, more.join(" ")),
    );
    assert.equal((await runOrion(["probe"])).code, 2);
  },
});
