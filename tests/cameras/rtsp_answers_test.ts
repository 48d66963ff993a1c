/** Responses of cameras before they play: URLs, transports, refusals. */
import assert from "node:assert/strict";
import type { CameraSource } from "../../src/core/camera_types.ts";
import { sinceMs } from "../../src/core/clock.ts";
import { DatagramSocket } from "../../src/libav/sockets.ts";
import { testLibav } from "../ffi/support.ts";
import { FaultyCamera } from "../support/cameras/faulty_camera/camera.ts";
import type { CameraClip } from "../support/cameras/faulty_camera/clip.ts";
import type {
  Description,
  FaultyCameraOptions,
  Refusal,
} from "../support/cameras/faulty_camera/options.ts";
import { patternCameraClip, PatternWatch } from "../support/cameras/faulty_camera/pattern_watch.ts";
import { PATIENCE } from "../support/system/lines.ts";
import { ignoreWithout } from "../support/system/parts.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
const playback = { fps: 50 };
const FRAMES = 10;
/** Tolerance for a busy machine, beyond the time that it has to wait. */
const LATE_MS = 10_000 * PATIENCE;
/** A UDP socket's receive buffer, unless a larger one is asked for. */
const KERNEL_BUFFER_BYTES = 212_992;

const NO_CLIP: CameraClip = { codec: "h264", pictures: [], parameterSets: [] };
const clip = ignore ? NO_CLIP : await patternCameraClip(100);

function start(options: FaultyCameraOptions): FaultyCamera {
  return FaultyCamera.start({ clip, playback, ...options });
}

/** Plays some pictures over one connection. */
async function plays(camera: FaultyCamera, source: Partial<CameraSource> = {}): Promise<void> {
  await using watch = new PatternWatch(camera, source);
  await watch.pictures(FRAMES);
  const { network } = await watch.run.report();
  if (source.transport !== "auto") {
    assert.equal(network?.transport, source.transport ?? "tcp");
  }
  await watch.assertUndisturbed();
}

/** The request URIs of SETUP and of the aggregate control, relative to the camera's URL. */
interface Addresses {
  readonly what: string;
  readonly path?: string;
  readonly description: Partial<Description>;
  readonly setUp: string;
  /** Default: the request's own. */
  readonly play?: string;
}

const ADDRESSES: readonly Addresses[] = [
  { what: "gives a base and relative names", description: {}, setUp: "/cam/track1", play: "/cam/" },
  {
    what: "sends no base",
    description: { contentBase: "absent" },
    setUp: "/cam/track1",
    play: "/cam",
  },
  {
    what: "sends a base without a slash",
    description: { contentBase: "no-slash" },
    setUp: "/cam/track1",
    play: "/cam",
  },
  {
    what: "sends a base on another host",
    description: { contentBase: { url: "rtsp://192.168.1.64:554/inner/" } },
    setUp: "/inner/track1",
    play: "/inner/",
  },
  {
    what: "sends a base with a query",
    path: "/cam/realmonitor?channel=1&subtype=0",
    description: {},
    setUp: "/cam/realmonitor?channel=1&subtype=0/track1",
    play: "/cam/realmonitor?channel=1&subtype=0/",
  },
  {
    what: "sends absolute control URLs",
    description: { control: "absolute" },
    setUp: "/cam/track1",
    play: "/cam/",
  },
  {
    what: "sends absolute control URLs on another host",
    description: { control: { prefix: "rtsp://10.0.0.5/unicast/" } },
    setUp: "/unicast/track1",
    play: "/cam/",
  },
  {
    what: "sends control URLs that begin with a slash",
    description: { control: { prefix: "/" } },
    setUp: "/cam/track1",
    play: "/cam/",
  },
  {
    what: "sends control URLs with a query",
    description: { control: "query" },
    setUp: "/cam/track1?mode=live&profile=1",
    play: "/cam/",
  },
  { what: "names its track *", description: { control: "star" }, setUp: "/cam/", play: "/cam/" },
  {
    what: "sends no control URL",
    description: { control: "absent" },
    setUp: "/cam/",
    play: "/cam/",
  },
];

