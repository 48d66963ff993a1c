import type { Clock, SteadyMs } from "../core/clock.ts";
import type { CommandOutcome, ControlCommand } from "../core/messages.ts";

/** How long an id is remembered. */
export const REMEMBERED_FOR_MS = 300_000;
/** More than the rate limit of the control topic lets through in that time. */
export const MAX_REMEMBERED = 4_096;
/**
 * Characters of answers that are kept. Only commands that change nothing have bulky answers: when there
 * is no room for those, they may be carried out again.
 */
export const MAX_ANSWER_CHARACTERS = 8 * 1024 * 1024;

/** The code of a command that was not tried, because others were under way. */
export const BUSY_CODE = "CONTROL_BUSY";

/** A command that was taken, and what becomes of it. */
export interface Remembered {
  readonly command: ControlCommand["command"];
  readonly outcome: Promise<CommandOutcome>;
}

interface Entry extends Remembered {
  readonly atMs: SteadyMs;
  characters: number;
}

/** What was answered to which id, for five minutes and within bounds. */
export class CommandMemory {
  readonly #clock: Clock;
  /** In the order in which they came. */
  readonly #entries = new Map<string, Entry>();
  #characters = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(id: string): Remembered | null {
    this.#forgetOld();
    return this.#entries.get(id) ?? null;
  }

  /** @param outcome  never rejects */
  remember(
    id: string,
    command: ControlCommand["command"],
    outcome: Promise<CommandOutcome>,
  ): void {
    const entry = { command, outcome, atMs: this.#clock.nowMs(), characters: 0 };
    this.#entries.set(id, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MAX_REMEMBERED) break;
      this.#forget(oldest);
    }
    void outcome.then((settled) => this.#weigh(id, entry, settled));
  }

  /** Makes room for a bulky answer by letting go of the bulky ones before it. */
  #weigh(id: string, entry: Entry, settled: CommandOutcome): void {
    if (this.#entries.get(id) !== entry) return;
    if ("error" in settled) {
      // It was not even tried: whoever sends it again means it.
      if (settled.error.code === BUSY_CODE) this.#forget(id);
      return;
    }
    if (settled.data === null) return;
    entry.characters = JSON.stringify(settled.data)?.length ?? 0;
    this.#characters += entry.characters;
    for (const [oldest, { characters }] of this.#entries) {
      if (this.#characters <= MAX_ANSWER_CHARACTERS) return;
      if (characters > 0) this.#forget(oldest);
    }
  }

  #forgetOld(): void {
    const nowMs = this.#clock.nowMs();
    for (const [id, { atMs }] of this.#entries) {
      if (nowMs - atMs < REMEMBERED_FOR_MS) return;
      this.#forget(id);
    }
  }

  #forget(id: string): void {
    this.#characters -= this.#entries.get(id)?.characters ?? 0;
    this.#entries.delete(id);
  }
}
