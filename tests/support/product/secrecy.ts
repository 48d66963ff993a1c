/** A password that is easy to find again, whatever became of it. */
import { createHash } from "node:crypto";
import { Child } from "../system/children.ts";

export const USER = "viewer";
/** Every word of it is a trace; the rest has to be percent-encoded in a URL. */
export const PASSWORD = "Kestrel@9:Tundra/7%Obsidian";
export const PASSWORD_ENCODED = encodeURIComponent(PASSWORD);
/** What the cameras of the tests call their realm. */
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

/** Looks at the command lines of all processes again and again. */
export class CommandLines implements AsyncDisposable {
  readonly #child = new Child({
    name: "ps",
    command: "sh",
    args: ["-c", "while ps -eo pgid=,args=; do sleep 0.1; done"],
  });

  /** Waits for a command line of the processes that one started. */
  async waitFor(process: Child, wanted: RegExp): Promise<void> {
    const isWanted = (line: string) => line.startsWith(`${process.pid} `) && wanted.test(line);
    await this.#child.stdout.waitFor((line) => isWanted(line.trim()), { what: `${wanted}` });
  }

  /** Those seen so far of the processes that one started, itself included. */
  of(process: Child): string[] {
    const lines = this.#child.stdout.all.map((line) => line.trim());
    return [...new Set(lines.filter((line) => line.startsWith(`${process.pid} `)))];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child[Symbol.asyncDispose]();
  }
}
