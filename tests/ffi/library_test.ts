import assert from "node:assert/strict";
import { LibraryError } from "../../src/core/errors.ts";
import { type LogRecord, logTo } from "../../src/core/log.ts";
import { Interrupt } from "../../src/libav/interrupt.ts";
import { Frame } from "../../src/libav/frame.ts";
import { type Layout, type Release, RELEASES } from "../../src/libav/layouts.ts";
import { Libav, type OpenedLibraries } from "../../src/libav/library.ts";
import { locateLibav } from "../../src/libav/locate.ts";
import { cString, NativeMemory } from "../../src/libav/memory.ts";
import { openAll, openLibav, selfTest } from "../../src/libav/open.ts";
import { Packet } from "../../src/libav/packet.ts";
import { NULL } from "../../src/libav/pointers.ts";
import { locateChosenLibav } from "../support/streams/libav_choice.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { testLibav, thrownCode } from "./support.ts";

const ignore = ignoreWithout("libav");

function ownRelease(): Release {
  using libav = testLibav();
  return libav.release;
}

/** The machine's own release with changed offsets. */
function withLayout(change: (layout: Layout) => Layout): Release[] {
  const own = ownRelease();
  return [{ ...own, layout: change(own.layout) }];
}

Deno.test(
  "libav: the machine's libraries pass every check and report their versions",
  { ignore },
  () => {
    const records: LogRecord[] = [];
    const log = logTo((record) => void records.push(record));
    using libav = openLibav(locateChosenLibav() ?? locateLibav(), { log });
    assert.match(libav.release.name, /^\d\.x$/);
    assert.deepEqual(records, []);
    assert.equal(libav.versions.avutil.split(".")[0], String(libav.release.avutil));
    assert.equal(libav.versions.swscale.split(".")[0], String(libav.release.swscale));
    assert.equal(libav.alive, 0);
  },
);

/** The machine's libraries without any decoder, as a build may be configured. */
function withoutDecoders(): OpenedLibraries {
  const opened = openAll(locateChosenLibav() ?? locateLibav(), true);
  const calls = { ...opened.avcodec.calls, avcodec_find_decoder: () => NULL };
  return { ...opened, avcodec: { ...opened.avcodec, calls } };
}

Deno.test("libav: libraries without the test clip's decoder pass, with one warning", {
  ignore,
}, () => {
  const records: LogRecord[] = [];
  using libav = new Libav(withoutDecoders(), ownRelease());
  selfTest(libav, logTo((record) => void records.push(record)));
  assert.deepEqual(records, [{
    level: "warning",
    event: "libav.check_skipped",
    fields: { reason: "the test clip could not be decoded with these libraries: STREAM_CODEC" },
  }]);
  assert.equal(libav.alive, 0);
});

Deno.test(
  "libav: a layout that is off by one field is refused, and the field is named",
  { ignore },
  () => {
    const wrong: [string, (layout: Layout) => Layout][] = [
      ["interrupt_callback", (layout) => ({
        ...layout,
        AVFormatContext: {
          ...layout.AVFormatContext,
          interruptCallback: layout.AVFormatContext.interruptCallback + 8,
        },
      })],
      ["decode_error_flags", (layout) => ({
        ...layout,
        // The offset of the best-effort timestamp, which is not 0 in a new frame.
        AVFrame: { ...layout.AVFrame, decodeErrorFlags: layout.AVFrame.bestEffortTimestamp + 4 },
      })],
      ["AVStream.index", (layout) => ({
        ...layout,
        AVStream: { ...layout.AVStream, index: layout.AVStream.index + 4 },
      })],
      ["time_base", (layout) => ({
        ...layout,
        AVStream: { ...layout.AVStream, timeBase: layout.AVStream.timeBase + 4 },
      })],
      ["AVCodecParameters.width", (layout) => ({
        ...layout,
        AVCodecParameters: {
          ...layout.AVCodecParameters,
          width: layout.AVCodecParameters.width + 4,
        },
      })],
      ["colorspace", (layout) => ({
        ...layout,
        AVFrame: { ...layout.AVFrame, colorspace: layout.AVFrame.colorspace + 4 },
      })],
    ];
    for (const [field, change] of wrong) {
      const releases = withLayout(change);
      assert.throws(() => openLibav(locateLibav(), { releases }), (error) => {
        assert(error instanceof LibraryError);
        assert.equal(error.code, "LIBAV_LAYOUT");
        assert.equal(error.retryable, false);
        assert.match(error.message, new RegExp(field.replace(".", "\\.")));
        return true;
      });
    }
  },
);

