import assert from "node:assert/strict";
import { ConfinementError } from "../../../src/confinement/errors.ts";
import { LANDLOCK_RESTRICT_SELF } from "../../../src/confinement/kernel.ts";
import { ThreadWall } from "../../../src/confinement/thread_wall.ts";
import { type Confinement, UNCONFINED } from "../../../src/core/confinement.ts";
import { exitCode } from "../../../src/core/exit.ts";
import { type LogRecord, logTo } from "../../../src/core/log.ts";
import { FakeKernel } from "./fake_kernel.ts";

const PLAN: Confinement = {
  required: false,
  library: "/lib/avutil",
  read: ["/srv/clips", "/srv/clips/a.mp4", "/srv/missing"],
  devices: [],
  ports: [554, 8554, 554],
  resolves: false,
};

async function raise(kernel: FakeKernel, plan: Confinement | null) {
  const records: LogRecord[] = [];
  const log = logTo((record) => records.push(record));
  const wall = await ThreadWall.raise(plan, { log, open: () => kernel });
  return { wall, records };
}

/** Rights over files, whether TCP and signals are limited, and the size that the kernel of the time knows. */
const VERSIONS:
  readonly (readonly [abi: number, files: number, net: number, scopes: number, bytes: number])[] = [
    [1, 0x1fff, 0, 0, 8],
    [2, 0x3fff, 0, 0, 8],
    [3, 0x7fff, 0, 0, 8],
    [4, 0x7fff, 3, 0, 16],
    [5, 0xffff, 3, 0, 16],
    [6, 0xffff, 3, 3, 24],
    [7, 0xffff, 3, 3, 24],
  ];

Deno.test("confinement: each version of Landlock is asked for all that it can refuse, and no more", async () => {
  for (const [abi, files, net, scopes, bytes] of VERSIONS) {
    const kernel = new FakeKernel({ abi, files: ["/srv/clips/a.mp4"] });
    const { wall, records } = await raise(kernel, PLAN);
    const fields = [files, net, scopes].map(BigInt);
    assert.deepEqual(kernel.ruleset, { bytes, fields }, `version ${abi}`);
    // Reading files and folders is 12, of a file 4; what does not exist needs no rule.
    const paths = ["/srv/clips 12", "/srv/clips/a.mp4 4"];
    assert.deepEqual(kernel.rules, net === 0 ? paths : [...paths, "port 554", "port 8554"]);
    const enforced = ["files", ...net === 0 ? [] : ["connections"]];
    assert.deepEqual(wall.state, {
      abi,
      enforced: scopes === 0 ? enforced : [...enforced, "signals"],
    });
    assert.ok(kernel.isConfined);
    assert.deepEqual(records, []);
    assert.equal(kernel.isDisposed, false);
    wall[Symbol.dispose]();
    assert.ok(kernel.isDisposed);
  }
});

Deno.test("confinement: where names are resolved, the resolver's files, its libraries and TCP 53 stay", async () => {
  const kernel = new FakeKernel({ abi: 7 });
  await raise(kernel, { ...PLAN, read: [], ports: [554], resolves: true });
  for (const path of ["/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/usr/lib"]) {
    assert.ok(kernel.rules.includes(`${path} 12`), path);
  }
  assert.deepEqual(kernel.rules.slice(-2), ["port 554", "port 53"]);
});

Deno.test("confinement: without Landlock, or switched off, the thread works unconfined", async () => {
  for (const plan of [PLAN, null]) {
    const kernel = new FakeKernel({ abi: 0 });
    const { wall, records } = await raise(kernel, plan);
    assert.deepEqual([wall.state, kernel.isConfined, records], [UNCONFINED, false, []]);
  }
});

Deno.test("confinement: a kernel that refuses to confine is logged, and the thread works unconfined", async () => {
  const kernel = new FakeKernel({ abi: 7, refuses: [LANDLOCK_RESTRICT_SELF] });
  const { wall, records } = await raise(kernel, PLAN);
  assert.deepEqual(wall.state, UNCONFINED);
  assert.deepEqual(records.map(({ event, fields }) => [event, fields["code"]]), [
    ["confinement.failed", "CONFINEMENT"],
  ]);
  assert.match(
    String(records[0]?.fields["message"]),
    /landlock_restrict_self failed with errno 13/,
  );
  assert.ok(kernel.isDisposed);
});

Deno.test("confinement: where it is required, less than files and connections is an error", async () => {
  const cases = [
    [{ abi: 0 }, /offers no Landlock/],
    [{ abi: 3 }, /has version 3, which does not limit connections/],
    [{ abi: 7, refuses: [LANDLOCK_RESTRICT_SELF] }, /landlock_restrict_self failed/],
  ] as const;
  for (const [parts, says] of cases) {
    const raised = raise(new FakeKernel(parts), { ...PLAN, required: true });
    const error = await raised.then(() => null, (error: unknown) => error);
    assert.ok(error instanceof ConfinementError);
    assert.match(error.message, says);
    assert.equal(exitCode(error), 2);
  }
});
