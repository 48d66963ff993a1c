/** Values of Frigate's configuration, read leniently: Frigate accepts more than one form of most. */
import { lookUp } from "../../config/issues.ts";

/** What of a file is not converted, for comments. */
export class Unconverted {
  readonly #keys: string[] = [];
  readonly #notes: string[] = [];

  /** A key without a counterpart. */
  key(at: string): void {
    this.#keys.push(at);
  }

  /** Every key of a map beside the known ones. */
  keysBeside(value: unknown, known: readonly string[], at: string): void {
    for (const key of keysOf(value)) {
      if (!known.includes(key)) this.key(at === "" ? key : `${at}.${key}`);
    }
  }

  /** A value that was not converted, and why. */
  note(at: string, why: string): void {
    this.#notes.push(`${at}: ${why}`);
  }

  /** One line for each note, and a few for the keys. */
  lines(): string[] {
    const lines = [...this.#notes];
    let line = "No counterpart:";
    for (const [index, key] of this.#keys.entries()) {
      const word = index === this.#keys.length - 1 ? key : `${key},`;
      if (line.length + word.length > MAX_LINE_LENGTH) {
        lines.push(line);
        line = " ";
      }
      line += ` ${word}`;
    }
    return this.#keys.length === 0 ? lines : [...lines, line];
  }
}

const MAX_LINE_LENGTH = 96;

/** The keys of a map; none of anything else. */
export function keysOf(value: unknown): string[] {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return [];
  return Object.keys(value);
}

/** The value of a camera, else the one that holds for all. */
export function inherited(config: unknown, camera: unknown, path: readonly string[]): unknown {
  return lookUp(camera, path) ?? lookUp(config, path);
}

/** A text that is not empty, or a number as text; else null. */
export function textOf(value: unknown): string | null {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value.trim() !== "" ? value.trim() : null;
}

/** A number, also one that was written as a text; else null. */
export function numberOf(value: unknown): number | null {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : null;
}

/** A switch in each form of YAML 1.1, which Frigate reads; `preset` where there is none. */
export function flagOf(value: unknown, preset: boolean): boolean {
  if (typeof value === "boolean") return value;
  const word = textOf(value)?.toLowerCase();
  if (word === undefined) return preset;
  if (["true", "yes", "on", "1"].includes(word)) return true;
  return ["false", "no", "off", "0"].includes(word) ? false : preset;
}

/** A list; a single value is a list of one, and a list in a text is separated by commas. */
export function textsOf(value: unknown): string[] {
  const items: readonly unknown[] = Array.isArray(value)
    ? value
    : typeof value === "string"
    ? value.split(",")
    : [value];
  return items.flatMap((item) => textOf(item) ?? []);
}

/** A text of Frigate with its variables, `{FRIGATE_NAME}`, as Orion writes them. */
export function withReferences(text: string): string {
  return text.replaceAll("${", "$${").replace(/\{(FRIGATE_\w+)\}/g, "${$1}");
}

/** A text with a value in place of each variable, to check what does not depend on them. */
export function withoutReferences(text: string): string {
  return text.replace(/\$\{\w+\}/g, "1");
}
