/** How sessions end: kept alive or not, with a word or without, and with what never ends. */
import assert from "node:assert/strict";
import { atOnce } from "../support/system/at_once.ts";
import { FaultyCamera } from "../support/cameras/faulty_camera/camera.ts";
import type { CameraClip } from "../support/cameras/faulty_camera/clip.ts";
import type {
  Attack,
  Control,
  Ending,
  FaultyCameraOptions,
} from "../support/cameras/faulty_camera/options.ts";
import { patternCameraClip, PatternWatch } from "../support/cameras/faulty_camera/pattern_watch.ts";
import { PATIENCE } from "../support/system/lines.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { assertToldAfter } from "../support/cameras/stalls.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
const FPS = 25;
const STALL_MS = 2000;
/** How late a busy machine may be; without a limit a byte a second takes minutes. */
const LATE_MS = 20_000 * PATIENCE;

const NO_CLIP: CameraClip = { codec: "h264", pictures: [], parameterSets: [] };
const clip = ignore ? NO_CLIP : await patternCameraClip(200);

function start(options: FaultyCameraOptions): FaultyCamera {
  return FaultyCamera.start({ clip, playback: { fps: FPS }, ...options });
}

// --------------------------------------------------------------------------------- keepalives

/** The client has half of it and more to spare: on a busy machine it is late. */
const SESSION_SECONDS = 3;
const PUBLIC = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN";

/** What keeps a session alive, and in how many connections that is found out. */
interface KeepAliveCase {
  readonly what: string;
  readonly control: Partial<Control>;
  readonly connections: number;
}

const KEEPALIVES: readonly KeepAliveCase[] = [
  { what: "by GET_PARAMETER, as it says", control: {}, connections: 1 },
  { what: "by OPTIONS, as it says", control: { keepalive: "OPTIONS" }, connections: 1 },
  {
    what: "by OPTIONS alone, and names GET_PARAMETER",
    control: { keepalive: "OPTIONS", public: `${PUBLIC}, GET_PARAMETER` },
    connections: 1,
  },
  {
    what: "by OPTIONS, and names nothing",
    control: { keepalive: "OPTIONS", public: "" },
    connections: 1,
  },
  {
    what: "by GET_PARAMETER alone, and does not name it",
    control: { keepalive: "GET_PARAMETER", public: PUBLIC },
    connections: 2,
  },
];

async function assertKeptAlive({ what, control, connections }: KeepAliveCase): Promise<void> {
  await using camera = start({
    control: { timeoutSeconds: SESSION_SECONDS, enforcesTimeout: true, ...control },
  });
  await using watch = new PatternWatch(camera);
  await camera.log.until(
    "the connection that lasts",
    () => camera.log.connections.length >= connections,
  );
  await watch.run.state("online", connections === 1 ? 0 : watch.run.states.length);
  await watch.pictures(2.5 * SESSION_SECONDS * FPS);
  assert.equal(camera.log.connections.length, connections, what);
}

Deno.test({
  name:
    "rtsp: cameras that keep sessions alive by what they say, or by something else, are kept alive",
  ignore,
  async fn() {
    // At once: there is nothing to do but to wait.
    await atOnce(KEEPALIVES, assertKeptAlive);
  },
});

// ------------------------------------------------------------------------------------ endings

/** How a stream ends, the reason, and how long after the last picture that is known. */
const ENDINGS: readonly (readonly [string, Partial<Ending>, string, number])[] = [
  ["says good-bye (RTCP BYE)", { byeAfterSeconds: 1 }, "STREAM_ENDED", 0],
  ["hangs up", { hangUpAfterSeconds: 1 }, "STREAM_ENDED", 0],
  ["sends no more", { silentAfterSeconds: 1 }, "STREAM_STALLED", STALL_MS],
];

