/** The package of Debian: what it depends on, and the paths of its unit. */
import assert from "node:assert/strict";
import { controlText, libavDepends, unitText } from "../../../scripts/lib/deb.ts";
import { RELEASES } from "../../../src/libav/layouts.ts";
import { loadSettings } from "../../../src/config/load.ts";
import { ROOT } from "../../support/system/files.ts";

const read = (path: string) => Deno.readTextFileSync(`${ROOT}/packaging/${path}`);
const UNIT = unitText(read("orion.service"));

Deno.test("deb: it depends on the libraries of every release of FFmpeg, and of Debian 12 and 13", () => {
  const depends = libavDepends();
  for (const release of RELEASES) {
    for (const name of ["avutil", "avcodec", "avformat", "swscale"] as const) {
      const found = depends.filter((one) =>
        one.split(" | ").includes(`lib${name}${release[name]}`)
      );
      assert.equal(found.length, 1, `${name} ${release.name}`);
    }
  }
  const control = controlText({ version: "1.2.3+abc", arch: "arm64", kibibytes: 7 });
  for (const name of ["libavutil59", "libavutil57", "libswscale8", "libswscale6", "adduser"]) {
    assert.match(control, new RegExp(`^Depends: .*\\b${name}\\b`, "m"), name);
  }
  assert.match(control, /^Version: 1\.2\.3\+abc\nArchitecture: arm64\nInstalled-Size: 7\n/m);
});

Deno.test("deb: each line of its control file is a field, or goes on with one", () => {
  for (
    const line of controlText({ version: "1", arch: "amd64", kibibytes: 1 }).trimEnd().split("\n")
  ) {
    assert.match(line, /^([A-Z][A-Za-z-]*: \S| \S)/);
  }
});

Deno.test("deb: its unit is that of the page, with the package's paths", () => {
  assert.doesNotMatch(UNIT, /\/opt\//);
  assert.match(
    UNIT,
    /^ExecStart=\/usr\/lib\/orion\/orion run --config \/etc\/orion\/orion\.yaml /m,
  );
  const settings = (text: string) => text.slice(text.indexOf("[Unit]")).split("\n");
  const own = settings(read("orion.service"));
  assert.equal(settings(UNIT).filter((line, index) => line !== own[index]).length, 2);
});

Deno.test("deb: its configuration is valid as it is installed, and with its camera in place of the clip", () => {
  const example = read("debian/orion.yaml");
  const camera = example.replace(/^.*\{ id: demo.*\n. # /m, "  ");
  assert.notEqual(camera, example);
  for (const yaml of [example, camera]) {
    const { warnings, cameras } = loadSettings({
      path: "/etc/orion/orion.yaml",
      root: ROOT,
      env: (name) => name === "GATE_PASSWORD" ? "hunter2" : undefined,
      readText: () => yaml,
      modeOf: () => ({ bits: 0o640, uid: 0 }),
    });
    assert.deepEqual([warnings, cameras.length], [[], 1]);
  }
});

Deno.test("deb: its scripts start the service again after an upgrade, and leave nothing after a purge", () => {
  assert.match(read("debian/postinst"), /try-restart orion\.service/);
  assert.match(read("debian/prerm"), /disable --now orion\.service/);
  assert.match(read("debian/postrm"), /rm -rf \/etc\/orion \/var\/cache\/orion\n/);
  for (const name of ["postinst", "prerm", "postrm"]) {
    assert.match(read(`debian/${name}`), /^#!\/bin\/sh\nset -e\n/);
  }
});
