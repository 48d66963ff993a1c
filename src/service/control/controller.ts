/**
 * Carries out the commands of the control topic: whether what they name exists, which models may be
 * loaded, each id once, and what was changed by command. How a change is made is the target's.
 */
import { assertNever } from "../../core/assert.ts";
import { type Clock, isoTime } from "../../core/clock.ts";
import { type ErrorData, errorData, OrionError } from "../../core/errors.ts";
import type { BoxNorm } from "../../core/geometry.ts";
import type { Log } from "../../core/log.ts";
import type {
  CommandAnswer,
  CommandOutcome,
  CommandRequest,
  ControlCommand,
} from "../../core/messages.ts";
import type { Redactor } from "../../core/redact.ts";
import { BUSY_CODE, CommandCache, isSameCommand } from "./command_cache.ts";
import { type AllowedModel, type ModelRules, resolveModel } from "./model_resolver.ts";
import { type Override, Overrides } from "./overrides.ts";

/** One camera seen by one detector. */
export interface Pair {
  readonly camera: string;
  readonly detector: string;
}

/**
 * What can be changed while Orion runs. Every id it is handed exists, and every pair is one that is
 * configured. A change is in force from the next frame, and stays in force when a thread is replaced.
 * Every method may throw or reject; the error becomes the answer, and nothing must have changed then.
 */
export interface ControlTarget {
  cameras(): readonly string[];
  /** Every detector and the cameras it looks at. */
  detectors(): ReadonlyMap<string, readonly string[]>;
  /** What `GET /status` answers. */
  getStatus(): Promise<unknown>;
  pause(pairs: readonly Pair[]): void | Promise<void>;
  resume(pairs: readonly Pair[]): void | Promise<void>;
  setRate(pairs: readonly Pair[], rateHz: number): void | Promise<void>;
  setConfidence(detector: string, confidence: number): void | Promise<void>;
  /** @param roi  fractions of the frame, or null for all of it */
  setRoi(camera: string, roi: BoxNorm | null): void | Promise<void>;
  /**
   * Loads the model beside the one in use and settles when all of the detector's workers have swapped;
   * when it rejects the old one is in use. Never called twice at once for one detector.
   */
  setModel(detector: string, model: AllowedModel): Promise<void>;
  /** @returns one JPEG in base64 */
  snapshot(camera: string): Promise<string>;
  /** Begins the ordered shutdown and returns. */
  shutdown(): void;
}

export interface ControllerParts {
  readonly target: ControlTarget;
  readonly models: ModelRules;
  /** The commands that may be carried out; null for all of them. */
  readonly allow: readonly ControlCommand["command"][] | null;
  readonly clock: Clock;
  readonly log: Log;
  /** Takes secrets out of answers. */
  readonly redactor: Redactor;
}

/** Commands that are being carried out at once; more are refused. */
export const MAX_UNDER_WAY = 32;

/** Carries out commands, one answer each. */
export class Controller {
  readonly #parts: ControllerParts;
  readonly #memory: CommandCache;
  readonly #overrides = new Overrides();
  /** Detectors whose model is being changed. */
  readonly #loading = new Set<string>();
  #underWay = 0;

  constructor(parts: ControllerParts) {
    this.#parts = parts;
    this.#memory = new CommandCache(parts.clock);
  }

  /** What was changed by command and is in force, for the health report. */
  overrides(): readonly Override[] {
    return this.#overrides.list();
  }

  /**
   * Carries a command out and answers it through `reply`, exactly once. Never rejects. A shutdown is
   * answered before it begins.
   */
  async take(
    { request, id, command }: CommandRequest,
    reply: (answer: CommandAnswer) => void,
  ): Promise<void> {
    const answer = (outcome: CommandOutcome, replayed = false) =>
      reply({ request, command: command.command, outcome, replayed });
    const known = id === null ? null : this.#memory.get(id);
    if (known !== null && isSameCommand(known.command, command)) {
      return answer(await known.outcome, true);
    }
    const refusal = known === null ? this.#notAllowed(command.command) : ID_REUSED;
    const outcome = refusal === null ? this.#execute(command) : { error: refusal };
    if (id !== null && outcome instanceof Promise) this.#memory.remember(id, command, outcome);
    const settled = await outcome;
    this.#tell(id, command, settled);
    answer(settled);
    if (command.command === "shutdown" && "data" in settled) this.#parts.target.shutdown();
  }

