/**
 * Leaves a tab of the page open over a simulated night, whose events come faster than they would: what the
 * page and the server keep has to stay as it was after its first hour.
 *
 *     deno task bench scripts/soak/page_night.ts [HOURS]      8 by default, in about a minute each
 *
 * The server is the product's HTTP interface with its events, viewers and stays, in a thread of its own.
 * Exits with 1 when either has grown. Needs chromium and ffmpeg.
 */
import { type Kept, pageNight } from "../../tests/support/product/page_night.ts";
import { printLine } from "../lib/print.ts";

const MEASURED_EVERY_MINUTES = 60;
const STEP_SECONDS = 4;
const MIB = 1024 * 1024;
/** More than garbage that is not collected at once. */
const MOST_GROWTH = { pageBytes: 2 * MIB, serverBytes: 8 * MIB, domNodes: 500, listeners: 50 };

function row(cells: readonly string[]): void {
  printLine(cells.map((cell) => cell.padStart(12)).join(""));
}

async function main(): Promise<number> {
  const hours = Number(Deno.args[0] ?? 8);
  row(["minutes", "page MiB", "server MiB", "DOM nodes", "listeners"]);
  const all: Kept[] = [];
  const problems = await pageNight({
    minutes: 60 * hours,
    every: MEASURED_EVERY_MINUTES,
    step: STEP_SECONDS,
    onKept: (kept) => {
      all.push(kept);
      const { minutes, pageBytes, serverBytes, domNodes, listeners } = kept;
      const mib = (bytes: number) => (bytes / MIB).toFixed(2);
      row([`${minutes}`, mib(pageBytes), mib(serverBytes), `${domNodes}`, `${listeners}`]);
    },
  });
  const [first, last] = [all[0], all.at(-1)];
  const grown = first === undefined || last === undefined
    ? []
    : (["pageBytes", "serverBytes", "domNodes", "listeners"] as const)
      .filter((key) => last[key] - first[key] > MOST_GROWTH[key]);
  for (const text of [...grown.map((key) => `${key} has grown`), ...problems]) printLine(text);
  return grown.length + problems.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
