/**
 * A camera over UDP that loses 5 % of its packets, for a minute unless told otherwise: no damaged
 * picture may reach a detector, and when the loss ends the stream must go on at once.
 *
 *     deno task bench scripts/soak/udp_loss.ts [SECONDS]       60 by default
 *
 * It sends 250 pictures a second. Exits with 1 when any of that fails. Needs the ffmpeg program.
 */
import { loseUdpPackets, lossProblems } from "../../tests/support/cameras/udp_loss.ts";

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

if (import.meta.main) {
  const result = await loseUdpPackets({ seconds: Number(Deno.args[0] ?? 60), pictures: 300 });
  say(JSON.stringify(result, null, 2));
  const problems = lossProblems(result);
  for (const problem of problems) say(problem);
  Deno.exit(problems.length === 0 ? 0 : 1);
}
