import assert from "node:assert/strict";
import { LibavError } from "../../src/libav/error.ts";
import type { Input } from "../../src/libav/input.ts";
import { openInput, openInputSync } from "../../src/libav/open_input.ts";
import { Interrupt } from "../../src/libav/interrupt.ts";
import type { Libav } from "../../src/libav/library.ts";
import { fileOptions, rtspOptions } from "../../src/libav/options.ts";
import { Packet } from "../../src/libav/packet.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { Clip, codeOf, ffmpeg, TempFolder, testLibav, thrownCode, TWO_PEOPLE } from "./support.ts";

const ignore = ignoreWithout("libav");
const ignoreClips = ignoreWithout("libav", "ffmpeg");

function openFile(libav: Libav, interrupt: Interrupt, url: string): Promise<Input> {
  return openInput(libav, { url, options: fileOptions(), interrupt, findStreamInfo: true });
}

/** Opens a file that cannot be opened, and returns the error. */
async function openError(url: string): Promise<LibavError> {
  using libav = testLibav();
  using interrupt = new Interrupt(libav);
  try {
    using input = await openFile(libav, interrupt, url);
    return assert.fail(`opened ${input.video.codecName}`);
  } catch (error) {
    assert(error instanceof LibavError, String(error));
    return error;
  } finally {
    // Only the interrupt remains.
    assert.equal(libav.alive, 1);
  }
}

/** A server on 127.0.0.1 that accepts connections and sends `greeting` only. */
class SilentServer implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections: Deno.Conn[] = [];
  readonly port: number;

  constructor() {
    this.port = this.#listener.addr.port;
  }

  /** Settles once a client has connected and received the greeting. */
  async greet(greeting: Uint8Array): Promise<void> {
    const connection = await this.#listener.accept();
    this.#connections.push(connection);
    await connection.write(greeting);
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    for (const connection of this.#connections) connection.close();
  }
}

Deno.test("input: the clip of two people reports its stream", { ignore }, async () => {
  using libav = testLibav();
  using interrupt = new Interrupt(libav);
  using input = await openFile(libav, interrupt, TWO_PEOPLE);
  const { codecpar: _, ...video } = input.video;
  assert.deepEqual(video, {
    index: 0,
    codecName: "h264",
    size: { width: 1280, height: 720 },
    timeBase: { num: 1, den: 12800 },
    frameRate: 25,
    orientation: null,
    pixelAspect: null,
  });
});

Deno.test(
  "input: reads every packet once, also asynchronously, and seeks to the start",
  { ignore },
  async () => {
    using libav = testLibav();
    using interrupt = new Interrupt(libav);
    using input = await openFile(libav, interrupt, TWO_PEOPLE);
    using packet = new Packet(libav);
    for (let round = 0; round < 2; round++) {
      const keys: number[] = [];
      let count = 0;
      for (; await input.read(packet) === "packet"; count++) {
        assert.equal(packet.streamIndex, input.video.index);
        assert.equal(packet.pts, BigInt(count) * 512n);
        assert.equal(packet.dts, packet.pts);
        assert.equal(packet.duration, 512n);
        assert.equal(packet.isCorrupt, false);
        assert.equal(packet.isDiscard, false);
        assert(packet.sizeBytes > 0);
        if (packet.isKey) keys.push(count);
      }
      assert.equal(count, 300);
      assert.deepEqual(keys, [0, 50, 100, 150, 200, 250]);
      assert.equal(await input.read(packet), "end");
      assert.equal(packet.sizeBytes, 0);
      input.seekToStart();
    }
  },
);

