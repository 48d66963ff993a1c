import { isDeepStrictEqual } from "node:util";
import type { Clock, SteadyMs } from "../../core/clock.ts";
import type { CommandOutcome, ControlCommand } from "../../core/commands.ts";

/** How long an id is kept. */
export const COMMAND_TTL_MS = 300_000;
/** More than the rate limit of the control topic admits in that time. */
export const MAX_COMMANDS = 4_096;
/**
 * Limit of the bytes of all ids, commands and answers. Only commands that change nothing have bulky
 * answers: they are evicted first, since executing those commands again is harmless.
 */
export const MAX_CACHE_BYTES = 16 * 1024 * 1024;
/** The size of a string is at most this for each of its UTF-16 code units. */
const BYTES_PER_UNIT = 2;

/** The code of a command that was not tried because others were in progress. */
export const BUSY_CODE = "CONTROL_BUSY";

/** A command and its outcome. */
export interface CachedCommand {
  readonly command: ControlCommand;
  readonly outcome: Promise<CommandOutcome>;
}

interface Entry extends CachedCommand {
  readonly atMs: SteadyMs;
  bytes: number;
  /** Whether its answer carries data. */
  bulky: boolean;
}

/**
 * Whether two commands are equal. Compares them as parsed, so the order of keys, white space and explicit
 * defaults make no difference.
 */
export function isSameCommand(one: ControlCommand, other: ControlCommand): boolean {
  return isDeepStrictEqual(one, other);
}

/** Commands and their outcomes by id, for five minutes and within bounds. */
export class CommandCache {
  readonly #clock: Clock;
  /** In order of arrival. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The bytes of all ids, commands and answers. */
  get bytes(): number {
    return this.#bytes;
  }

  get(id: string): CachedCommand | null {
    this.#evictExpired();
    return this.#entries.get(id) ?? null;
  }

  /** @param outcome  never rejects */
  add(
    id: string,
    command: ControlCommand,
    outcome: Promise<CommandOutcome>,
  ): void {
    this.#evict(id);
    const entry = { command, outcome, atMs: this.#clock.nowMs(), bytes: 0, bulky: false };
    this.#entries.set(id, entry);
    this.#grow(entry, id.length + lengthOf(command));
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MAX_COMMANDS) break;
      this.#evict(oldest);
    }
    void outcome.then((settled) => this.#settle(id, entry, settled));
  }

  #settle(id: string, entry: Entry, settled: CommandOutcome): void {
    if (this.#entries.get(id) !== entry) return;
    // It was not tried: sent again, it is to be executed.
    if ("error" in settled && settled.error.code === BUSY_CODE) return this.#evict(id);
    entry.bulky = "data" in settled && settled.data !== null;
    this.#grow(entry, lengthOf(settled));
  }

  /** Accounts for more characters, and evicts within the limit: bulky answers first, then the oldest. */
  #grow(entry: Entry, characters: number): void {
    const bytes = characters * BYTES_PER_UNIT;
    entry.bytes += bytes;
    this.#bytes += bytes;
    for (const onlyBulky of [true, false]) {
      for (const [oldest, { bulky }] of this.#entries) {
        if (this.#bytes <= MAX_CACHE_BYTES) return;
        if (bulky || !onlyBulky) this.#evict(oldest);
      }
    }
  }

  #evictExpired(): void {
    const nowMs = this.#clock.nowMs();
    for (const [id, { atMs }] of this.#entries) {
      if (nowMs - atMs < COMMAND_TTL_MS) return;
      this.#evict(id);
    }
  }

  #evict(id: string): void {
    this.#bytes -= this.#entries.get(id)?.bytes ?? 0;
    this.#entries.delete(id);
  }
}

function lengthOf(value: ControlCommand | CommandOutcome): number {
  return JSON.stringify(value).length;
}
