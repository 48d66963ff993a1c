/** Sources that lead where no camera is looked for: told what is wrong, and not followed. */
import assert from "node:assert/strict";
import { CaptureRun, type CaptureRunOptions } from "../support/capture_run.ts";
import { type TempFolder, tempFolder } from "../support/files.ts";
import { HostileCamera } from "../support/hostile_camera.ts";
import { ignoreWithout } from "../support/parts.ts";
import { patternClip } from "../support/pattern.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
const clip = ignore ? null : await patternClip(25, ["-bf", "0"]);

/** A port that nobody may connect to. */
class Trap implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #accepting = this.#accept();
  caught = 0;

  get host(): string {
    return `127.0.0.1:${this.#listener.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
  }

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) {
      this.caught++;
      connection.close();
    }
  }
}

/** Watches a source that must fail: for this reason, with a remedy, and without touching the trap. */
async function assertRefused(
  source: CaptureRunOptions["source"],
  reason: string,
  trap: Trap,
): Promise<void> {
  await using run = new CaptureRun({ source, detectors: [{ id: "taker", rateHz: null }] });
  const told = await run.state("offline");
  assert.equal(told.reason, reason);
  const failure = run.logs.find(({ event }) => event === "camera.failed");
  assert.ok(String(failure?.fields["remedy"]).length > 10);
  assert.equal(run.frames.length, 0);
  assert.equal(trap.caught, 0, "it was followed");
}

for (const protocol of ["http", "rtmp", "udp", "rtp"]) {
  Deno.test({
    name: `capture: an address of ${protocol}:// is told as STREAM_PROTOCOL and not opened`,
    ignore,
    async fn() {
      await using trap = new Trap();
      await assertRefused({ url: `${protocol}://${trap.host}/x` }, "STREAM_PROTOCOL", trap);
    },
  });
}

const LISTS: readonly (readonly [string, (host: string) => string])[] = [
  [
    "list.m3u8",
    (host) => `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://${host}/a.ts\n#EXT-X-ENDLIST\n`,
  ],
  [
    "stream.sdp",
    () =>
      "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n" +
      "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
  ],
];

for (const [name, text] of LISTS) {
  Deno.test({
    name: `capture: a file that leads to the network (${name}) is told as STREAM_INVALID and stays`,
    ignore,
    async fn() {
      using folder: TempFolder = tempFolder();
      await using trap = new Trap();
      const file = folder.write(name, text(trap.host));
      await assertRefused({ url: file, file }, "STREAM_INVALID", trap);
    },
  });
}

for (const location of [(host: string) => `http://${host}/x`, () => "file:///etc/hostname"]) {
  Deno.test({
    name: `capture: a camera that sends us to ${location("…")} is told as STREAM_INVALID and stays`,
    ignore,
    async fn() {
      if (clip === null) throw new Error("there is no clip");
      await using trap = new Trap();
      await using camera = HostileCamera.start({
        clip,
        status: 302,
        location: location(trap.host),
      });
      await assertRefused({ url: camera.url }, "STREAM_INVALID", trap);
    },
  });
}
