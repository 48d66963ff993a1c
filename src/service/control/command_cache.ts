import { isDeepStrictEqual } from "node:util";
import type { Clock, SteadyMs } from "../../core/clock.ts";
import type { CommandOutcome, ControlCommand } from "../../core/messages.ts";

/** How long an id is remembered. */
export const REMEMBERED_FOR_MS = 300_000;
/** More than the rate limit of the control topic lets through in that time. */
export const MAX_REMEMBERED = 4_096;
/**
 * Bytes that ids, commands and answers may take together. Only commands that change nothing have bulky
 * answers: when there is no room for those, they may be carried out again.
 */
export const MAX_MEMORY_BYTES = 16 * 1024 * 1024;
/** A string takes up to so much for each of its UTF-16 units. */
const BYTES_OF_UNIT = 2;

/** The code of a command that was not tried, because others were under way. */
export const BUSY_CODE = "CONTROL_BUSY";

/** A command that was taken, and what becomes of it. */
export interface Remembered {
  readonly command: ControlCommand;
  readonly outcome: Promise<CommandOutcome>;
}

interface Entry extends Remembered {
  readonly atMs: SteadyMs;
  bytes: number;
  /** Whether its answer carries data. */
  bulky: boolean;
}

/**
 * Whether two commands ask for the same: what was checked is compared, so neither the order of keys
 * nor white space nor a default that was written out makes a difference.
 */
export function isSameCommand(one: ControlCommand, other: ControlCommand): boolean {
  return isDeepStrictEqual(one, other);
}

/** What was answered to which id, for five minutes and within bounds. */
export class CommandCache {
  readonly #clock: Clock;
  /** In the order in which they came. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What ids, commands and answers take. */
  get bytes(): number {
    return this.#bytes;
  }

  get(id: string): Remembered | null {
    this.#forgetOld();
    return this.#entries.get(id) ?? null;
  }

  /** @param outcome  never rejects */
  remember(
    id: string,
    command: ControlCommand,
    outcome: Promise<CommandOutcome>,
  ): void {
    this.#forget(id);
    const entry = { command, outcome, atMs: this.#clock.nowMs(), bytes: 0, bulky: false };
    this.#entries.set(id, entry);
    this.#weigh(entry, id.length + lengthOf(command));
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MAX_REMEMBERED) break;
      this.#forget(oldest);
    }
    void outcome.then((settled) => this.#settle(id, entry, settled));
  }

  #settle(id: string, entry: Entry, settled: CommandOutcome): void {
    if (this.#entries.get(id) !== entry) return;
    // It was not even tried: sent again, it is to be carried out.
    if ("error" in settled && settled.error.code === BUSY_CODE) return this.#forget(id);
    entry.bulky = "data" in settled && settled.data !== null;
    this.#weigh(entry, lengthOf(settled));
  }

  /** Makes room for so many more characters: bulky answers go first, then what is oldest. */
  #weigh(entry: Entry, characters: number): void {
    const bytes = characters * BYTES_OF_UNIT;
    entry.bytes += bytes;
    this.#bytes += bytes;
    for (const onlyBulky of [true, false]) {
      for (const [oldest, { bulky }] of this.#entries) {
        if (this.#bytes <= MAX_MEMORY_BYTES) return;
        if (bulky || !onlyBulky) this.#forget(oldest);
      }
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
    this.#bytes -= this.#entries.get(id)?.bytes ?? 0;
    this.#entries.delete(id);
  }
}

function lengthOf(value: ControlCommand | CommandOutcome): number {
  return JSON.stringify(value).length;
}
