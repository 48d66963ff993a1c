import assert from "node:assert/strict";
import { LibraryError } from "../../src/core/errors.ts";
import { RELEASES } from "../../src/libav/layouts.ts";
import { LIBAV_FOLDERS, locateLibav } from "../../src/libav/locate.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { TempFolder } from "./support.ts";

/** Makes empty files with the names of the libraries of a release. */
function plant(
  folder: string,
  release: string,
  names = ["avutil", "avcodec", "avformat", "swscale"],
) {
  const row = RELEASES.find((candidate) => candidate.name === release);
  assert(row !== undefined);
  const majors: Record<string, number> = { ...row, layout: 0, name: 0 };
  for (const name of names) Deno.writeTextFileSync(`${folder}/lib${name}.so.${majors[name]}`, "");
}

function releaseOf(avutil: string): string | undefined {
  return RELEASES.find((row) => avutil.endsWith(`.${row.avutil}`))?.name;
}

Deno.test("locate: the machine's libraries are absolute paths of one release in one folder", {
  ignore: ignoreWithout("libav"),
}, () => {
  const paths = locateLibav();
  const folders = new Set(Object.values(paths).map((path) => path.replace(/\/[^/]+$/, "")));
  assert.equal(folders.size, 1);
  assert(LIBAV_FOLDERS.includes([...folders][0] ?? ""));
});

Deno.test("locate: the newest complete release is preferred, and releases are never mixed", () => {
  using one = new TempFolder();
  using two = new TempFolder();
  const folders = [one.path, two.path];
  plant(one.path, "5.x");
  plant(two.path, "7.x", ["avutil", "avcodec", "avformat"]);
  assert.equal(releaseOf(locateLibav({ folders }).avutil), "5.x");
  // The missing library of 7.x in another folder does not complete it.
  plant(one.path, "7.x", ["swscale"]);
  assert.equal(releaseOf(locateLibav({ folders }).avutil), "5.x");
  plant(two.path, "6.x");
  assert.equal(releaseOf(locateLibav({ folders }).avutil), "6.x");
  assert.equal(locateLibav({ folders }).swscale, `${two.path}/libswscale.so.7`);
});

Deno.test("locate: the given folder is preferred to a newer release elsewhere", () => {
  using usual = new TempFolder();
  using own = new TempFolder();
  plant(usual.path, "8.x");
  plant(own.path, "4.x");
  const found = locateLibav({ folder: `${own.path}/`, folders: [usual.path] });
  assert.equal(found.avutil, `${own.path}/libavutil.so.56`);
  assert.equal(found.avformat, `${own.path}/libavformat.so.58`);
});

Deno.test("locate: missing libraries are named, with their packages", () => {
  using folder = new TempFolder();
  plant(folder.path, "6.x", ["avutil", "avcodec", "avformat"]);
  assert.throws(() => locateLibav({ folders: [folder.path] }), (error) => {
    assert(error instanceof LibraryError);
    assert.equal(error.code, "LIBAV_MISSING");
    assert.equal(error.retryable, false);
    assert(error.message.includes(folder.path));
    assert(error.message.includes("but not libswscale.so.7"));
    assert(error.remedy.includes("apt-get install libswscale7"));
    return true;
  });
});

Deno.test("locate: without any library the remedy is to install ffmpeg", () => {
  using folder = new TempFolder();
  assert.throws(() => locateLibav({ folders: [folder.path, "/no/such/folder"] }), (error) => {
    assert(error instanceof LibraryError);
    assert.match(error.message, /4\.x \(libavutil 56\).*9\.x \(libavutil 61\)/);
    assert.match(error.remedy, /apt-get install ffmpeg/);
    return true;
  });
});
