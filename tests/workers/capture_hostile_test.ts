/** Cameras that freeze, refuse or send nonsense: what is reported, and how soon. */
import assert from "node:assert/strict";
import { CaptureRun } from "../support/cameras/capture_run.ts";
import {
  HostileCamera,
  type HostileOptions,
  type Stage,
} from "../support/cameras/hostile_camera.ts";
import { assertCloses } from "../support/streams/ledger.ts";
import { PATIENCE } from "../support/system/lines.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { patternClip } from "../support/clips/pattern.ts";
import { freePort } from "../support/system/ports.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
const SECRET = "hunter2-p%40ss";
const clip = ignore ? null : await patternClip(50, ["-bf", "0", "-g", "10"]);
const STAGES: readonly Stage[] = ["accept", "describe", "setup", "play", "frame"];
const STALL_MS = 800;
/**
 * On a busy machine it is reported later than after twice the stall timeout; without the limits it would be
 * after the minutes that a connection may last. The same holds for a stop, which waits a fifth of a second
 * at most for the camera's response to TEARDOWN.
 */
const LATE_MS = 5000 * PATIENCE;

function camera(options: Partial<HostileOptions>): HostileCamera {
  if (clip === null) throw new Error("there is no clip");
  return HostileCamera.start({ clip, ...options });
}

function login(url: string): string {
  return url.replace("rtsp://", `rtsp://viewer:${SECRET}@`);
}

function watch(url: string, transport: "tcp" | "udp" = "tcp", stallTimeoutMs = STALL_MS) {
  return new CaptureRun({
    source: { url: login(url), transport, stallTimeoutMs },
    detectors: [{ id: "consumer", rateHz: null }],
  });
}

/** No message of the worker contains the password. */
function assertDiscreet(run: CaptureRun): void {
  const messages = JSON.stringify([run.logs, run.states, run.frames]);
  for (const form of [SECRET, decodeURIComponent(SECRET), btoa(`viewer:${SECRET}`)]) {
    assert.ok(!messages.includes(form), "the password was disclosed");
  }
}

for (const stage of STAGES) {
  // Up to PLAY both transports use the same connection.
  const transports = stage === "play" || stage === "frame"
    ? ["tcp", "udp"] as const
    : ["tcp"] as const;
  for (const transport of transports) {
    Deno.test({
      name:
        `capture: a camera frozen after ${stage} (${transport}) stalls in time, and can be stopped`,
      ignore,
      async fn() {
        await using frozen = camera({ freezeAfter: stage });
        await using run = watch(frozen.url, transport);
        await run.until("end of the connection", () =>
          run.states.length > 1 && run.states.some(
            ({ state }) => state === "stalled" || state === "offline",
          ));
        const ended = run.states.find(({ state }) => state === "stalled" || state === "offline");
        const afterMs = (ended?.atMs ?? Infinity) - (run.states[0]?.atMs ?? 0);
        assert.ok(afterMs < 2 * STALL_MS + LATE_MS, `reported after ${afterMs} ms`);
        assert.ok(
          ["STREAM_STALLED", "STREAM_TIMEOUT"].includes(ended?.reason ?? ""),
          ended?.reason ?? "",
        );
        // It reconnects, and is stopped while that attempt hangs.
        await run.until("another attempt", () => frozen.accepted >= 2);
        const stoppingMs = performance.now();
        const { account } = await run.stop();
        assert.ok(performance.now() - stoppingMs < LATE_MS);
        assertCloses(account);
        assertDiscreet(run);
      },
    });
  }
}

const NO_VIDEO = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n" +
  "m=audio 0 RTP/AVP 0\r\na=control:audio\r\n";
const NO_SUCH_CODEC = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n" +
  "m=video 0 RTP/AVP 96\r\na=rtpmap:96 X-NONSENSE/90000\r\na=control:video\r\n";

/** What is wrong, and the reason to report. */
const FAILURES: readonly (readonly [string, Partial<HostileOptions>, string])[] = [
  ["wants another password", { status: 401 }, "STREAM_UNAUTHORISED"],
  ["forbids", { status: 403 }, "STREAM_FORBIDDEN"],
  ["has no such stream", { status: 404 }, "STREAM_NOT_FOUND"],
  ["has an internal error", { status: 500 }, "STREAM_SERVER"],
  ["has no video", { sdp: NO_VIDEO }, "STREAM_NO_VIDEO"],
  ["sends an unknown codec", { sdp: NO_SUCH_CODEC }, "STREAM_CODEC"],
];

for (const [what, options, reason] of FAILURES) {
  Deno.test({
    name:
      `capture: a camera that ${what} is reported as ${reason}, with a remedy, without a password`,
    ignore,
    async fn() {
      await using bad = camera(options);
      await using run = watch(bad.url, "tcp", 5000);
      const offline = await run.state("offline");
      assert.equal(offline.reason, reason);
      const failure = run.logs.find(({ event }) => event === "camera.failed");
      assert.ok(String(failure?.fields["remedy"]).length > 10);
      assertDiscreet(run);
    },
  });
}

/** Addresses without a camera. */
const NOWHERE: readonly (readonly [string, () => string, string])[] = [
  ["refuses", () => `rtsp://127.0.0.1:${freePort()}/x`, "STREAM_REFUSED"],
  ["has no address", () => "rtsp://no-such-host.invalid/x", "STREAM_NAME_UNKNOWN"],
];

for (const [what, url, reason] of NOWHERE) {
  Deno.test({
    name: `capture: a camera that ${what} is reported as ${reason}`,
    ignore,
    async fn() {
      await using run = watch(url(), "tcp", 5000);
      const offline = await run.state("offline");
      assert.equal(offline.reason, reason);
      assertDiscreet(run);
    },
  });
}
