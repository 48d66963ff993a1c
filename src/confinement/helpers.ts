import {
  AT_FDCWD,
  type CallArgument,
  type CallNumbers,
  fixedBuffer,
  type Kernel,
  LANDLOCK_RESTRICT_SELF,
  O_CLOEXEC,
  O_DIRECTORY,
  PR_SET_NO_NEW_PRIVS,
} from "./kernel.ts";
import { TaskFiles } from "./task_files.ts";

/** The name of every helper, as Linux shortens it. */
const HELPER_NAME = "tokio-runtime-w";
/** Deno starts at most 32 for one thread. */
const MAX_HELPERS = 32;
/** Work of Deno's own in between disturbs the turns; then all is done again. Landlock nests 16 times. */
const MAX_ROUNDS = 4;
/** The wait for a helper to become idle: {@link MAX_WAITS} times this at most. */
const WAIT_NS = 50_000n;
const MAX_WAITS = 2000;
/** The wait for helpers that have just been started: their number of {@link WAIT_NS} at most. */
const MAX_START_WAITS = 1000;

/**
 * The helper threads that exist when a thread confines itself. Those that start later inherit its
 * confinement; these do not, and Deno keeps them as long as they are used.
 *
 * Deno runs nonblocking native calls, file operations and name resolution on helpers of a worker's own;
 * the first of them started to load the worker's modules. Which one gets a call cannot be chosen. But the
 * one that has been idle longest gets it, so that while all are idle before each call, as many calls as
 * there are helpers reach each of them.
 */
export class Helpers implements Disposable {
  readonly #kernel: Kernel;
  readonly #numbers: CallNumbers;
  readonly #tasks: TaskFiles;
  /** Descriptors of each helper's state, opened before that is refused. */
  readonly #stats = new Map<number, number>();
  readonly #pause = fixedBuffer(16);

  private constructor(kernel: Kernel, numbers: CallNumbers) {
    this.#kernel = kernel;
    this.#numbers = numbers;
    this.#tasks = new TaskFiles(kernel, numbers);
    new BigUint64Array(this.#pause).set([0n, WAIT_NS]);
  }

  /** Finds the present helpers of this thread, which must not be confined yet. */
  static async find(kernel: Kernel, numbers: CallNumbers): Promise<Helpers> {
    const helpers = new Helpers(kernel, numbers);
    helpers.#waitUntilStarted();
    while (helpers.#stats.size < MAX_HELPERS) {
      const thread = await helpers.#call(numbers.gettid);
      // They have all had their turn.
      if (helpers.#stats.has(thread)) break;
      helpers.#stats.set(thread, helpers.#tasks.open(thread));
    }
    return helpers;
  }

  /**
   * Confines them, after the thread itself.
   * @param ruleset  a descriptor of Landlock
   * @returns whether all of them are confined, as far as trying shows
   */
  async confine(ruleset: number): Promise<boolean> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      await this.#onEach(this.#numbers.prctl, PR_SET_NO_NEW_PRIVS, 1);
      await this.#onEach(LANDLOCK_RESTRICT_SELF, ruleset, 0);
      if (await this.#areConfined()) return true;
    }
    return false;
  }

  [Symbol.dispose](): void {
    for (const descriptor of this.#stats.values()) this.#tasks.close(descriptor);
    this.#stats.clear();
  }

  async #onEach(number: number, ...args: readonly (number | bigint)[]): Promise<void> {
    for (let index = 0; index < this.#stats.size; index++) await this.#call(number, ...args);
  }

  /** Tries twice on each to open the root folder, which no confinement permits. */
  async #areConfined(): Promise<boolean> {
    const root = fixedBuffer("/");
    let areConfined = true;
    for (let index = 0; index < 2 * this.#stats.size; index++) {
      const flags = O_DIRECTORY | O_CLOEXEC;
      const opened = await this.#call(this.#numbers.openat, AT_FDCWD, root, flags);
      if (opened < 0) continue;
      this.#kernel.call(this.#numbers.close, opened);
      areConfined = false;
    }
    return areConfined;
  }

  #call(number: number, ...args: readonly CallArgument[]): Promise<number> {
    this.#waitUntilIdle();
    return this.#kernel.callOnHelper(number, ...args);
  }

  /** Waits until every helper sleeps: one that has just answered could take the call of another. */
  #waitUntilIdle(): void {
    for (let waits = 0; waits < MAX_WAITS; waits++) {
      if ([...this.#stats.values()].every((one) => this.#tasks.read(one)?.sleeps ?? true)) return;
      this.#kernel.call(this.#numbers.nanosleep, this.#pause, 0);
    }
  }

  /**
   * Waits for helpers that have just been started. Until it names itself, a thread has the name of the one
   * that started it; then it takes a call, or goes to sleep.
   */
  #waitUntilStarted(): void {
    const own = this.#kernel.call(this.#numbers.gettid);
    for (let waits = 0; waits < MAX_START_WAITS; waits++) {
      const states = this.#tasks.all();
      const name = states.get(own)?.name;
      states.delete(own);
      const all = [...states.values()];
      if (all.every((one) => one.name !== name && (one.sleeps || one.name !== HELPER_NAME))) return;
      this.#kernel.call(this.#numbers.nanosleep, this.#pause, 0);
    }
  }
}
