import type { Clock, SteadyMs } from "../core/clock.ts";
import type { CommandAnswer, CommandOutcome, CommandRequest } from "../core/commands.ts";
import type { ErrorData } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { parseCommand, type ParsedCommand } from "./commands.ts";
import { type AckPayload, ackPayload } from "./payloads.ts";

/** Commands at once after a quiet time, and for how many more each second makes room. */
export const COMMAND_BURST = 100;
export const COMMANDS_PER_SECOND = 10;
/** Commands that were handed on and not answered yet. */
export const MAX_UNANSWERED = 64;
/** Refusals are logged one by one up to this often; those between are counted. */
const LOG_INTERVAL_MS = 10_000;

export interface CommandReceiverParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Hands a command to whoever carries it out and then calls {@link CommandReceiver.answer}. */
  readonly forward: (request: CommandRequest) => void;
  readonly acknowledge: (ack: AckPayload) => void;
}

/**
 * Where the messages of the control topic arrive: refuses what is no command, hands on what is one, and
 * acknowledges each exactly once.
 */
export class CommandReceiver {
  readonly #parts: CommandReceiverParts;
  /** The ids of the commands that were handed on, by request; null where a command has none. */
  readonly #unanswered = new Map<number, string | null>();
  #requests = 0;
  #room = COMMAND_BURST;
  #roomAtMs: SteadyMs;
  #stopping = false;
  #loggedAtMs: SteadyMs | null = null;
  #unlogged = 0;

  constructor(parts: CommandReceiverParts) {
    this.#parts = parts;
    this.#roomAtMs = parts.clock.nowMs();
  }

  /**
   * One message of the control topic.
   * @param retained  the broker kept it from before: it would be carried out with every connection
   */
  take(payload: Uint8Array, retained: boolean): void {
    const parsed = parseCommand(payload);
    const refusal = this.#refusal(parsed, retained);
    if (!parsed.ok || refusal !== null) return this.#refuse(parsed, refusal);
    const { id, command } = parsed;
    this.#requests += 1;
    this.#unanswered.set(this.#requests, id);
    this.#parts.forward({ request: this.#requests, id, command });
  }

  /** What became of a command. An answer that nobody waits for (any more) is passed over. */
  answer({ request, command, outcome, replayed }: CommandAnswer): void {
    const id = this.#unanswered.get(request);
    if (id === undefined) return;
    this.#unanswered.delete(request);
    this.#acknowledge(id, command, outcome, replayed);
  }

  /** From here on every command is refused. */
  stop(): void {
    this.#stopping = true;
  }

  #refusal(parsed: ParsedCommand, retained: boolean): ErrorData | null {
    if (retained) return RETAINED;
    if (!parsed.ok) return parsed.error;
    if (this.#stopping) return STOPPING;
    if (this.#unanswered.size >= MAX_UNANSWERED) return BUSY;
    // What is no command takes no room: rubbish must not keep good commands out.
    return this.#takeRoom() ? null : TOO_OFTEN;
  }

  #refuse(parsed: ParsedCommand, error: ErrorData | null): void {
    const name = parsed.ok ? parsed.command.command : parsed.name;
    const why = error ?? BUSY;
    this.#log(parsed.id, name, why);
    this.#acknowledge(parsed.id, name, { error: why });
  }

  #acknowledge(
    id: string | null,
    command: string | null,
    outcome: CommandOutcome,
    replayed = false,
  ): void {
    const atMs = this.#parts.clock.wallMs();
    this.#parts.acknowledge(ackPayload({ id, command, atMs, outcome, replayed }));
  }

  #takeRoom(): boolean {
    const nowMs = this.#parts.clock.nowMs();
    const grown = (nowMs - this.#roomAtMs) / 1_000 * COMMANDS_PER_SECOND;
    this.#room = Math.min(COMMAND_BURST, this.#room + grown);
    this.#roomAtMs = nowMs;
    if (this.#room < 1) return false;
    this.#room -= 1;
    return true;
  }

  #log(id: string | null, command: string | null, { code, message }: ErrorData): void {
    const nowMs = this.#parts.clock.nowMs();
    if (this.#loggedAtMs !== null && nowMs - this.#loggedAtMs < LOG_INTERVAL_MS) {
      this.#unlogged += 1;
      return;
    }
    const more = this.#unlogged === 0 ? {} : { unlogged: this.#unlogged };
    this.#parts.log.warning("control.command_refused", { id, command, code, message, ...more });
    this.#loggedAtMs = nowMs;
    this.#unlogged = 0;
  }
}

const RETAINED: ErrorData = {
  code: "CONTROL_RETAINED",
  message:
    "Cannot take the command: it was published as retained, so it comes with every connection",
  retryable: false,
  remedy: "Publish commands without retain, and an empty retained message to remove this one.",
};

const STOPPING: ErrorData = {
  code: "CONTROL_STOPPING",
  message: "Cannot take the command: Orion is stopping",
  retryable: true,
  remedy: "Send it again when the status is online.",
};

const BUSY: ErrorData = {
  code: "CONTROL_BUSY",
  message: "Cannot take the command: too many are waiting for their answer",
  retryable: true,
  remedy: "Wait for the answers to the commands before it.",
};

const TOO_OFTEN: ErrorData = {
  code: "CONTROL_TOO_OFTEN",
  message: `Cannot take the command: more than ${COMMANDS_PER_SECOND} a second came`,
  retryable: true,
  remedy: "Wait a few seconds, then send commands more slowly.",
};
