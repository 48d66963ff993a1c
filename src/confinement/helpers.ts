import {
  AT_FDCWD,
  type CallNumbers,
  fixedBuffer,
  type Kernel,
  LANDLOCK_RESTRICT_SELF,
} from "./kernel.ts";

const PR_SET_NO_NEW_PRIVS = 38;
const O_DIRECTORY = Deno.build.arch === "aarch64" ? 0o40000 : 0o200000;
const O_CLOEXEC = 0o2000000;

/** A thread has a few helpers after its modules are loaded, and a new one only where all are busy. */
const MAX_HELPERS = 32;
/** The helpers take turns; where other work disturbs that, it is done again. Landlock nests 16 times. */
const MAX_ROUNDS = 5;

/**
 * Confines the helper threads that exist already. Those that start later inherit the confinement of the
 * thread that starts them.
 *
 * Deno runs nonblocking native calls, file operations and name resolution on helper threads of a worker's
 * own, which started while its modules were loaded, and keeps those that are used. Idle helpers are woken
 * in turn, the one that has waited longest first: as many calls as there are helpers reach each of them.
 *
 * @param ruleset  a descriptor of Landlock
 * @returns whether all of them are confined, as far as trying shows
 */
export async function confineHelpers(
  kernel: Kernel,
  numbers: CallNumbers,
  ruleset: number,
): Promise<boolean> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const count = await countHelpers(kernel, numbers);
    if (round > 0 && await areConfined(kernel, numbers, count)) return true;
    for (let index = 0; index < count; index++) {
      await kernel.callOnHelper(numbers.prctl, PR_SET_NO_NEW_PRIVS, 1);
    }
    for (let index = 0; index < count; index++) {
      await kernel.callOnHelper(LANDLOCK_RESTRICT_SELF, ruleset, 0);
    }
  }
  return await areConfined(kernel, numbers, await countHelpers(kernel, numbers));
}

/** Calls until a helper answers for the second time. */
async function countHelpers(kernel: Kernel, { gettid }: CallNumbers): Promise<number> {
  const seen = new Set<number>();
  while (seen.size < MAX_HELPERS) {
    const thread = await kernel.callOnHelper(gettid);
    if (seen.has(thread)) break;
    seen.add(thread);
  }
  return seen.size;
}

/** Tries to open the root folder on each, which no confinement permits. */
async function areConfined(
  kernel: Kernel,
  { openat, close }: CallNumbers,
  count: number,
): Promise<boolean> {
  const root = fixedBuffer("/");
  let isConfined = true;
  for (let index = 0; index < count; index++) {
    const opened = await kernel.callOnHelper(openat, AT_FDCWD, root, O_DIRECTORY | O_CLOEXEC);
    if (opened < 0) continue;
    kernel.call(close, opened);
    isConfined = false;
  }
  return isConfined;
}
