/**
 * A camera over UDP that loses 5 % of its packets, for a minute by default: no damaged picture may reach a
 * detector, and the stream must recover as soon as the loss ends.
 *
 *     deno task bench scripts/soak/udp_loss.ts [SECONDS]       60 by default
 *
 * The camera sends 250 fps. Exits with 1 on failure. Needs the ffmpeg program.
 */
import { loseUdpPackets, lossProblems } from "../../tests/support/cameras/udp_loss.ts";
import { printLine } from "../lib/print.ts";

if (import.meta.main) {
  const result = await loseUdpPackets({ seconds: Number(Deno.args[0] ?? 60), pictures: 300 });
  printLine(JSON.stringify(result, null, 2));
  const problems = lossProblems(result);
  for (const problem of problems) printLine(problem);
  Deno.exit(problems.length === 0 ? 0 : 1);
}
