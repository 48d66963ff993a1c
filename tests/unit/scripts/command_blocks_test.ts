/** Every block of commands in the documents is run by a test, or named with the reason why not. */
import assert from "node:assert/strict";
import { walk } from "../../../scripts/testing/checkout.ts";
import {
  commandBlocks,
  NOT_RUN,
  RUN_BY_TEST,
  WALKS,
} from "../../support/product/command_blocks.ts";
import { ROOT } from "../../support/system/files.ts";

const BLOCKS = commandBlocks();

Deno.test("commands: each block of the documents is run, or named with the reason", () => {
  assert.ok(BLOCKS.length > 40, `${BLOCKS.length}`);
  const missing = BLOCKS.filter(({ path, first, walked }) =>
    !(walked !== null && path in WALKS) &&
    RUN_BY_TEST[path]?.includes(first) !== true &&
    NOT_RUN[path]?.[first] === undefined
  );
  assert.deepEqual(missing.map(({ path, first }) => `${path}: ${first}`), []);
});

Deno.test("commands: each block that is named is there", () => {
  const known = new Set(BLOCKS.map(({ path, first }) => `${path}: ${first}`));
  const named = [
    ...Object.entries(RUN_BY_TEST).flatMap(([path, firsts]) => firsts.map((one) => [path, one])),
    ...Object.entries(NOT_RUN).flatMap(([path, of]) => Object.keys(of).map((one) => [path, one])),
  ].map(([path, first]) => `${path}: ${first}`);
  assert.deepEqual(named.filter((one) => !known.has(one)), []);
});

Deno.test("commands: a document with walked blocks has its walk, and each name is there once", () => {
  const walked = BLOCKS.filter(({ walked }) => walked !== null);
  assert.deepEqual(new Set(walked.map(({ path }) => path)), new Set(Object.keys(WALKS)));
  const files = new Set([...walk(ROOT, "scripts"), ...walk(ROOT, "tests")]);
  for (const file of Object.values(WALKS)) assert.ok(files.has(file), file);
  const names = walked.map(({ path, walked }) => `${path}: ${walked}`);
  assert.equal(new Set(names).size, names.length);
});
