import assert from "node:assert/strict";
import { locateLibav } from "../../src/libav/locate.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { askWorker } from "../support/workers/ask_worker.ts";
import { TWO_PEOPLE } from "./support.ts";

const ignore = ignoreWithout("libav");

/** Runs `scope_worker.ts` with no permission but `ffi` for these paths, and returns its report. */
function inWorker(ffi: string[], request: unknown): Promise<Record<string, unknown>> {
  const others = { env: false, net: false, read: false, run: false, sys: false, write: false };
  const entry = new URL("./scope_worker.ts", import.meta.url);
  return askWorker(entry, { ffi, ...others }, request);
}

Deno.test(
  "scope: permission for the four libraries suffices to read, decode and convert",
  { ignore },
  async () => {
    const paths = locateLibav();
    const report = await inWorker(Object.values(paths), { paths, clip: TWO_PEOPLE, other: null });
    assert.deepEqual(report, { ok: true, frames: 5, view: "NotCapable", other: null });
  },
);

Deno.test(
  "scope: any other library is denied",
  { ignore },
  async () => {
    const paths = locateLibav();
    for (const other of [paths.avutil.replace("avutil", "swresample"), "libc.so.6"]) {
      const report = await inWorker(Object.values(paths), { paths, clip: TWO_PEOPLE, other });
      assert.equal(report["other"], "NotCapable", other);
    }
  },
);

Deno.test(
  "scope: three of the four are not enough, and the error names the denied one",
  { ignore },
  async () => {
    const paths = locateLibav();
    const three = [paths.avutil, paths.avcodec, paths.avformat];
    const report = await inWorker(three, { paths, clip: TWO_PEOPLE, other: null });
    assert.equal(report["ok"], false);
    assert.match(String(report["error"]), /NotCapable/);
    assert(String(report["error"]).includes(paths.swscale));
  },
);
