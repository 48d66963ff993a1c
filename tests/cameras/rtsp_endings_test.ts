/** How sessions end: keepalives, orderly and abrupt endings, and endless data. */
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
import { assertReportedAfter } from "../support/cameras/stalls.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
const FPS = 25;
const STALL_MS = 2000;
/** Tolerance for a busy machine; without a time limit, a byte per second takes minutes. */
const LATE_MS = 20_000 * PATIENCE;

const NO_CLIP: CameraClip = { codec: "h264", pictures: [], parameterSets: [] };
const clip = ignore ? NO_CLIP : await patternCameraClip(200);

function start(options: FaultyCameraOptions): FaultyCamera {
  return FaultyCamera.start({ clip, playback: { fps: FPS }, ...options });
}

// --------------------------------------------------------------------------------- keepalives

/** The session timeout; the client has more than half of it to spare for a busy machine. */
const SESSION_SECONDS = 3;
const PUBLIC = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN";

/** The methods that keep a session alive, and the connections needed to learn that. */
interface KeepAliveCase {
  readonly what: string;
  readonly control: Partial<Control>;
  readonly connections: number;
}

const KEEPALIVES: readonly KeepAliveCase[] = [
  { what: "by GET_PARAMETER, as announced", control: {}, connections: 1 },
  { what: "by OPTIONS, as announced", control: { keepalive: "OPTIONS" }, connections: 1 },
  {
    what: "by OPTIONS alone, and announces GET_PARAMETER",
    control: { keepalive: "OPTIONS", public: `${PUBLIC}, GET_PARAMETER` },
    connections: 1,
  },
  {
    what: "by OPTIONS, and announces nothing",
    control: { keepalive: "OPTIONS", public: "" },
    connections: 1,
  },
  {
    what: "by GET_PARAMETER alone, and does not announce it",
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
  name: "rtsp: sessions are kept alive by the announced method, or by another one",
  ignore,
  async fn() {
    // Concurrently: they mostly wait.
    await atOnce(KEEPALIVES, assertKeptAlive);
  },
});

// ------------------------------------------------------------------------------------ endings

/** How a stream ends, the reported reason, and its delay after the last picture. */
const ENDINGS: readonly (readonly [string, Partial<Ending>, string, number])[] = [
  ["sends an RTCP BYE", { byeAfterSeconds: 1 }, "STREAM_ENDED", 0],
  ["closes the connection", { hangUpAfterSeconds: 1 }, "STREAM_ENDED", 0],
  ["stops sending", { silentAfterSeconds: 1 }, "STREAM_STALLED", STALL_MS],
];

for (const [what, ending, reason, afterMs] of ENDINGS) {
  for (const transport of ["tcp", "udp"] as const) {
    Deno.test({
      name: `rtsp: a camera that ${what} over ${transport} is detected in time, and reconnected`,
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
        assertReportedAfter(run, ended, afterMs);
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

/** The kernel's buffers of both ends, and the client's own. */
const MAX_ATTACK_BYTES = 24 * 1024 * 1024;

/** What is sent instead of a response, and the reported error. */
const ANSWERS: readonly (readonly [Attack, readonly string[]])[] = [
  ["endless-status-line", ["STREAM_INVALID"]],
  ["endless-header", ["STREAM_INVALID"]],
  ["endless-body", ["STREAM_INVALID"]],
  ["huge-content-length", ["STREAM_INVALID"]],
  ["negative-content-length", ["STREAM_INVALID"]],
];

for (const [attack, reasons] of ANSWERS) {
  Deno.test({
    name: `rtsp: a response with ${attack} is rejected before much of it is read`,
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
    name: `rtsp: a stream of ${attack} stalls in time, and the next stream is played`,
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
      assertReportedAfter(watch.run, stalled, STALL_MS);
      assert.ok(camera.log.attackBytes > 0, "there was no attack");
      camera.behaviour.attack = null;
      await watch.pictures(5);
      await watch.stop();
    },
  });
}

/** Cameras of which no picture comes, the reason, and the log's remedy. */
const PICTURELESS: readonly (readonly [FaultyCameraOptions, "tcp" | "udp", string, RegExp])[] = [
  [
    { description: { sprop: "absent" }, packets: { hasInBandSets: false } },
    ...["tcp", "NO_PICTURE", /none can be decoded/] as const,
  ],
  [{ tracks: [{ kind: "video", clip, isDead: true }] }, "udp", "STREAM_STALLED", /transport: tcp/],
];

Deno.test({
  name: "rtsp: of a camera without pictures it is known whether packets arrive",
  ignore,
  fn: async () =>
    void await atOnce(PICTURELESS, async ([options, transport, reason, remedy]) => {
      await using camera = start(options);
      await using watch = new PatternWatch(camera, { transport, stallTimeoutMs: STALL_MS });
      const stalled = await watch.run.state("stalled");
      assert.equal(stalled.reason, reason);
      const { fields } = watch.run.logs.find(({ event }) => event === "camera.stalled") ?? {};
      assert.match(String(fields?.["remedy"]), remedy);
    }),
});

Deno.test({
  name: "rtsp: a response of a byte per second times out",
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
