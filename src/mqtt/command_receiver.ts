import type { Clock, SteadyMs } from "../core/clock.ts";
import type {
  CommandAnswer,
  CommandOutcome,
  CommandRequest,
  ControlCommand,
} from "../core/commands.ts";
import type { ErrorData } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { TokenBucket } from "../core/token_bucket.ts";
import { parseCommand } from "./commands.ts";
import { type AckPayload, ackPayload } from "./payloads.ts";

/** The token bucket: its size, and its refill. */
export const COMMAND_BURST = 100;
export const COMMANDS_PER_SECOND = 10;
/** Commands forwarded and not answered yet. */
export const MAX_UNANSWERED = 64;
/** At most one refusal in this time is logged; the others are counted. */
const LOG_INTERVAL_MS = 10_000;

export interface CommandReceiverParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Starts to carry out a command; {@link CommandReceiver.answer} is called with the outcome. */
  readonly forward: (request: CommandRequest) => void;
  readonly acknowledge: (ack: AckPayload) => void;
}

/** Who sent a command. */
interface Sender {
  /** null where the command has none. */
  readonly id: string | null;
  readonly acknowledge: (ack: AckPayload) => void;
}

/**
 * Receives the messages of the control topic: forwards commands, refuses everything else, and acknowledges
 * each message exactly once.
 */
export class CommandReceiver {
  readonly #parts: CommandReceiverParts;
  /** The commands that were forwarded, by request. */
  readonly #unanswered = new Map<number, Sender>();
  #lastRequest = 0;
  readonly #tokens: TokenBucket;
  #isStopping = false;
  #loggedAtMs: SteadyMs | null = null;
  #unlogged = 0;

  constructor(parts: CommandReceiverParts) {
    this.#parts = parts;
    this.#tokens = new TokenBucket(parts.clock, {
      burst: COMMAND_BURST,
      perSecond: COMMANDS_PER_SECOND,
    });
  }

  /**
   * Handles one message; a retained one is refused, since it would be carried out with every connection.
   * @param acknowledge  called in place of the one of all messages
   */
  receive(
    payload: Uint8Array,
    { retained }: { readonly retained: boolean },
    acknowledge = this.#parts.acknowledge,
  ): void {
    const parsed = parseCommand(payload);
    const { id } = parsed;
    const sender = { id, acknowledge };
    if (!parsed.ok) {
      return this.#refuse(sender, parsed.name, retained ? RETAINED : parsed.error);
    }
    const { command } = parsed;
    const refusal = retained ? RETAINED : this.#refusal();
    if (refusal !== null) return this.#refuse(sender, command.command, refusal);
    this.#lastRequest += 1;
    this.#unanswered.set(this.#lastRequest, sender);
    this.#parts.forward({ request: this.#lastRequest, id, command });
  }

  /** Forwards a command whose answer is not acknowledged; a refusal is logged. */
  forwardSilently(command: ControlCommand): void {
    const refusal = this.#refusal();
    if (refusal !== null) return this.#log(null, command.command, refusal);
    this.#lastRequest += 1;
    this.#parts.forward({ request: this.#lastRequest, id: null, command });
  }

  /** Acknowledges a command with its outcome; a second answer is ignored. */
  answer({ request, command, outcome, replayed }: CommandAnswer): void {
    const sender = this.#unanswered.get(request);
    if (sender === undefined) return;
    this.#unanswered.delete(request);
    this.#acknowledge(sender, command, outcome, replayed);
  }

  /** Refuses every further command. */
  stop(): void {
    this.#isStopping = true;
  }

  /** Why a well-formed command cannot be forwarded now, or null. */
  #refusal(): ErrorData | null {
    if (this.#isStopping) return STOPPING;
    if (this.#unanswered.size >= MAX_UNANSWERED) return BUSY;
    // Only well-formed commands take tokens, so that malformed messages cannot starve them.
    return this.#tokens.take() ? null : TOO_OFTEN;
  }

  #refuse(sender: Sender, command: string | null, error: ErrorData): void {
    this.#log(sender.id, command, error);
    this.#acknowledge(sender, command, { error });
  }

  #acknowledge(
    { id, acknowledge }: Sender,
    command: string | null,
    outcome: CommandOutcome,
    replayed = false,
  ): void {
    const atMs = this.#parts.clock.wallMs();
    acknowledge(ackPayload({ id, command, atMs, outcome, replayed }));
  }

  #log(id: string | null, command: string | null, { code, message }: ErrorData): void {
    const nowMs = this.#parts.clock.nowMs();
    if (this.#loggedAtMs !== null && nowMs - this.#loggedAtMs < LOG_INTERVAL_MS) {
      this.#unlogged += 1;
      return;
    }
    const unlogged = this.#unlogged === 0 ? {} : { unlogged: this.#unlogged };
    this.#parts.log.warning("control.command_refused", { id, command, code, message, ...unlogged });
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

/** Orion stops: nothing is carried out any more. */
export const STOPPING: ErrorData = {
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
