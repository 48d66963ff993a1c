/** The comparison that the accuracy bench ends with. */
import { COMPARED } from "./options.ts";
import type { Figures } from "./table.ts";

/** The AP that is wanted, as a multiple of what it was, at no more CPU time. */
const WANTED = 1.3;

/** What the default finds, and at what cost, beside what it was before; empty unless both ran. */
export function comparison(
  all: readonly Figures[],
): { readonly lines: readonly string[]; readonly isMissed: boolean } {
  const used = all.find(({ name }) => name === COMPARED.now);
  const before = all.find(({ name }) => name === COMPARED.before);
  if (used === undefined || before === undefined) return { lines: [], isMissed: false };
  const ap = ratio(used.ap, before.ap);
  const cpu = used.cpuMs / before.cpuMs;
  const isMissed = ap < WANTED || cpu > 1;
  return {
    lines: [
      `${used.name}, the default, beside ${before.name}, its predecessor: one thread, in turns`,
      `AP ${ap.toFixed(2)} times, AP50 ${ratio(used.ap50, before.ap50).toFixed(2)} times, ` +
      `CPU time of an inference ${cpu.toFixed(2)} times ` +
      `(${used.cpuMs.toFixed(1)} and ${before.cpuMs.toFixed(1)} ms)`,
      `wanted in 720p scenes: AP ${WANTED} times, CPU time 1 times at most: ` +
      (isMissed ? "missed" : "reached"),
    ],
    isMissed,
  };
}

function ratio(value: number | null, base: number | null): number {
  return (value ?? NaN) / (base ?? NaN);
}
