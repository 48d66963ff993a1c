import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  CONTENTS_FILE,
  digestOf,
  formatContents,
  type ListedFile,
  parseContents,
} from "../../../src/cli/contents_list.ts";
import { openUnpacked, unpack, UnpackError, type UnpackHost } from "../../../src/cli/unpacked.ts";
import { exitCode } from "../../../src/core/exit.ts";
import { type TempFolder, tempFolder } from "../../support/system/files.ts";

const FILES: Readonly<Record<string, string>> = {
  "main.ts": "// Orion",
  "models/a model.onnx": "weights",
  "empty.txt": "",
};

function listed([path, text]: [string, string]): ListedFile {
  const bytes = new TextEncoder().encode(text);
  return { path, bytes: bytes.length, digest: createHash("sha256").update(bytes).digest("hex") };
}

/** Unpacks as Deno's runtime does: nothing where the marker is. */
function unpackInto(folder: TempFolder, version: string): string {
  const root = `${folder.path}/.orion/${version}`;
  for (const [path, text] of Object.entries(FILES)) {
    folder.write(`.orion/${version}/${path}`, text);
  }
  const list = formatContents(Object.entries(FILES).map(listed));
  folder.write(`.orion/${version}/${CONTENTS_FILE}`, list);
  folder.write(`.orion/${version}/.done`, "");
  return root;
}

interface TestHost extends UnpackHost {
  readonly dropped: string[];
  readonly printed: string[];
}

function hostOf(root: string, program: string, denied: readonly string[] = []): TestHost {
  const dropped: string[] = [];
  const printed: string[] = [];
  return {
    root,
    program,
    isGranted: (kind) => !denied.includes(kind),
    dropWrite: (folder) => void dropped.push(folder),
    out: (text) => void printed.push(text),
    dropped,
    printed,
  };
}

/** The error of a start. */
function failure(start: () => unknown): UnpackError {
  try {
    start();
  } catch (error) {
    if (error instanceof UnpackError) return error;
    throw error;
  }
  return assert.fail("it started");
}

Deno.test("contents list: what is formatted is read back, and what is cut off or altered is not", () => {
  const files = Object.entries(FILES).map(listed);
  const text = formatContents(files);
  assert.deepEqual(parseContents(text), files);
  assert.deepEqual(parseContents(formatContents([])), []);
  const lines = text.split("\n");
  const altered = [
    "",
    text.slice(0, -1),
    text.slice(0, text.length / 2),
    lines.slice(1).join("\n"),
    text.replace("models/a model", "models/b model"),
    text.replace(/^[0-9a-f]/, (digit) => digit === "0" ? "1" : "0"),
    `${text}\n`,
  ];
  for (const one of altered) assert.equal(parseContents(one), null, JSON.stringify(one));
});

Deno.test("contents list: the digest of a file is its SHA-256, however large it is", () => {
  using folder = tempFolder();
  const bytes = new Uint8Array(3 * 1024 * 1024 + 7).fill(5);
  const expected = createHash("sha256").update(bytes).digest("hex");
  assert.equal(digestOf(folder.write("large", bytes)), expected);
});

Deno.test("unpacked: an intact folder is locked, and the permission to write it is given up", () => {
  using folder = tempFolder();
  const root = unpackInto(folder, "aa");
  const host = hostOf(root, `${folder.path}/orion`);
  using _first = openUnpacked(host);
  using _second = openUnpacked(host);
  assert.deepEqual(host.dropped, [`${folder.path}/.orion`, `${folder.path}/.orion`]);
});

for (
  const [what, damage] of [
    ["was altered", (root) => Deno.writeTextFileSync(`${root}/main.ts`, "// Orio!")],
    ["was cut off", (root) => Deno.truncateSync(`${root}/main.ts`, 3)],
    ["is empty", (root) => Deno.truncateSync(`${root}/main.ts`, 0)],
    ["is missing", (root) => Deno.removeSync(`${root}/main.ts`)],
    ["is a folder", (root) => {
      Deno.removeSync(`${root}/main.ts`);
      Deno.mkdirSync(`${root}/main.ts`);
    }],
  ] satisfies [string, (root: string) => void][]
) {
  Deno.test(`unpacked: a file that ${what} is named, and unpacked again at the next start`, () => {
    using folder = tempFolder();
    const root = unpackInto(folder, "aa");
    const host = hostOf(root, `${folder.path}/orion`);
    damage(root);
    const error = failure(() => openUnpacked(host));
    assert.equal(error.code, "UNPACK_AGAIN");
    assert.match(
      error.message,
      /^1 of the unpacked files in \S+ are damaged or missing \(main\.ts\)$/,
    );
    assert.equal(exitCode(error), 1);
    assert.deepEqual(host.dropped, []);
    assert.throws(() => Deno.statSync(`${root}/.done`), Deno.errors.NotFound);
    Deno.removeSync(root, { recursive: true });
    unpackInto(folder, "aa");
    openUnpacked(host)[Symbol.dispose]();
  });
}

