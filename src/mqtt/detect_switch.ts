import type { ControlCommand } from "../core/commands.ts";
import { ID_PATTERN } from "../core/ids.ts";
import type { Log } from "../core/log.ts";
import type { IncomingMessage, OutgoingMessage } from "./session.ts";
import type { Topics } from "./topics.ts";

/** A switch takes two words; what is longer is neither. */
const MAX_PAYLOAD_BYTES = 8;

export interface DetectSwitchParts {
  readonly topics: Topics;
  readonly log: Log;
  /** Carries out a command without an acknowledgement: the topic of the state shows the outcome. */
  readonly onCommand: (command: ControlCommand) => void;
}

/** Switches of the detection of each camera, as home automation has them: `ON` and `OFF`. */
export class DetectSwitch {
  readonly #parts: DetectSwitchParts;
  readonly #prefix: string;
  readonly #suffix: string;
  #hasLogged = false;

  constructor(parts: DetectSwitchParts) {
    this.#parts = parts;
    const [prefix = "", suffix = ""] = this.filter.split("+");
    this.#prefix = prefix;
    this.#suffix = suffix;
  }

  /** The topics on which cameras are switched. */
  get filter(): string {
    return this.#parts.topics.detectSet("+");
  }

  /** The state of a camera's switch. */
  state(camera: string, on: boolean): OutgoingMessage {
    return {
      topic: this.#parts.topics.detect(camera),
      payload: on ? "ON" : "OFF",
      contentType: "text/plain",
      qos: 1,
      retain: true,
      expirySeconds: null,
    };
  }

  /** @returns whether the message was one of {@link filter} */
  receive({ topic, payload, retained }: IncomingMessage): boolean {
    if (!topic.startsWith(this.#prefix) || !topic.endsWith(this.#suffix)) return false;
    const camera = topic.slice(this.#prefix.length, topic.length - this.#suffix.length);
    if (!ID_PATTERN.test(camera)) return false;
    const { log, onCommand } = this.#parts;
    const word = payload.byteLength > MAX_PAYLOAD_BYTES ? null : new TextDecoder().decode(payload);
    const isSwitch = word === "ON" || word === "OFF";
    // What is retained would switch with every connection.
    if (isSwitch && !retained) {
      onCommand({ command: word === "ON" ? "resume" : "pause", camera, detector: null });
    } else if (!this.#hasLogged && word !== "") {
      this.#hasLogged = true;
      log.warning("control.switch_ignored", {
        topic,
        reason: isSwitch ? "it was published as retained" : "it is neither ON nor OFF",
      });
    }
    return true;
  }
}
