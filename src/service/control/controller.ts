/**
 * Executes the commands of the control topic: checks that what they name exists and which models may be
 * loaded, executes each id once, and records what was changed. The target makes the changes.
 */
import { Buffer } from "node:buffer";
import { assertNever } from "../../core/assert.ts";
import { type Clock, isoTime } from "../../core/clock.ts";
import { type ErrorData, errorData, OrionError } from "../../core/errors.ts";
import type { BoxNorm, PointNorm } from "../../core/geometry.ts";
import type { Log } from "../../core/log.ts";
import type {
  CommandAnswer,
  CommandOutcome,
  CommandRequest,
  ControlCommand,
} from "../../core/commands.ts";
import type { Line, PresenceSettings, Zone } from "../../core/presence_types.ts";
import type { Redactor } from "../../core/redact.ts";
import { writtenLine, writtenPolygon, writtenZone } from "../../core/scene_schema.ts";
import { STOPPING } from "../../mqtt/command_receiver.ts";
import { CommandCache, isSameCommand } from "./command_cache.ts";
import { type Known, namedCamera, namedDetector, namedPairs, type Pair } from "./named.ts";
import { type AllowedModel, type ModelRules, resolveModel } from "./model_resolver.ts";
import { type Override, Overrides } from "./overrides.ts";
import { busy, ID_REUSED, notAllowed } from "./refusals.ts";

/** The settings of presence that a command changes. */
export type PresenceChanges = Extract<ControlCommand, { command: "set_presence" }>["presence"];

/**
 * What can be changed while Orion runs. All ids that it gets exist, and all pairs are configured. A change
 * applies from the next frame, and persists when a thread is replaced. Every method may throw or reject;
 * the error becomes the answer, and nothing must have changed then.
 */
export interface ControlTarget extends Known {
  setPaused(pairs: readonly Pair[], paused: boolean): void;
  setRate(pairs: readonly Pair[], rateHz: number): void;
  setConfidence(detector: string, confidence: number): void;
  /** @param roi  fractions of the frame, or null for the whole frame */
  setRoi(camera: string, roi: BoxNorm | null): void;
  /** @param masks  polygons in fractions of the frame; none masks nothing */
  setMasks(camera: string, masks: readonly (readonly PointNorm[])[]): void;
  setZones(camera: string, zones: readonly Zone[]): void;
  setLines(camera: string, lines: readonly Line[]): void;
  /** Changes some of a detector's settings of presence. @returns all of them */
  setPresence(detector: string, change: PresenceChanges): PresenceSettings;
  /**
   * Loads the model beside the one in use and settles once all of the detector's workers have swapped;
   * when it rejects, the old one is in use. Never called concurrently for one detector.
   */
  setModel(detector: string, model: AllowedModel): Promise<void>;
  /** @returns the bytes of one JPEG, with boxes, zones and masks drawn where `boxes` is set */
  snapshot(camera: string, boxes: boolean): Promise<ArrayBuffer>;
}

/** The configuration, as commands reach it. */
export interface Configuration {
  /** Reads it again. @returns what has changed @throws OrionError why nothing has */
  reload(): Promise<unknown>;
  /** Runs what must not happen while it is read. @throws OrionError `CONTROL_BUSY` while it is */
  exclude<T>(act: () => Promise<T>): Promise<T>;
}

export interface ControllerParts {
  readonly target: ControlTarget;
  /** The body of `GET /status`. */
  readonly status: () => Promise<unknown>;
  /** Begins the orderly shutdown and returns. */
  readonly shutdown: () => void;
  readonly models: ModelRules;
  /** The allowed commands; null for all. */
  readonly allow: () => readonly ControlCommand["command"][] | null;
  readonly configuration: Configuration;
  readonly clock: Clock;
  readonly log: Log;
  /** Removes secrets from answers. */
  readonly redactor: Redactor;
}

/** Limit of commands in progress; further ones are refused. */
export const MAX_IN_PROGRESS = 32;

/** Executes commands, with one answer each. */
export class Controller {
  readonly #parts: ControllerParts;
  readonly #cache: CommandCache;
  readonly #overrides = new Overrides();
  /** Detectors that load a new model. */
  readonly #loading = new Set<string>();
  /** Settles each command in progress. */
  readonly #inProgress = new Set<(outcome: CommandOutcome) => void>();
  #isClosed = false;

  constructor(parts: ControllerParts) {
    this.#parts = parts;
    this.#cache = new CommandCache(parts.clock);
  }

  /** The settings changed by command, for the health report. */
  overrides(): readonly Override[] {
    return this.#overrides.list();
  }

  /** The configuration was read again. @param inForce  a change as it is now; null: it is not in force any more */
  reloaded(inForce: (override: Override) => Override | null): void {
    this.#overrides.renew(inForce);
  }

  /**
   * Executes a command and answers it through `reply`, exactly once. Never rejects. A shutdown is answered
   * before it begins.
   */
  async execute(
    { request, id, command }: CommandRequest,
    reply: (answer: CommandAnswer) => void,
  ): Promise<void> {
    const answer = (outcome: CommandOutcome, replayed = false) =>
      reply({ request, command: command.command, outcome, replayed });
    const known = id === null ? null : this.#cache.get(id);
    if (known !== null && isSameCommand(known.command, command)) {
      return answer(await known.outcome, true);
    }
    const refusal = known === null ? this.#notAllowed(command.command) : ID_REUSED;
    const outcome = refusal === null ? this.#outcomeOf(command) : { error: refusal };
    if (id !== null && outcome instanceof Promise) this.#cache.add(id, command, outcome);
    const settled = await outcome;
    this.#log(id, command, settled);
    answer(settled);
    if (command.command === "shutdown" && "data" in settled) this.#parts.shutdown();
  }

