import assert from "node:assert/strict";
import { LibraryError } from "../../../src/core/errors.ts";
import { locateLibav } from "../../../src/libav/locate.ts";
import { frames } from "../../../src/library/frames.ts";
import { FramesError, type FramesOptions, sourceOf } from "../../../src/library/options.ts";

const URL = "rtsp://viewer:s3cret@192.0.2.10/stream2";

function refusal(url: string, options: FramesOptions = {}): { code: string; text: string } {
  try {
    frames(url, options);
  } catch (error) {
    assert.ok(error instanceof Error && "code" in error && "remedy" in error, `${error}`);
    return { code: `${error.code}`, text: `${error.message} ${error.remedy}` };
  }
  return assert.fail("it was accepted");
}

Deno.test("library: an address that cannot be read is refused at once, and not quoted", () => {
  const wrong = [
    "",
    "stream.mp4",
    "http://192.0.2.10/x",
    "rtsp://viewer:s3cret@@192.0.2.10/",
    "demo:",
  ];
  for (const url of wrong) {
    const { code, text } = refusal(url);
    assert.equal(code, "FRAMES_URL", url);
    assert.ok(!text.includes("s3cret"), text);
  }
});

Deno.test("library: an option out of its bounds is refused at once, with the bounds", () => {
  const wrong: readonly FramesOptions[] = [
    { rateHz: 0 },
    { rateHz: NaN },
    { rateHz: 1001 },
    { stallTimeoutMs: 10 },
    { maxPixels: 0 },
    // A program that no compiler checks.
    JSON.parse('{ "rotate": 45 }'),
  ];
  for (const options of wrong) {
    const [name = ""] = Object.keys(options);
    const { code, text } = refusal(URL, options);
    assert.equal(code, "FRAMES_OPTION");
    assert.match(text, new RegExp(`^Cannot use ${name}: it is .*, expected .*\\d`), text);
  }
});

Deno.test("library: a fingerprint or an authority that is none is refused at once", () => {
  const wrong = [
    [{ fingerprint: "sha256:12" }, /^Cannot use tls\.fingerprint: it has not the 64 hexadecimal/],
    [{ ca: "/etc/ssl/ca.pem" }, /^Cannot use tls\.ca: it holds no certificate as PEM/],
  ] as const;
  for (const [tls, expected] of wrong) {
    const { code, text } = refusal(URL, { tls });
    assert.equal(code, "FRAMES_OPTION");
    assert.match(text, expected);
  }
});

Deno.test("library: a camera is read over TCP by Orion's own client, a file from its absolute path", () => {
  const camera = sourceOf(URL, { tls: { fingerprint: `sha256:${"AA".repeat(32)}` } });
  assert.deepEqual(
    [camera.url, camera.file, camera.demuxer, camera.transport, camera.udpPorts],
    [URL, null, "orion", "tcp", null],
  );
  assert.deepEqual(camera.tls, { ca: null, fingerprint: "aa".repeat(32), insecure: false });
  const file = sourceOf("file:/clips/a.mp4", { loop: true });
  assert.deepEqual([file.url, file.file, file.loop], ["/clips/a.mp4", "/clips/a.mp4", true]);
});

Deno.test("library: nothing is opened before the first frame is asked for", async () => {
  // The tests of this folder may not load a library.
  const asked = frames(URL);
  await asked.return();
  assert.deepEqual(await asked.next(), { value: undefined, done: true });
});

Deno.test("library: what Deno does not permit is refused with the flags, before anything is opened", async () => {
  const libraries = {
    ...{ avutil: "/av/libavutil.so.57", avcodec: "/av/libavcodec.so.59" },
    ...{ avformat: "/av/libavformat.so.59", swscale: "/av/libswscale.so.6" },
  };
  const { avutil, avcodec, avformat, swscale } = libraries;
  const flags = [
    [URL, `--allow-ffi=${avutil},${avcodec},${swscale} --allow-net=192.0.2.10:554`],
    [
      "rtsps://[2001:db8::1]/x",
      `--allow-ffi=${avutil},${avcodec},${swscale} --allow-net=[2001:db8::1]:322`,
    ],
    [
      "file:/clips/a.mp4",
      `--allow-ffi=${avutil},${avcodec},${swscale},${avformat} --allow-read=/clips/a.mp4`,
    ],
  ] as const;
  for (const [url, expected] of flags) {
    await assert.rejects(frames(url, { libraries }).next(), (error) => {
      assert.ok(error instanceof FramesError);
      const { code, retryable, message, remedy } = error;
      assert.deepEqual([code, retryable, remedy], [
        "FRAMES_PERMISSION",
        false,
        `Run it with ${expected}.`,
      ]);
      assert.ok(!message.includes("s3cret"), message);
      return true;
    });
  }
  assert.throws(() => locateLibav({ folders: ["/av"] }), (error) => {
    assert.ok(error instanceof LibraryError);
    assert.match(error.remedy, /permit reading the folder that has them: --allow-read=\/av\.$/);
    return true;
  });
});