Deno.test("libav: no other release's layout passes the checks", { ignore }, () => {
  const own = ownRelease();
  // 8.x and 9.x share a layout.
  const others = RELEASES.filter((row) => row.layout !== own.layout);
  assert(others.length >= 4);
  for (const other of others) {
    const releases = [{ ...own, layout: other.layout }];
    const code = thrownCode(() => openLibav(locateLibav(), { releases }));
    assert.equal(code, "LIBAV_LAYOUT", `${other.name} on ${own.name}`);
  }
});

Deno.test("libav: an unknown major version is refused, naming it and the supported ones", {
  ignore,
}, () => {
  const own = ownRelease();
  const known = RELEASES.filter((row) => row.name !== own.name);
  assert.throws(() => openLibav(locateLibav(), { releases: known }), (error) => {
    assert(error instanceof LibraryError);
    assert.equal(error.code, "LIBAV_UNSUPPORTED");
    assert.match(error.message, new RegExp(`libavutil ${own.avutil}\\.`));
    for (const row of known) {
      assert(error.message.includes(`${row.name} (libavutil ${row.avutil})`));
    }
    return true;
  });
});

Deno.test("libav: libraries of different releases are refused", { ignore }, () => {
  const own = ownRelease();
  const releases = [{ ...own, swscale: own.swscale + 1 }];
  const code = thrownCode(() => openLibav(locateLibav(), { releases }));
  assert.equal(code, "LIBAV_UNSUPPORTED");
});

Deno.test("libav: closing requires that its objects are disposed of, and is idempotent", {
  ignore,
}, () => {
  const libav = testLibav();
  const packet = new Packet(libav);
  const frame = new Frame(libav);
  const interrupt = new Interrupt(libav);
  assert.equal(libav.alive, 3);
  assert.equal(thrownCode(() => libav[Symbol.dispose]()), "LIFECYCLE");
  for (const part of [packet, frame, interrupt]) {
    part[Symbol.dispose]();
    part[Symbol.dispose]();
  }
  assert.equal(libav.alive, 0);
  assert.equal(thrownCode(() => packet.unref()), "LIFECYCLE");
  assert.equal(thrownCode(() => frame.unref()), "LIFECYCLE");
  assert.equal(thrownCode(() => interrupt.raise()), "LIFECYCLE");
  libav[Symbol.dispose]();
  libav[Symbol.dispose]();
  assert.equal(thrownCode(() => new Packet(libav)), "LIFECYCLE");
});

Deno.test("native memory: reads back numbers and strings that were written", { ignore }, () => {
  using libav = testLibav();
  const memory = new NativeMemory(libav.avutil);
  const address = memory.allocate(16);
  assert.equal(memory.u64(address), 0n);
  memory.writeU64(address + 8n, 0xfedcba9876543210n);
  assert.equal(memory.u64(address + 8n), 0xfedcba9876543210n);
  assert.equal(memory.i32(address + 8n), 0x76543210);
  assert.equal(memory.u8(address + 15n), 0xfe);
  memory.free(address);
  const text = memory.string("rtsp://käse");
  assert.equal(memory.text(text), "rtsp://käse");
  memory.free(text);
  const buffer = new ArrayBuffer(8);
  memory.writeU64(memory.addressOf(buffer), 7n);
  assert.equal(new BigUint64Array(buffer)[0], 7n);
  assert.equal(thrownCode(() => cString("a\0b")), "LIFECYCLE");
});

Deno.test("libav: pixel formats are looked up by name", { ignore }, () => {
  using libav = testLibav();
  assert.equal(libav.pixelFormatName(libav.pixelFormat("yuv420p") ?? -2), "yuv420p");
  assert.equal(libav.pixelFormat("no such format"), null);
  assert.equal(libav.pixelFormatName(-1), "unknown(-1)");
});
