/** The comparison that the accuracy bench ends with. */
import { type Figures, nameOf } from "./table.ts";

/** Contenders by the names that {@link nameOf} gives them. */
const USED = "nanodet-g-int8 640x384";
const BEFORE = "nanodet-g 416x416";
/** The AP that is wanted, as a multiple of what it was, at no more CPU time. */
const WANTED = 1.3;

/** What the default finds, and at what cost, beside what the default was before; empty unless both ran. */
export function comparison(
  all: readonly Figures[],
): { readonly lines: readonly string[]; readonly isMissed: boolean } {
  const used = all.find(({ contender }) => nameOf(contender) === USED);
  const before = all.find(({ contender }) => nameOf(contender) === BEFORE);
  if (used === undefined || before === undefined) return { lines: [], isMissed: false };
  const ap = ratio(used.ap, before.ap);
  const cpu = used.cpuMs / before.cpuMs;
  const isMissed = ap < WANTED || cpu > 1;
  return {
    lines: [
      `${USED} (the default) beside ${BEFORE}, one thread, in turns:`,
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
