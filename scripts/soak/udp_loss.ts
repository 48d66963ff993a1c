/**
 * A camera over UDP that loses 5 % of its packets, for a minute by default: no damaged picture may reach a
 * detector, and the stream must recover as soon as the loss ends.
 *
 *     deno task bench scripts/soak/udp_loss.ts [SECONDS]       60 by default
 *
 * The camera sends 250 fps. Exits with 1 on failure. Needs the ffmpeg program.
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