Deno.test("unpacked: without a whole list of the files nothing is trusted", () => {
  using folder = tempFolder();
  const root = unpackInto(folder, "aa");
  const host = hostOf(root, `${folder.path}/orion`);
  const list = Deno.readTextFileSync(`${root}/${CONTENTS_FILE}`);
  Deno.writeTextFileSync(`${root}/${CONTENTS_FILE}`, list.slice(0, 80));
  assert.match(failure(() => openUnpacked(host)).message, /\(contents\.txt\)/);
  Deno.removeSync(`${root}/${CONTENTS_FILE}`);
  assert.match(failure(() => openUnpacked(host)).message, /\(contents\.txt\)/);
});

Deno.test("unpacked: damaged files that another process uses are left alone", () => {
  using folder = tempFolder();
  const root = unpackInto(folder, "aa");
  const host = hostOf(root, `${folder.path}/orion`);
  using _other = openUnpacked(host);
  Deno.truncateSync(`${root}/main.ts`, 3);
  const error = failure(() => openUnpacked(host));
  assert.equal(error.code, "UNPACK_BUSY");
  assert.match(error.remedy, /^Stop it, then run: sudo \S+\/orion --unpack$/);
  assert.ok(Deno.statSync(`${root}/.done`).isFile);
});

Deno.test("unpacked: files in another folder than the program's are one error with the remedy", () => {
  const elsewhere = hostOf("/var/cache/orion/.local/share/orion/aa", "/opt/orion/orion", ["read"]);
  const unpackOnce = failure(() => openUnpacked(elsewhere));
  assert.match(unpackOnce.message, /it could not write beside itself$/);
  assert.match(unpackOnce.remedy, /: sudo \/opt\/orion\/orion --unpack$/);
  assert.equal(exitCode(unpackOnce), 2);
  const moved = hostOf("/srv/orion/.orion/aa", "/srv/orion/orion", ["read"]);
  assert.match(failure(() => openUnpacked(moved)).remedy, /--at when it was compiled\.$/);
  const renamed = hostOf("/opt/orion/.other/aa", "/opt/orion/other", ["write"]);
  assert.match(failure(() => unpack(renamed)).remedy, /^Install it as `orion`/);
});

Deno.test("unpack: every user may read the files afterwards", () => {
  using folder = tempFolder();
  const root = unpackInto(folder, "aa");
  const paths = [`${folder.path}/.orion`, root, `${root}/models`, `${root}/models/a model.onnx`];
  for (const path of paths) Deno.chmodSync(path, path.endsWith(".onnx") ? 0o600 : 0o700);
  const host = hostOf(root, `${folder.path}/orion`);
  unpack(host);
  const modes = paths.map((path) => ((Deno.statSync(path).mode ?? 0) & 0o777).toString(8));
  assert.deepEqual(modes, ["755", "755", "755", "644"]);
  assert.deepEqual(host.printed, [`${root}: 3 files: complete\n`]);
});

Deno.test("unpack: earlier versions are removed, but not the newest of them, nor one that runs", () => {
  using folder = tempFolder();
  const versions = ["a1", "a2", "a3", "a4"].map((name, index) => {
    const root = unpackInto(folder, name);
    const at = new Date(Date.UTC(2026, 0, 1 + index));
    Deno.utimeSync(`${root}/.done`, at, at);
    return root;
  });
  const [oldest = "", running = "", previous = "", root = ""] = versions;
  const partly = unpackInto(folder, "a5");
  Deno.removeSync(`${partly}/.done`);
  folder.write(".orion/note.txt", "not a version");
  using _running = openUnpacked(hostOf(running, `${folder.path}/orion`));
  const host = hostOf(root, `${folder.path}/orion`);
  unpack(host);
  const names = [...Deno.readDirSync(`${folder.path}/.orion`)].map(({ name }) => name).sort();
  assert.deepEqual(names, ["a2", "a3", "a4", "note.txt"]);
  assert.deepEqual(host.printed.slice(1).sort(), [
    `${oldest}: removed\n`,
    `${running}: kept, a running program uses it\n`,
    `${previous}: kept, the version before\n`,
    `${partly}: removed\n`,
  ]);
});
