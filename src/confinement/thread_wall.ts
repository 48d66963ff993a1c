import { type Confinement, type ConfinementState, UNCONFINED } from "../core/confinement.ts";
import { errorData } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { ConfinementError, staleConfinement } from "./errors.ts";
import type { Kernel } from "./kernel.ts";
import { confineThread, requireAbi } from "./landlock.ts";
import { ResolverFiles } from "./resolver.ts";

/** The confinement of the calling thread, as far as it is one. */
export class ThreadWall implements Disposable {
  readonly state: ConfinementState;
  readonly #kernel: (Kernel & Disposable) | null;
  readonly #resolver: ResolverFiles | null;

  private constructor(
    state: ConfinementState,
    kernel: (Kernel & Disposable) | null,
    resolver: ResolverFiles | null,
  ) {
    this.state = state;
    this.#kernel = kernel;
    this.#resolver = resolver;
  }

  /**
   * Confines this thread as configured, for good. Where it is not required, a kernel that refuses is
   * logged.
   * @param confinement  null: `confinement.landlock` is `off`
   * @param parts.open  opens the system calls of a library
   * @throws {ConfinementError} `CONFINEMENT` when it is required and the kernel cannot
   */
  static async raise(
    confinement: Confinement | null,
    parts: { readonly log: Log; readonly open: (library: string) => Kernel & Disposable },
  ): Promise<ThreadWall> {
    if (confinement === null) return new ThreadWall(UNCONFINED, null, null);
    const kernel = parts.open(confinement.library);
    try {
      const resolver = confinement.resolves ? new ResolverFiles(kernel) : null;
      const state = await confineThread(kernel, confinement);
      if (confinement.required) requireAbi(state.abi);
      return new ThreadWall(state, kernel, state.enforced.includes("files") ? resolver : null);
    } catch (error) {
      kernel[Symbol.dispose]();
      if (confinement.required || !(error instanceof ConfinementError)) throw error;
      parts.log.warning("confinement.failed", { ...errorData(error) });
      return new ThreadWall(UNCONFINED, null, null);
    }
  }

  /**
   * Checks that host names can still be resolved from behind the wall.
   * @throws {ConfinementError} `CONFINEMENT_STALE` when a file of the resolver was replaced
   */
  assertCurrent(): void {
    const replaced = this.#resolver?.replaced() ?? null;
    if (replaced !== null) throw staleConfinement(replaced);
  }

  /** Releases the system calls; the thread stays confined. */
  [Symbol.dispose](): void {
    this.#kernel?.[Symbol.dispose]();
  }
}
