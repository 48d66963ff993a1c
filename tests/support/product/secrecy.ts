/** A password that can be found in any of its encodings. */
import { createHash } from "node:crypto";
import { Child } from "../system/children.ts";

export const USER = "viewer";
/** Every word of it counts as a trace; the other characters have to be percent-encoded in a URL. */
export const PASSWORD = "Kestrel@9:Tundra/7%Obsidian";
export const PASSWORD_ENCODED = encodeURIComponent(PASSWORD);
/** The realm of the tests' cameras. */
export const REALM = "camera";

/** The password in every form that is sent, stored or printed, and parts of it. */
const TRACES: readonly string[] = [
  ...PASSWORD.split(/[^a-z]+/i).filter((word) => word.length > 2),
  ...[PASSWORD, PASSWORD_ENCODED].flatMap((password) => [
    ...[`${USER}:${password}`, password, `:${password}`].map((text) => btoa(text)),
    ...["md5", "sha256"].flatMap((digest) =>
      [`${USER}:${REALM}:${password}`, password].map((text) =>
        createHash(digest).update(text).digest("hex")
      )
    ),
  ]),
];

/** The lines of a text that hold a trace of the password. */
export function tracesIn(text: string): string[] {
  const traces = TRACES.map((trace) => trace.toLowerCase());
  return text.split("\n").filter((line) => {
    const lower = line.toLowerCase();
    return traces.some((trace) => lower.includes(trace));
  });
}

/** Samples the command lines of all processes continuously. */
export class CommandLines implements AsyncDisposable {
  readonly #child = new Child({
    name: "ps",
    command: "sh",
    args: ["-c", "while ps -eo pgid=,args=; do sleep 0.1; done"],
  });

  /** Waits for a command line of a process or of its descendants. */
  async waitFor(process: Child, wanted: RegExp): Promise<void> {
    const isWanted = (line: string) => line.startsWith(`${process.pid} `) && wanted.test(line);
    await this.#child.stdout.waitFor((line) => isWanted(line.trim()), { what: `${wanted}` });
  }

  /** The command lines of a process and its descendants that were sampled so far. */
  of(process: Child): string[] {
    const lines = this.#child.stdout.all.map((line) => line.trim());
    return [...new Set(lines.filter((line) => line.startsWith(`${process.pid} `)))];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child[Symbol.asyncDispose]();
  }
}
