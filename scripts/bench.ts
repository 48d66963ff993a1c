/**
 * Runs benchmarks under the permissions they need, as {@link USAGE} says. A program may read the files and
 * folders among its arguments.
 */
import { resolve } from "node:path";
import { NO_TELEMETRY } from "../src/core/telemetry.ts";
import { answerTo } from "./lib/asked.ts";
import { printLine } from "./lib/print.ts";
import { ROOT } from "./testing/checkout.ts";
import { benchFlags } from "./testing/groups.ts";

const USAGE = `Usage:
  deno task bench                                   every benchmark
  deno task bench scripts/bench/framebus.bench.ts   those of one file
  deno task bench scripts/bench/rtsp_cpu.ts 20      a longer one, with its arguments`;

async function main(args: readonly string[]): Promise<number> {
  // What follows is a program's own.
  const answer = answerTo(args.slice(0, 1), USAGE);
  if (answer !== null) {
    printLine(answer);
    return 0;
  }
  Deno.mkdirSync(`${ROOT}/tmp`, { recursive: true });
  const temp = Deno.makeTempDirSync({ dir: `${ROOT}/tmp`, prefix: "bench-" });
  try {
    const words = args.length > 0 ? args : ["scripts/bench"];
    const [first = ""] = words;
    const isProgram = first.endsWith(".ts") && !first.endsWith(".bench.ts");
    const paths = words.slice(1).flatMap((word) => word.split(","))
      .filter((word) => word.includes("/")).map((word) => resolve(ROOT, word));
    const { code } = await new Deno.Command("deno", {
      args: [
        isProgram ? "run" : "bench",
        "--quiet",
        ...benchFlags(temp, isProgram ? paths : []),
        ...words,
      ],
      cwd: ROOT,
      env: { TMPDIR: temp, [NO_TELEMETRY]: "1" },
      stdout: "inherit",
      stderr: "inherit",
    }).output();
    return code;
  } finally {
    Deno.removeSync(temp, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