for (const { what, path = "/cam", description, setUp, play } of ADDRESSES) {
  Deno.test({
    name: `rtsp: a camera that ${what} gets SETUP with the right URI`,
    ignore,
    async fn() {
      await using camera = start({ path, description, control: { wantPath: path } });
      await plays(camera);
      const origin = `rtsp://127.0.0.1:${camera.port}`;
      const asked = (method: string) => camera.log.of(method).map(({ uri }) => uri);
      assert.deepEqual(asked("DESCRIBE"), [`${origin}${path}`]);
      assert.deepEqual(asked("SETUP"), [`${origin}${setUp}`]);
      assert.deepEqual(asked("PLAY"), [`${origin}${play}`]);
      assert.deepEqual(asked("TEARDOWN"), [`${origin}${play}`]);
    },
  });
}

// --------------------------------------------------------------------- transports and refusals

Deno.test({
  name: "rtsp: a camera that refuses TCP is played over UDP by transport: auto, and again at once",
  ignore,
  async fn() {
    await using camera = start({ control: { transports: "udp" } });
    await using watch = new PatternWatch(camera, { transport: "auto" });
    await watch.pictures(FRAMES);
    assert.equal((await watch.run.report()).network?.transport, "udp");
    const states = watch.run.states.length;
    camera.kick();
    await watch.run.state("online", states);
    await watch.pictures(FRAMES);
    const setUps = camera.log.of("SETUP");
    const statuses = setUps.map(({ status }) => status);
    assert.deepEqual(statuses, [461, 200, 200], "TCP was tried again");
    const port = /client_port=(\d+)/.exec(setUps.at(-1)?.headers.get("transport") ?? "")?.[1];
    using libav = testLibav();
    const bufferBytes = DatagramSocket.find(libav, Number(port))?.bufferBytes ?? 0;
    assert.ok(bufferBytes > KERNEL_BUFFER_BYTES, `${bufferBytes}`);
  },
});

Deno.test({
  name: "rtsp: a camera that refuses UDP is played over TCP by transport: auto",
  ignore,
  async fn() {
    await using camera = start({ control: { transports: "tcp" } });
    await plays(camera, { transport: "auto" });
  },
});

/** A status that is sent once, the refused method, and the reported reason. */
const ONCE: readonly (readonly [Refusal, string])[] = [
  [{ method: "DESCRIBE", status: 503, headers: { "Retry-After": "2" } }, "STREAM_UNAVAILABLE"],
  [{ method: "SETUP", status: 453 }, "STREAM_BANDWIDTH"],
  [{ method: "PLAY", status: 454 }, "STREAM_SESSION"],
];

for (const [refusal, reason] of ONCE) {
  Deno.test({
    name:
      `rtsp: a camera that answers ${refusal.method} with ${refusal.status} is asked again in time`,
    ignore,
    async fn() {
      await using camera = start({ control: { refusals: [{ ...refusal, times: 1 }] } });
      await using watch = new PatternWatch(camera);
      assert.equal((await watch.run.state("offline")).reason, reason);
      await watch.run.state("online");
      // Measured from the refused request: a busy camera detects the end of the connection late.
      const [refused] = camera.log.of(refusal.method);
      const second = camera.log.connections[1];
      assert.ok(refused && second);
      const pauseMs = sinceMs(refused.wallMs, second.openedWallMs);
      const leastMs = 1000 * Number(refusal.headers?.["Retry-After"] ?? 1);
      assert.ok(pauseMs > leastMs - 100 && pauseMs < leastMs + LATE_MS, `${pauseMs} ms`);
      // A session that was set up is torn down, whatever its outcome.
      assert.equal(camera.log.of("TEARDOWN").length, refusal.method === "PLAY" ? 1 : 0);
    },
  });
}

Deno.test({
  name: "rtsp: a camera without OPTIONS is played",
  ignore,
  async fn() {
    for (const status of [404, 405, 454, 501]) {
      await using camera = start({ control: { refusals: [{ method: "OPTIONS", status }] } });
      await plays(camera);
    }
  },
});
