/** Sources that lead to other protocols or places: they are reported, and not followed. */
import assert from "node:assert/strict";
import { CaptureRun, type CaptureRunOptions } from "../support/cameras/capture_run.ts";
import { type TempFolder, tempFolder } from "../support/system/files.ts";
import { HostileCamera } from "../support/cameras/hostile_camera.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { patternClip } from "../support/clips/pattern.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
const clip = ignore ? null : await patternClip(25, ["-bf", "0"]);

/** A port that must not be connected to, and what was sent to it. */
class Trap implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #accepting = this.#accept();
  readonly caught: string[] = [];

  get host(): string {
    return `127.0.0.1:${this.#listener.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
  }

  async #accept(): Promise<void> {
    const buffer = new Uint8Array(1000);
    for await (const connection of this.#listener) {
      const count = await connection.read(buffer);
      this.caught.push(new TextDecoder().decode(buffer.subarray(0, count ?? 0)));
      connection.close();
    }
  }
}

/** Runs a source that must fail, with a remedy. @returns the reported reason */
async function failureOf(source: CaptureRunOptions["source"]): Promise<string | null> {
  await using run = new CaptureRun({ source, detectors: [{ id: "consumer", rateHz: null }] });
  const { reason } = await run.state("offline");
  const failure = run.logs.find(({ event }) => event === "camera.failed");
  assert.ok(String(failure?.fields["remedy"]).length > 10);
  assert.equal(run.frames.length, 0);
  return reason;
}

for (const protocol of ["http", "rtmp", "udp", "rtp"]) {
  Deno.test({
    name: `capture: a ${protocol}:// URL is reported as STREAM_PROTOCOL and not opened`,
    ignore,
    async fn() {
      await using trap = new Trap();
      assert.equal(await failureOf({ url: `${protocol}://${trap.host}/x` }), "STREAM_PROTOCOL");
      assert.deepEqual(trap.caught, []);
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
    name: `capture: a file that refers to the network (${name}) is reported as STREAM_INVALID`,
    ignore,
    async fn() {
      using folder: TempFolder = tempFolder();
      await using trap = new Trap();
      const file = folder.write(name, text(trap.host));
      assert.equal(await failureOf({ url: file, file }), "STREAM_INVALID");
      assert.deepEqual(trap.caught, []);
    },
  });
}

for (const location of [(host: string) => `http://${host}/x`, () => "file:///etc/hostname"]) {
  Deno.test({
    name: `capture: a redirect to ${location("…")} is reported, and not followed`,
    ignore,
    async fn() {
      if (clip === null) throw new Error("there is no clip");
      await using trap = new Trap();
      await using camera = HostileCamera.start({
        clip,
        status: 302,
        location: location(trap.host),
      });
      assert.equal(await failureOf({ url: camera.url }), "STREAM_REDIRECT");
      assert.deepEqual(trap.caught, []);
    },
  });
}
