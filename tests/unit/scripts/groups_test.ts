import assert from "node:assert/strict";
import { groupOf, strays, testGroups } from "../../../scripts/testing/groups.ts";

const NATIVES = { libav: ["/lib/libavutil.so.57"], onnxruntime: ["/ort/binding.node"] };
const GROUPS = testGroups("/tmp/x", NATIVES);

function flagsOf(name: string): readonly string[] {
  return GROUPS.find((group) => group.name === name)?.flags ?? [];
}

Deno.test("groups: none has an unrestricted permission, and none may write outside its folder", () => {
  for (const { name, flags } of GROUPS) {
    assert.ok(flags.includes("--no-prompt"), name);
    assert.ok(flags.includes("--allow-write=/tmp/x"), name);
    for (const flag of flags) {
      assert.doesNotMatch(flag, /^(?:-A|--allow-all|--allow-[a-z]+)$/, `${name}: ${flag}`);
    }
    const net = flags.find((flag) => flag.startsWith("--allow-net"));
    // Only addresses of this machine, and a name that does not resolve.
    const hosts = net?.slice("--allow-net=".length).split(",") ?? [];
    assert.ok(hosts.every((host) => /^(127\.0\.0\.\d|0\.0\.0\.0|.*\.invalid)$/.test(host)), name);
  }
});

Deno.test("groups: native code is granted by its path, and only where it is tested", () => {
  const ffi = (name: string) => flagsOf(name).find((flag) => flag.startsWith("--allow-ffi"));
  assert.equal(ffi("unit"), undefined);
  assert.equal(ffi("e2e"), undefined);
  assert.equal(ffi("ffi"), "--allow-ffi=/lib/libavutil.so.57");
  assert.equal(ffi("inference"), "--allow-ffi=/ort/binding.node");
  assert.equal(ffi("workers"), "--allow-ffi=/lib/libavutil.so.57,/ort/binding.node");
});

Deno.test("groups: the unit tests may start no program", () => {
  assert.equal(flagsOf("unit").some((flag) => flag.startsWith("--allow-run")), false);
});

Deno.test("groups: only the tests of the page may ask what the system is", () => {
  const asking = GROUPS.filter(({ flags }) => flags.some((flag) => flag.startsWith("--allow-sys")));
  assert.deepEqual(asking.map(({ name }) => name), ["browser"]);
});

Deno.test("groups: the fuzz tests without a network may only read how long to run, and their seed", () => {
  const flags = flagsOf("fuzz");
  assert.equal(flags.some((flag) => /^--allow-(?:net|ffi|run|sys)/.test(flag)), false);
  const env = flags.find((flag) => flag.startsWith("--allow-env"));
  for (const name of ["ORION_FUZZ", "ORION_FUZZ_SEED"]) {
    assert.ok(env?.split(/[=,]/).includes(name), String(env));
  }
});

Deno.test("groups: each test file belongs to exactly one of them", () => {
  const cases: readonly [string, string | undefined][] = [
    ["tests/unit/mqtt/topics_test.ts", "unit"],
    ["tests/unit/inference/session_test.ts", "inference"],
    ["tests/unit/inference", "inference"],
    ["tests/unit", "unit"],
    ["tests/e2e/run_test.ts", "e2e"],
    ["tests/e2e/browser/page_test.ts", "browser"],
    ["tests/fuzz/rtp_test.ts", "fuzz"],
    ["tests/fuzz/network/http_test.ts", "network"],
    ["tests/elsewhere/a_test.ts", undefined],
    ["src/core/clock.ts", undefined],
  ];
  for (const [path, name] of cases) assert.equal(groupOf(GROUPS, path)?.name, name, path);
});

Deno.test("groups: every test file of this checkout belongs to one", () => {
  assert.deepEqual(strays(GROUPS), []);
});