for (const [what, ending, reason, afterMs] of ENDINGS) {
  for (const transport of ["tcp", "udp"] as const) {
    Deno.test({
      name:
        `rtsp: a camera that ${what} over ${transport} is known as gone in time, and comes back`,
      ignore,
      async fn() {
        await using camera = start({ ending });
        await using watch = new PatternWatch(camera, { transport, stallTimeoutMs: STALL_MS });
        const { run } = watch;
        await run.state("online");
        const online = run.states.findIndex(({ state }) => state === "online");
        const gone = () =>
          run.states.findIndex(({ state }, at) => at > online && /stalled|offline/.test(state));
        await run.until("its end", () => gone() >= 0);
        const ended = run.states[gone()] ?? assert.fail("it did not end");
        assert.equal(ended.reason, reason);
        assertToldAfter(run, ended, afterMs);
        const before = watch.numbers.length;
        await run.state("online", gone());
        await watch.pictures(5);
        assert.ok(watch.numbers.slice(before).every((number) => number < FPS + 5), "old pictures");
        await watch.stop();
      },
    });
  }
}

// ------------------------------------------------------------------------------------ attacks

/** What the kernel's buffers of both ends can hold, and the client's own. */
const MAX_ATTACK_BYTES = 24 * 1024 * 1024;

/** What is sent instead of an answer, and what is said of it. */
const ANSWERS: readonly (readonly [Attack, readonly string[]])[] = [
  ["endless-status-line", ["STREAM_INVALID"]],
  ["endless-header", ["STREAM_INVALID"]],
  ["endless-body", ["STREAM_INVALID"]],
  ["huge-content-length", ["STREAM_INVALID"]],
  ["negative-content-length", ["STREAM_INVALID"]],
];

for (const [attack, reasons] of ANSWERS) {
  Deno.test({
    name: `rtsp: an answer with ${attack} is refused before much of it is read`,
    ignore,
    async fn() {
      await using camera = start({ attack });
      await using watch = new PatternWatch(camera, { stallTimeoutMs: STALL_MS });
      const { reason } = await watch.run.state("offline");
      assert.ok(reasons.includes(reason ?? ""), `${reason}`);
      const { log } = camera;
      await log.until("its end", () => log.connections[0]?.closedWallMs !== null);
      assert.ok(log.attackBytes < MAX_ATTACK_BYTES, `${log.attackBytes} bytes were taken`);
      camera.behaviour.attack = null;
      await watch.pictures(5);
      await watch.stop();
    },
  });
}

for (const attack of ["garbage-frames", "endless-fragments", "endless-junk"] as const) {
  Deno.test({
    name: `rtsp: a stream of ${attack} stalls in time, and what comes after it is played`,
    ignore,
    async fn() {
      await using camera = start({});
      await using watch = new PatternWatch(camera, {
        stallTimeoutMs: STALL_MS,
        maxUnitBytes: 512 * 1024,
      });
      await watch.pictures(5);
      camera.behaviour.attack = attack;
      const stalled = await watch.run.state("stalled");
      assert.equal(stalled.reason, "STREAM_STALLED");
      assertToldAfter(watch.run, stalled, STALL_MS);
      assert.ok(camera.log.attackBytes > 0, "there was no attack");
      camera.behaviour.attack = null;
      await watch.pictures(5);
      await watch.stop();
    },
  });
}

Deno.test({
  name: "rtsp: an answer that comes a byte a second is given up in time",
  ignore,
  async fn() {
    await using camera = start({ wire: { trickleMs: 1000 } });
    const startedMs = performance.now();
    await using watch = new PatternWatch(camera, { stallTimeoutMs: STALL_MS });
    const { run } = watch;
    const end = () => run.states.find(({ state }) => /stalled|offline/.test(state));
    await run.until("its end", () => end() !== undefined);
    assert.match(end()?.reason ?? "", /^STREAM_(?:TIMEOUT|STALLED)$/);
    const afterMs = (end()?.atMs ?? 0) - startedMs;
    assert.ok(afterMs < STALL_MS + LATE_MS, `after ${afterMs} ms`);
    await watch.stop();
  },
});
