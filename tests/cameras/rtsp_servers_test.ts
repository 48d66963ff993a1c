/** Third-party RTSP servers and our own: each delivers frames over every transport it supports. */
import assert from "node:assert/strict";
import { makeRawClip } from "../support/clips/camera_clips.ts";
import { CaptureRun } from "../support/cameras/capture_run.ts";
import { FaultyCamera } from "../support/cameras/faulty_camera/camera.ts";
import { tempFolder, TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { assertCloses } from "../support/streams/ledger.ts";
import { ignoreWithout, type Part, programPath } from "../support/system/parts.ts";
import { RtspServer } from "../support/cameras/rtsp_server.ts";
import { VlcServer } from "../support/cameras/vlc_server.ts";

const FRAMES = 50;
/** Third-party servers need the processor as well. */
const STALL_MS = 30_000;
const AUTH = { user: "viewer", password: "p@ss:w%rd" };

/** A running server. */
interface Running extends AsyncDisposable {
  readonly url: string;
}

interface Server {
  readonly name: string;
  readonly needs: readonly Part[];
  readonly transports: readonly ("tcp" | "udp" | "auto")[];
  readonly start: () => Promise<Running>;
}

/** Removed with the run's folder. */
const folder = tempFolder();

/** Four minutes of the clip of two people. */
async function longClip(): Promise<string> {
  const path = `${folder.path}/long.mp4`;
  const { success, stderr } = await new Deno.Command(programPath("ffmpeg") ?? "ffmpeg", {
    args: ["-v", "error", "-stream_loop", "20", "-i", TWO_PEOPLE_CLIP, "-c", "copy", "-y", path],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return path;
}

const SERVERS: readonly Server[] = [
  {
    name: "GStreamer's",
    needs: ["gst-rtsp-server"],
    transports: ["tcp", "udp", "auto"],
    start: () => RtspServer.start({ clip: TWO_PEOPLE_CLIP }),
  },
  {
    name: "VLC's",
    needs: ["vlc", "ffmpeg"],
    // It answers 461 to TCP.
    transports: ["udp", "auto"],
    start: async () => VlcServer.start({ clip: await longClip() }),
  },
  {
    name: "VLC's, which requires a password,",
    needs: ["vlc", "ffmpeg"],
    transports: ["udp"],
    start: async () => VlcServer.start({ clip: await longClip(), auth: AUTH }),
  },
  {
    name: "the tests' own",
    needs: ["ffmpeg"],
    transports: ["tcp", "udp", "auto"],
    start: async () => {
      const size = { width: 640, height: 360 };
      const clip = await makeRawClip({ codec: "h264", size, frames: 100, keyframeInterval: 25 });
      return FaultyCamera.start({ clip, reports: { everySeconds: 1 } });
    },
  },
];

for (const { name, needs, transports, start } of SERVERS) {
  Deno.test({
    name: `rtsp: a server, ${name} delivers frames over ${transports.join(", ")}`,
    ignore: ignoreWithout("libav", ...needs),
    async fn(t) {
      await using server = await start();
      for (const transport of transports) {
        await t.step(transport, async () => {
          await using run = new CaptureRun({
            source: { url: server.url, transport, stallTimeoutMs: STALL_MS },
            detectors: [{ id: "consumer", rateHz: null }],
          });
          await run.further(FRAMES);
          const { network, reconnects } = await run.report();
          assert.equal(reconnects, 0, JSON.stringify(run.states));
          if (transport !== "auto") assert.equal(network?.transport, transport);
          // The sender report that each of these servers sends after a receiver report does not count.
          await run.until("the camera's clock", () => run.frames.at(-1)?.meta.clock === "rtcp");
          const { account, network: last } = await run.stop();
          assertCloses(account);
          assert.deepEqual(last?.anomalies, { outlier: 0, jump: 0, constant: 0 });
        });
      }
    },
  });
}
