/** The wall clock of a child process, controlled by the test. */
import { type TempFolder, tempFolder } from "../system/files.ts";
import { faketimePath } from "../system/parts.ts";

/** A wall clock that can be stepped while the process runs. Timers and steady clocks are not affected. */
export class WallClock implements Disposable {
  readonly #folder: TempFolder = tempFolder();
  readonly #file: string;

  constructor() {
    this.#file = this.#folder.write("offset", "+0\n");
  }

  /** Environment of the process, in addition to what {@link command} sets. */
  get env(): Readonly<Record<string, string>> {
    return {
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: "1",
      DONT_FAKE_MONOTONIC: "1",
    };
  }

  /**
   * Script for `sh -c` that runs its arguments under this clock. The shell sets LD_PRELOAD, since Deno
   * permits that only with the permission to run everything.
   */
  get command(): string {
    return `LD_PRELOAD='${faketimePath() ?? ""}' exec "$0" "$@"`;
  }

  /** Sets the wall clock ahead of the true time; behind it when negative. */
  set(aheadSeconds: number): void {
    const text = `${aheadSeconds < 0 ? "" : "+"}${aheadSeconds}\n`;
    // Renamed into place, so that it is never read half written.
    Deno.renameSync(this.#folder.write("next", text), this.#file);
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}
