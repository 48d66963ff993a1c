/** The wall clock of a process, in the hands of the test that starts it. */
import { type TempFolder, tempFolder } from "../system/files.ts";
import { faketimePath } from "../system/parts.ts";

/** A wall clock that can be stepped while the process runs. Its timers and steady clocks stay true. */
export class WallClock implements Disposable {
  readonly #folder: TempFolder = tempFolder();
  readonly #file: string;

  constructor() {
    this.#file = this.#folder.write("offset", "+0\n");
  }

  /** For the environment of the process, beside what {@link command} sets. */
  get env(): Readonly<Record<string, string>> {
    return {
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: "1",
      DONT_FAKE_MONOTONIC: "1",
    };
  }

  /**
   * Words for `sh -c`, which runs its first argument with the others under this clock. The shell sets
   * what is loaded: Deno lets only those set it who may run everything.
   */
  get command(): string {
    return `LD_PRELOAD='${faketimePath() ?? ""}' exec "$0" "$@"`;
  }

  /** From now on the wall clock is so far ahead of the true time; behind it, when negative. */
  set(aheadSeconds: number): void {
    const text = `${aheadSeconds < 0 ? "" : "+"}${aheadSeconds}\n`;
    // Moved into its place, so that it is never read half written.
    Deno.renameSync(this.#folder.write("next", text), this.#file);
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}