  #notAllowed(command: ControlCommand["command"]): ErrorData | null {
    const { allow } = this.#parts;
    if (allow === null || allow.includes(command)) return null;
    return {
      code: "CONTROL_NOT_ALLOWED",
      message: `Cannot carry out the command: ${command} is switched off`,
      retryable: false,
      remedy: "Add it to control.allow in the configuration, and restart.",
    };
  }

  /** Never rejects: what goes wrong is the outcome. */
  async #execute(command: ControlCommand): Promise<CommandOutcome> {
    if (this.#underWay >= MAX_UNDER_WAY) return { error: busy("too many commands are under way") };
    this.#underWay += 1;
    try {
      return { data: await this.#carryOut(command) };
    } catch (error) {
      return { error: this.#parts.redactor.error(errorData(error)) };
    } finally {
      this.#underWay -= 1;
    }
  }

  async #carryOut(command: ControlCommand): Promise<unknown> {
    const { target } = this.#parts;
    switch (command.command) {
      case "get_status":
        return await target.getStatus();
      case "shutdown":
        return null;
      case "pause":
      case "resume": {
        const pairs = this.#pairs(command);
        const paused = command.command === "pause";
        await (paused ? target.pause(pairs) : target.resume(pairs));
        this.#changed(pairs, "paused", paused);
        return null;
      }
      case "set_rate": {
        const pairs = this.#pairs(command);
        await target.setRate(pairs, command.rateHz);
        this.#changed(pairs, "rateHz", command.rateHz);
        return null;
      }
      case "set_confidence": {
        const { confidence } = command;
        const detector = this.#detector(command.detector);
        await target.setConfidence(detector, confidence);
        this.#changed([{ camera: null, detector }], "confidence", confidence);
        return null;
      }
      case "set_roi":
      case "clear_roi": {
        const camera = this.#camera(command.camera);
        const roi = command.command === "set_roi" ? command.roi : null;
        await target.setRoi(camera, roi);
        this.#changed([{ camera, detector: null }], "roi", roi);
        return null;
      }
      case "set_model":
        return await this.#setModel(this.#detector(command.detector), command.model);
      case "snapshot":
        return { jpeg: await target.snapshot(this.#camera(command.camera)) };
      default:
        return assertNever(command);
    }
  }

  async #setModel(detector: string, model: string): Promise<null> {
    if (this.#loading.has(detector)) {
      throw new OrionError(busy(`detector "${detector}" is loading a model`));
    }
    this.#loading.add(detector);
    try {
      const allowed = await resolveModel(model, this.#parts.models);
      await this.#parts.target.setModel(detector, allowed);
      this.#changed([{ camera: null, detector }], "model", allowed.model);
      return null;
    } finally {
      this.#loading.delete(detector);
    }
  }

  #camera(id: string): string {
    const known = this.#parts.target.cameras();
    if (known.includes(id)) return id;
    throw unknown("camera", id, known);
  }

  #detector(id: string): string {
    const known = [...this.#parts.target.detectors().keys()];
    if (known.includes(id)) return id;
    throw unknown("detector", id, known);
  }

  /** The configured pairs that a command is about; null stands for all. */
  #pairs(named: { readonly camera: string | null; readonly detector: string | null }): Pair[] {
    const camera = named.camera === null ? null : this.#camera(named.camera);
    const detector = named.detector === null ? null : this.#detector(named.detector);
    const pairs: Pair[] = [];
    for (const [id, cameras] of this.#parts.target.detectors()) {
      if (detector !== null && id !== detector) continue;
      for (const each of cameras) {
        if (camera === null || each === camera) pairs.push({ camera: each, detector: id });
      }
    }
    if (pairs.length > 0 || camera === null || detector === null) return pairs;
    throw new OrionError({
      code: "CONTROL_NO_PAIR",
      message: `Cannot carry out the command: detector "${detector}" does not look at "${camera}"`,
      retryable: false,
      remedy: `Name one of its cameras, or add "${camera}" to the detector's cameras and restart.`,
    });
  }

  #changed(
    subjects: readonly { readonly camera: string | null; readonly detector: string | null }[],
    setting: Override["setting"],
    value: Override["value"],
  ): void {
    const since = isoTime(this.#parts.clock.wallMs());
    for (const subject of subjects) this.#overrides.set({ setting, ...subject, value, since });
  }

  #tell(id: string | null, command: ControlCommand, outcome: CommandOutcome): void {
    const { command: name, ...params } = command;
    const fields = { id, command: name, ...params };
    if ("error" in outcome) {
      this.#parts.log.warning("control.command_refused", { ...fields, ...outcome.error });
    } else this.#parts.log.info("control.command_done", fields);
  }
}

const ID_REUSED: ErrorData = {
  code: "ID_REUSED",
  message: "Cannot carry out the command: another one had its id within the last five minutes",
  retryable: false,
  remedy: "Give each command an id of its own, or none.",
};

function busy(why: string): ErrorData {
  return {
    code: BUSY_CODE,
    message: `Cannot carry out the command now: ${why}`,
    retryable: true,
    remedy: "Wait for the answers to the commands before it, then send it again.",
  };
}

function unknown(what: "camera" | "detector", id: string, known: readonly string[]): OrionError {
  return new OrionError({
    code: what === "camera" ? "CONTROL_UNKNOWN_CAMERA" : "CONTROL_UNKNOWN_DETECTOR",
    message: `Cannot carry out the command: there is no ${what} "${id}"`,
    retryable: false,
    remedy: known.length === 0
      ? `No ${what} is configured.`
      : `Name one of: ${known.slice(0, 16).join(", ")}.`,
  });
}
