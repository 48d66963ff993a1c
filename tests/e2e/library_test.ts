/** The programs of `examples/library`, with the permissions that docs/library.md names and no other. */
import assert from "node:assert/strict";
import { LIBAV_FOLDERS, locateLibav } from "../../src/libav/locate.ts";
import { startDeno } from "../permissions/product.ts";
import { FaultyCamera } from "../support/cameras/faulty_camera/camera.ts";
import { ffmpeg } from "../support/clips/ffmpeg.ts";
import { jpegSize } from "../support/clips/jpeg.ts";
import { PATTERN_SIZE, patternClip } from "../support/clips/pattern.ts";
import { PASSWORD, REALM, tracesIn, USER } from "../support/product/secrecy.ts";
import { ROOT, tempFolder, TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";

const EXAMPLES = `${ROOT}/examples/library`;
const MODULES = ["libav", "framebus"] as const;
/** Types of the compiler alone, which no program can name. */
const BRANDS = /'(?:normalised|clockKind)'/;
const AUTH = { user: USER, password: PASSWORD, realm: REALM, scheme: "digest-md5" } as const;

interface Outcome {
  readonly code: number;
  readonly lines: readonly string[];
  readonly stderr: string;
}

/** Runs a program of the examples to its end. */
async function run(name: string, flags: readonly string[], ...args: string[]): Promise<Outcome> {
  const program = `${EXAMPLES}/${name}`;
  await using child = startDeno(["--quiet", "--no-prompt", ...flags], [program, ...args], {});
  const { code } = await child.status;
  await Promise.all([child.stdout.ended, child.stderr.ended]);
  return { code, lines: child.stdout.all, stderr: child.stderr.text() };
}

/** The permissions to open libav's libraries; the folders they are looked for in are enough to read. */
function libavFlags(...read: string[]): string[] {
  const libraries = Object.values(locateLibav());
  return [`--allow-ffi=${libraries}`, `--allow-read=${[...LIBAV_FOLDERS, ...read]}`];
}

Deno.test({
  name: "library: a camera's newest picture is written, under the permissions that the page names",
  ignore: ignoreWithout("libav", "ffmpeg"),
  async fn() {
    using folder = tempFolder();
    const clip = { codec: "h264", ...await patternClip(50, ["-bf", "0", "-g", "25"]) } as const;
    await using camera = FaultyCamera.start({ clip, auth: AUTH });
    const flags = [
      ...[...libavFlags(), `--allow-net=127.0.0.1:${camera.port}`],
      `--allow-write=${folder.path}`,
    ];
    const written = await run("newest.ts", flags, camera.login(), folder.path, "2");
    assert.equal(written.code, 0, written.stderr);
    const picture = Deno.readFileSync(`${folder.path}/newest.jpg`);
    assert.deepEqual(jpegSize(picture), { ...PATTERN_SIZE });
    await camera.log.until("the end of the connection", () => camera.log.of("TEARDOWN").length > 0);

    const refused = await run("brightness.ts", flags, camera.login(USER, "wrong"));
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^STREAM_UNAUTHORISED: .*\. Check the user and the password/);
    assert.deepEqual(tracesIn(refused.stderr), []);
  },
});

Deno.test({
  name:
    "library: a file becomes tensors, and an address that is none a refusal without permissions",
  ignore: ignoreWithout("libav", "ffmpeg"),
  async fn() {
    using folder = tempFolder();
    const file = `${folder.path}/second.mp4`;
    await ffmpeg("-i", TWO_PEOPLE_CLIP, "-t", "1", "-c", "copy", file);
    const read = await run("brightness.ts", libavFlags(file), `file:${file}`);
    assert.equal(read.code, 0, read.stderr);
    const frames = read.lines.map((line) => JSON.parse(line));
    assert.ok(frames.length > 0);
    for (const [index, { seq, dropped, brightness }] of frames.entries()) {
      assert.ok(brightness > 0.4 && brightness < 0.6, `${brightness}`);
      assert.equal(seq, (frames[index - 1]?.seq ?? -1) + 1 + dropped);
    }
    // So importing it needs no permission, and starts nothing.
    const nothing = await run("brightness.ts", [], "nothing");
    assert.equal(nothing.code, 1);
    assert.match(nothing.stderr, /^FRAMES_URL: Cannot read frames from this address: /);
  },
});

Deno.test("library: the frame bus distributes frames of any kind, without permissions", async () => {
  const { code, lines, stderr } = await run("bus.ts", []);
  assert.equal(code, 0, stderr);
  const { received, decoded, detectors } = JSON.parse(lines.join(""));
  assert.deepEqual([received, decoded], [50, 50]);
  for (const { decoded, processed, dropped, waiting } of detectors) {
    const lost = Object.values(dropped).reduce((sum: number, count) => sum + Number(count), 0);
    assert.equal(decoded, processed + lost + waiting);
  }
  assert.equal(detectors[0].processed, 50);
  assert.ok(detectors[1].processed < 50);
});

for (const module of MODULES) {
  Deno.test(`library: every type that ./${module} names is exported with it, and no package is needed`, async () => {
    const path = `${ROOT}/src/library/${module}.ts`;
    const deno = async (...args: string[]) => {
      const find = '. "$0"; deno=$(find_deno) && exec "$deno" "$@"';
      const command = new Deno.Command("sh", {
        args: ["-c", find, `${ROOT}/scripts/lib/deno.sh`, ...args, path],
        cwd: ROOT,
        env: { NO_COLOR: "1" },
      });
      const { stdout, stderr } = await command.output();
      return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    };
    const unnamed = [...(await deno("doc", "--lint")).matchAll(/private type .*/g)]
      .map(([text]) => text).filter((text) => !BRANDS.test(text));
    assert.deepEqual(unnamed, [], `src/library/${module}.ts exports all that it names`);
    const { modules } = JSON.parse(await deno("info", "--json"));
    const specifiers: string[] = modules.map(({ specifier }: { specifier: string }) => specifier);
    assert.ok(specifiers.includes(`file://${path}`));
    assert.deepEqual(specifiers.filter((text) => !/^(?:file|node):/.test(text)), []);
  });
}

Deno.test("library: the program in the page is the one that is run", () => {
  const page = Deno.readTextFileSync(`${ROOT}/docs/library.md`);
  const [, shown = ""] = /```ts\n(.*?)```/s.exec(page) ?? [];
  const program = Deno.readTextFileSync(`${EXAMPLES}/newest.ts`);
  assert.equal(program.slice(program.indexOf("import ")), shown);
  assert.ok(shown.split("\n").filter((line) => line !== "").length <= 10, "ten lines");
});
