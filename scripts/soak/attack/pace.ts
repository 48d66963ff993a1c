/** Attacks at a steady pace, for as long as their window lasts. */
import { isGone } from "../../../tests/support/cameras/faulty_camera/wire.ts";
import type { Random } from "../../../tests/fuzz/mutate.ts";
import type { Relay } from "../../../tests/support/brokers/relay.ts";
import { tracesIn } from "../../../tests/support/product/secrecy.ts";
import type { AttackerPlan } from "./plan.ts";

/** Characters of a leak that are reported. */
const SHOWN_CHARS = 300;
/** An attack that falls behind its pace by more than this does not catch up. */
const MAX_BEHIND_MS = 1000;

/** What all attacks have. */
export interface AttackContext {
  readonly plan: AttackerPlan;
  readonly random: Random;
  readonly sent: Tally;
  /** Between Orion and a broker; null with the embedded one. */
  readonly relay: Relay | null;
}

/** One attack: runs until the signal, and has then undone what it did to the configuration. */
export type Attack = (context: AttackContext, signal: AbortSignal) => Promise<void>;

/** Counts by name, and answers that hold a secret. */
export class Tally {
  #counts: Record<string, number> = {};
  #leaks: string[] = [];

  add(name: string, count = 1): void {
    this.#counts[name] = (this.#counts[name] ?? 0) + count;
  }

  /** Looks for secrets in what was received. */
  received(text: string): void {
    for (const line of tracesIn(text)) this.#leaks.push(line.slice(0, SHOWN_CHARS));
  }

  /** Returns and resets. */
  take(): { readonly sent: Record<string, number>; readonly leaks: readonly string[] } {
    const taken = { sent: this.#counts, leaks: this.#leaks };
    this.#counts = {};
    this.#leaks = [];
    return taken;
  }
}

/** Resolves after a time, or at once with the signal. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    }
    signal?.addEventListener("abort", done);
  });
}

/** Does something so many times a second, one after another, until the signal. */
export async function atPace(
  perSecond: number,
  signal: AbortSignal,
  action: () => Promise<void>,
): Promise<void> {
  let dueMs = performance.now();
  while (!signal.aborted) {
    await action();
    dueMs = Math.max(dueMs + 1000 / perSecond, performance.now() - MAX_BEHIND_MS);
    await pause(Math.max(0, dueMs - performance.now()), signal);
  }
}

/** Runs what may find its connection closed. @returns whether it did not */
export async function attempt(action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    const isRefused = error instanceof Deno.errors.ConnectionRefused;
    if (!isRefused && !isGone(error)) throw error;
    return false;
  }
}