Deno.test("input: a failed open reports why, and leaks nothing", {
  ignore: ignoreClips,
}, async () => {
  using folder = new TempFolder();
  const garbage = `${folder.path}/garbage.mp4`;
  // The same in every run: random bytes look like a stream of some format now and then.
  Deno.writeFileSync(garbage, new Uint8Array(20_000).map((_, at) => at * at * 31 + at * 7));
  const truncated = `${folder.path}/truncated.mp4`;
  Deno.writeFileSync(truncated, Deno.readFileSync(TWO_PEOPLE).subarray(0, 1000));
  const empty = `${folder.path}/empty.mp4`;
  Deno.writeFileSync(empty, new Uint8Array());
  const sound = await folder.make("-f", "lavfi", "-i", "sine=duration=0.2", "sound.wav");
  const cases: [string, string, boolean][] = [
    [garbage, "STREAM_INVALID", true],
    [truncated, "STREAM_INVALID", true],
    [empty, "STREAM_INVALID", true],
    [sound, "STREAM_NO_VIDEO", true],
    [`${folder.path}/missing.mp4`, "FILE_NOT_FOUND", false],
    ["nothing://there", "STREAM_PROTOCOL", false],
  ];
  for (const [url, code, retryable] of cases) {
    const error = await openError(url);
    assert.equal(error.code, code, `${url}: ${error.message}`);
    assert.equal(error.retryable, retryable);
    assert(error.message.includes(url));
    assert(error.averror < 0);
    assert(error.remedy.length > 10);
  }
});

Deno.test("input: a truncated file yields its packets, then an end or a clear error", {
  ignore: ignoreClips,
}, async () => {
  using folder = new TempFolder();
  const whole = await folder.make(
    "-i",
    TWO_PEOPLE,
    "-c",
    "copy",
    "-movflags",
    "+faststart",
    "fast.mp4",
  );
  const cut = `${folder.path}/cut.mp4`;
  Deno.writeFileSync(cut, Deno.readFileSync(whole).subarray(0, 200_000));
  using libav = testLibav();
  using interrupt = new Interrupt(libav);
  using input = await openFile(libav, interrupt, cut);
  using packet = new Packet(libav);
  let count = 0;
  try {
    while (await input.read(packet) === "packet") count++;
  } catch (error) {
    assert(error instanceof LibavError);
    assert.match(error.code, /^STREAM_/);
  }
  assert(count > 20 && count < 300, `${count} packets`);
});

Deno.test("input: an error never contains the password", { ignore }, async () => {
  // No server listens on port 1.
  const error = await openError("rtsp://viewer:hunter2@127.0.0.1:1/stream");
  assert(!`${error.message} ${JSON.stringify(error.toData())}`.includes("hunter2"));
});

Deno.test("input: a file cannot open a network address", { ignore }, async () => {
  using folder = new TempFolder();
  const list = `${folder.path}/list.m3u8`;
  const line = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n";
  using server = new SilentServer();
  Deno.writeTextFileSync(list, `${line}http://127.0.0.1:${server.port}/a.ts\n#EXT-X-ENDLIST\n`);
  const error = await openError(list);
  assert.match(error.code, /^STREAM_/);
});

Deno.test("input: options that libav does not know are named", { ignore }, async () => {
  using libav = testLibav();
  using interrupt = new Interrupt(libav);
  const options = { ...fileOptions(), bogus: "1", typo: "2" };
  await assert.rejects(
    openInput(libav, { url: TWO_PEOPLE, options, interrupt, findStreamInfo: true }),
    (error) => {
      assert.equal(codeOf(error), "STREAM_OPTION");
      assert.match(String(error), /bogus, typo/);
      return true;
    },
  );
  assert.equal(libav.alive, 1);
});

Deno.test(
  "input: raising the interrupt aborts an open that waits for a silent camera",
  { ignore },
  async () => {
    using libav = testLibav();
    using interrupt = new Interrupt(libav);
    using server = new SilentServer();
    const options = rtspOptions(libav, { transport: "tcp", timeoutMs: 60_000 });
    const url = `rtsp://127.0.0.1:${server.port}/`;
    const opening = openInput(libav, { url, options, interrupt, findStreamInfo: false });
    await server.greet(new Uint8Array());
    const raisedMs = performance.now();
    interrupt.raise();
    await assert.rejects(opening, (error) => codeOf(error) === "STREAM_INTERRUPTED");
    // Immediate on an idle machine; without the interrupt after the timeout of a minute.
    assert(performance.now() - raisedMs < 30_000);
    assert.equal(libav.alive, 1);
    // Once cleared, it serves the next input.
    interrupt.clear();
    assert.equal(interrupt.raised, false);
    using input = await openFile(libav, interrupt, TWO_PEOPLE);
    assert.equal(input.video.codecName, "h264");
  },
);

