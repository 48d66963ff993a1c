import assert from "node:assert/strict";
import {
  decodeText,
  FileRefused,
  readRegularFile,
  readRegularFileSync,
} from "../../../src/core/regular_file.ts";
import { tempFolder } from "../../support/system/files.ts";

/** Both readers, which must agree. */
const READERS = [
  readRegularFile,
  (path: string, options: { maxBytes: number }) =>
    Promise.try(() => readRegularFileSync(path, options)),
];

Deno.test("regular file: it is read whole, up to its bound", async () => {
  using folder = tempFolder();
  const content = Uint8Array.from({ length: 70_000 }, (_, at) => at % 251);
  const path = folder.write("f", content);
  const empty = folder.write("empty", "");
  for (const read of READERS) {
    assert.deepEqual(await read(path, { maxBytes: content.length }), content);
    assert.equal((await read(empty, { maxBytes: 0 })).length, 0);
    await assert.rejects(read(path, { maxBytes: content.length - 1 }), (error) => {
      assert.ok(error instanceof FileRefused);
      assert.equal(error.why, "size");
      return error.message === "it has 70000 bytes and at most 69999 are read";
    });
  }
});

Deno.test("regular file: a folder is refused, and a missing file is Deno's own error", async () => {
  using folder = tempFolder();
  for (const read of READERS) {
    await assert.rejects(read(folder.path, { maxBytes: 10 }), {
      why: "kind",
      message: "it is a folder",
    });
    await assert.rejects(read(`${folder.path}/none`, { maxBytes: 10 }), Deno.errors.NotFound);
    await assert.rejects(read("/etc/hostname", { maxBytes: 10 }), Deno.errors.NotCapable);
  }
});

Deno.test("regular file: it must be where its path led to before", async () => {
  using folder = tempFolder();
  const path = folder.write("f", "text");
  const resolvedPath = await Deno.realPath(path);
  assert.equal(decodeText(await readRegularFile(path, { maxBytes: 9, resolvedPath })), "text");
  const other = { maxBytes: 9, resolvedPath: `${resolvedPath}.old` };
  await assert.rejects(readRegularFile(path, other), { why: "replaced" });
});

Deno.test("regular file: a text keeps its byte order mark", () => {
  assert.equal(decodeText(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)), "\ufeffa");
});
