/**
 * Runs benchmarks under the permissions they need: `deno task bench [file …]`. A file other than a
 * `.bench.ts` is a program of its own and gets the arguments after it:
 * `deno task bench scripts/bench/rtsp_cpu.ts 20`.
 */
import { NO_TELEMETRY } from "../src/core/telemetry.ts";
import { ROOT } from "./testing/checkout.ts";
import { benchFlags } from "./testing/groups.ts";

async function main(args: readonly string[]): Promise<number> {
  Deno.mkdirSync(`${ROOT}/tmp`, { recursive: true });
  const temp = Deno.makeTempDirSync({ dir: `${ROOT}/tmp`, prefix: "bench-" });
  try {
    const words = args.length > 0 ? args : ["scripts/bench"];
    const [first = ""] = words;
    const isProgram = first.endsWith(".ts") && !first.endsWith(".bench.ts");
    const { code } = await new Deno.Command("deno", {
      args: [isProgram ? "run" : "bench", "--quiet", ...benchFlags(temp), ...words],
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
