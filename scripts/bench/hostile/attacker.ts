/** The attacker of the bench, in a process of its own: `attacker.ts NAME`. Prints its port, and never ends. */
import { FaultyCamera } from "../../../tests/support/cameras/faulty_camera/camera.ts";
import { ATTACKS } from "./attacks.ts";

const attack = ATTACKS.find(({ name }) => name === Deno.args[0]);
if (attack === undefined) throw new Error(`no such attack: ${Deno.args[0]}`);
const clip = await attack.clip();
const camera = FaultyCamera.start({
  clip,
  playback: { fps: attack.fps },
  description: { sprop: "absent" },
  packets: { payloadBytes: 60_000 },
});
const ready = JSON.stringify({ event: "ready", port: camera.port });
Deno.stdout.writeSync(new TextEncoder().encode(`${ready}\n`));