Deno.test("input: a silent camera is a timeout, after the configured time", {
  ignore,
}, async () => {
  using libav = testLibav();
  using interrupt = new Interrupt(libav);
  using server = new SilentServer();
  const options = rtspOptions(libav, { transport: "tcp", timeoutMs: 300 });
  const url = `rtsp://viewer:hunter2@127.0.0.1:${server.port}/`;
  const opening = openInput(libav, { url, options, interrupt, findStreamInfo: false });
  const greeted = server.greet(new Uint8Array());
  await assert.rejects(opening, (error) => codeOf(error) === "STREAM_TIMEOUT");
  await greeted;
});

Deno.test(
  "input: cannot be used while a read is pending",
  { ignore: ignoreClips },
  async () => {
    using libav = testLibav();
    const interrupt = new Interrupt(libav);
    using server = new SilentServer();
    using packet = new Packet(libav);
    // A raw stream, of which the demuxer reads nothing in advance.
    const start = await ffmpeg(
      ...["-i", TWO_PEOPLE, "-c", "copy", "-frames:v", "2", "-f", "h264", "-"],
    );
    const opening = openInput(libav, {
      url: `tcp://127.0.0.1:${server.port}`,
      options: { protocol_whitelist: "tcp" },
      format: "h264",
      interrupt,
      findStreamInfo: false,
    });
    await server.greet(start);
    const input = await opening;
    assert.equal(await input.read(packet), "packet");
    const pending = input.read(packet);
    await assert.rejects(input.read(packet), (error) => codeOf(error) === "LIFECYCLE");
    assert.equal(thrownCode(() => input[Symbol.dispose]()), "LIFECYCLE");
    assert.equal(thrownCode(() => packet[Symbol.dispose]()), "LIFECYCLE");
    assert.equal(thrownCode(() => packet.unref()), "LIFECYCLE");
    assert.equal(thrownCode(() => input.seekToStart()), "LIFECYCLE");
    interrupt.raise();
    await assert.rejects(pending, (error) => codeOf(error) === "STREAM_INTERRUPTED");
    // The memory that libav polls stays allocated until the input is closed.
    interrupt[Symbol.dispose]();
    assert.equal(libav.alive, 3);
    input[Symbol.dispose]();
    input[Symbol.dispose]();
    assert.equal(libav.alive, 1);
    await assert.rejects(input.read(packet), (error) => codeOf(error) === "LIFECYCLE");
  },
);

Deno.test("input: the socket timeout has the name that these libraries use", { ignore }, () => {
  using libav = testLibav();
  const options = rtspOptions(libav, { transport: "udp", timeoutMs: 2500 });
  const name = libav.release.avformat < 59 ? "stimeout" : "timeout";
  assert.equal(options[name], "2500000");
  assert.equal(options["rtsp_transport"], "udp");
  assert.equal(options["allowed_media_types"], "video");
});

Deno.test("input: a demuxer that libav lacks is a clear error", { ignore }, () => {
  using libav = testLibav();
  using interrupt = new Interrupt(libav);
  const request = { url: TWO_PEOPLE, options: fileOptions(), interrupt, findStreamInfo: false };
  const open = () => openInputSync(libav, { ...request, format: "no-such-format" });
  assert.equal(thrownCode(open), "STREAM_PROTOCOL");
});

Deno.test("input: reading after disposal is refused", { ignore }, () => {
  using libav = testLibav();
  const clip = new Clip(libav, TWO_PEOPLE);
  clip[Symbol.dispose]();
  assert.equal(thrownCode(() => clip.input.readSync(clip.packet)), "LIFECYCLE");
});
