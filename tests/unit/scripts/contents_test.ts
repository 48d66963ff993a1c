import assert from "node:assert/strict";
import {
  type Content,
  contentProblems,
  requiredPaths,
  runtimeFolder,
} from "../../../scripts/lib/contents.ts";
import { machineOf, targetNamed, TARGETS } from "../../../scripts/lib/targets.ts";

for (const target of TARGETS) {
  const file = (path: string, bytes = 100, machine: number | null = null): Content => ({
    path,
    bytes,
    machine,
  });
  const natives = (path: string) => /\.(node|so\.1)$/.test(path) ? target.machine : null;
  const good = requiredPaths(target).map((path) => file(path, 100, natives(path)));

  Deno.test(`contents ${target.arch}: exactly the required files have no problems`, () => {
    assert.deepEqual(contentProblems(good, target), []);
  });

  Deno.test(`contents ${target.arch}: each required file that is missing is named`, () => {
    for (const { path } of good) {
      const rest = good.filter((content) => content.path !== path);
      assert.deepEqual(contentProblems(rest, target), [`${path} is missing`]);
    }
    for (
      const name of [
        "THIRD_PARTY.txt",
        "workers/capture.ts",
        "models/nanodet-g.onnx",
        "libonnxruntime.so.1",
      ]
    ) {
      assert.ok(good.some(({ path }) => path.endsWith(name)), name);
    }
  });

  Deno.test(`contents ${target.arch}: a file of another target is named`, () => {
    const other = TARGETS.find(({ arch }) => arch !== target.arch) ?? assert.fail();
    const foreign = [
      file(`${runtimeFolder(other)}/libonnxruntime.so.1`, 100, other.machine),
      file("node_modules/onnxruntime-node/bin/napi-v6/win32/x64/onnxruntime.dll"),
      file("node_modules/onnxruntime-node/bin/napi-v6/darwin/arm64/libonnxruntime.1.dylib"),
      file("node_modules/fast-check/package.json"),
    ];
    for (const one of foreign) {
      assert.match(contentProblems([...good, one], target).join(), /does not belong/, one.path);
    }
    // The right name, but native code for another machine.
    const swapped = good.map((one) =>
      one.machine === null ? one : { ...one, machine: other.machine }
    );
    assert.equal(contentProblems(swapped, target).length, 2);
  });

  Deno.test(`contents ${target.arch}: a package without the text of its licence is named`, () => {
    const mqtt = ["node_modules/mqtt/package.json", "node_modules/mqtt/build/index.js"];
    const nested = "node_modules/mqtt/node_modules/@scope/ws";
    const bare = [...good, ...[...mqtt, `${nested}/package.json`].map((path) => file(path))];
    assert.deepEqual(contentProblems(bare, target), [
      "node_modules/mqtt comes without the text of its licence",
      `${nested} comes without the text of its licence`,
    ]);
    // A licence in a subfolder is that of another work.
    const texts = ["node_modules/mqtt/license.md", `${nested}/LICENCE`];
    assert.deepEqual(
      contentProblems([...bare, ...texts.map((path) => file(path))], target),
      [],
    );
    const below = [...bare, file(`${nested}/LICENSE`), file("node_modules/mqtt/build/LICENSE")];
    assert.match(contentProblems(below, target).join(), /^node_modules\/mqtt comes without/);
  });

  Deno.test(`contents ${target.arch}: a size above the bound is a problem`, () => {
    const big = [...good, file("src/big.ts", 80 * 1024 * 1024)];
    assert.match(
      contentProblems(big, target).join(),
      /bytes are more than the \d+ that are allowed/,
    );
  });
}

Deno.test("targets: this machine's without a name, null for an unknown name", () => {
  assert.equal(targetNamed(undefined)?.arch, Deno.build.arch);
  assert.equal(targetNamed("riscv64gc-unknown-linux-gnu"), null);
});

Deno.test("targets: a library's machine is read from its header, and is null for a text", () => {
  const header = new Uint8Array(64);
  header.set([0x7f, 0x45, 0x4c, 0x46]);
  header[18] = 183;
  assert.equal(machineOf(header), 183);
  assert.equal(machineOf(header.subarray(0, 18)), null);
  assert.equal(machineOf(new TextEncoder().encode("#!/bin/sh, and some more of it")), null);
});