  /** Orion stops: answers what is in progress, and refuses what still comes. */
  close(): void {
    this.#isClosed = true;
    for (const settle of this.#inProgress) settle({ error: STOPPING });
  }

  #notAllowed(command: ControlCommand["command"]): ErrorData | null {
    const allow = this.#parts.allow();
    if (allow === null || allow.includes(command)) return null;
    return notAllowed(command);
  }

  /** Never rejects: an error becomes the outcome. */
  #outcomeOf(command: ControlCommand): Promise<CommandOutcome> {
    const refused = (error: ErrorData) => Promise.resolve({ error });
    if (this.#isClosed) return refused(STOPPING);
    if (this.#inProgress.size >= MAX_IN_PROGRESS) return refused(busy("too many are in progress"));
    const { promise, resolve } = Promise.withResolvers<CommandOutcome>();
    this.#inProgress.add(resolve);
    this.#run(command).then(
      (data) => resolve({ data }),
      (error) => resolve({ error: this.#parts.redactor.error(errorData(error)) }),
    ).finally(() => this.#inProgress.delete(resolve));
    return promise;
  }

  async #run(command: ControlCommand): Promise<unknown> {
    const { target } = this.#parts;
    switch (command.command) {
      case "get_status":
        return await this.#parts.status();
      case "reload":
        return await this.#parts.configuration.reload();
      case "shutdown":
        return null;
      case "pause":
      case "resume": {
        const pairs = namedPairs(target, command);
        const paused = command.command === "pause";
        target.setPaused(pairs, paused);
        this.#changed(pairs, "paused", paused);
        return null;
      }
      case "set_rate": {
        const pairs = namedPairs(target, command);
        target.setRate(pairs, command.rateHz);
        this.#changed(pairs, "rateHz", command.rateHz);
        return null;
      }
      case "set_confidence": {
        const { confidence } = command;
        const detector = this.#detector(command.detector);
        target.setConfidence(detector, confidence);
        this.#changed([{ camera: null, detector }], "confidence", confidence);
        return null;
      }
      case "set_roi":
      case "clear_roi": {
        const camera = this.#camera(command.camera);
        const roi = command.command === "set_roi" ? command.roi : null;
        target.setRoi(camera, roi);
        this.#changed([{ camera, detector: null }], "roi", roi);
        return null;
      }
      case "set_model":
        return await this.#setModel(this.#detector(command.detector), command.model);
      case "set_masks":
      case "set_zones":
      case "set_lines":
      case "set_presence":
        return this.#setScene(command);
      case "snapshot":
        return {
          jpeg: base64(await target.snapshot(this.#camera(command.camera), command.boxes)),
        };
      default:
        return assertNever(command);
    }
  }

  /** Changes what is seen of a camera's picture, or when a detector's stays start and end. */
  #setScene(
    command: Extract<
      ControlCommand,
      { command: "set_masks" | "set_zones" | "set_lines" | "set_presence" }
    >,
  ): null {
    const { target } = this.#parts;
    if (command.command === "set_presence") {
      const detector = this.#detector(command.detector);
      const { snapshot: _, ...settings } = target.setPresence(detector, command.presence);
      this.#changed([{ camera: null, detector }], "presence", settings);
      return null;
    }
    const camera = this.#camera(command.camera);
    const subjects = [{ camera, detector: null }];
    switch (command.command) {
      case "set_masks":
        target.setMasks(camera, command.masks);
        this.#changed(subjects, "masks", command.masks.map(writtenPolygon));
        return null;
      case "set_zones":
        target.setZones(camera, command.zones);
        this.#changed(subjects, "zones", command.zones.map(writtenZone));
        return null;
      case "set_lines":
        target.setLines(camera, command.lines);
        this.#changed(subjects, "lines", command.lines.map(writtenLine));
        return null;
    }
  }

  async #setModel(detector: string, model: string): Promise<null> {
    if (this.#loading.has(detector)) {
      throw new OrionError(busy(`detector "${detector}" is loading a model`));
    }
    this.#loading.add(detector);
    const { configuration, models, target } = this.#parts;
    try {
      const allowed = await resolveModel(model, models);
      // The configuration may have been read meanwhile.
      await configuration.exclude(() => target.setModel(this.#detector(detector), allowed));
      this.#changed([{ camera: null, detector }], "model", allowed.model);
      return null;
    } finally {
      this.#loading.delete(detector);
    }
  }

  #camera(id: string): string {
    return namedCamera(this.#parts.target, id);
  }

  #detector(id: string): string {
    return namedDetector(this.#parts.target, id);
  }

  #changed(
    subjects: readonly { readonly camera: string | null; readonly detector: string | null }[],
    setting: Override["setting"],
    value: Override["value"],
  ): void {
    const since = isoTime(this.#parts.clock.wallMs());
    for (const subject of subjects) this.#overrides.set({ setting, ...subject, value, since });
  }

  #log(id: string | null, command: ControlCommand, outcome: CommandOutcome): void {
    const { command: name, ...params } = command;
    const fields = { id, command: name, ...withCounts(params) };
    if ("error" in outcome) {
      const { problems: _, ...error } = outcome.error;
      this.#parts.log.warning("control.command_refused", { ...fields, ...error });
    } else this.#parts.log.info("control.command_done", fields);
  }
}

/** A line of the log shows the lengths of lists, such as zones with all their corners, in place of them. */
function withCounts(params: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(params).map((
      [key, value],
    ) => [key, Array.isArray(value) ? value.length : value]),
  );
}

function base64(bytes: ArrayBuffer): string {
  return Buffer.from(bytes).toString("base64");
}
