/**
 * Kills and restarts a camera, 20 times by default: frames must resume within the current backoff plus 2 s,
 * sequence numbers must not decrease, and memory must not grow.
 *
 *     deno task bench scripts/soak/camera_restarts.ts [TIMES]
 *
 * Exits with 1 on failure.
 */
import { patternClip } from "../../tests/support/clips/pattern.ts";
import { late, restartCamera } from "../../tests/support/cameras/restarts.ts";
import { printLine } from "../lib/print.ts";

const MAX_GROWTH_BYTES = 10 * 1024 * 1024;
/** Allocations of the first rounds are the working set. */
const SETTLED = 5;

async function main(): Promise<void> {
  const times = Number(Deno.args[0] ?? 20);
  const clip = await patternClip(250, ["-bf", "0", "-g", "25"]);
  const restarts = await restartCamera(clip, times);
  restarts.forEach(({ resumedAfterMs, backoffMs, rssBytes }, index) =>
    printLine(
      `${String(index + 1).padStart(3)}  back after ${resumedAfterMs.toFixed(0)} ms ` +
        `(backoff ${backoffMs} ms)  ${(rssBytes / 1e6).toFixed(1)} MB`,
    )
  );
  const settled = restarts[Math.min(SETTLED, times - 1)]?.rssBytes ?? 0;
  const growth = (restarts.at(-1)?.rssBytes ?? 0) - settled;
  const tooLate = late(restarts).length;
  printLine(`${tooLate} too late; memory ${growth < 0 ? "" : "+"}${(growth / 1e6).toFixed(1)} MB`);
  if (tooLate > 0 || growth > MAX_GROWTH_BYTES) Deno.exit(1);
}

if (import.meta.main) await main();
