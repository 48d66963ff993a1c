/** Mutated commands, one by one and in bursts; they name a hostile camera and its detector. */
import { commandPayload } from "../../../tests/fuzz/corpus/commands.ts";
import { carryOut, CONTROL, openClient, publish } from "./control.ts";
import { atPace, type Attack } from "./pace.ts";
import { hostileId, NAMES } from "./plan.ts";

/** Turns of the attack; each is a few single commands, or a burst. */
const PER_SECOND = 4;
const SINGLES = 2;
const BURST = 300;
/** Every so many turns is a burst. */
const BURST_EVERY = 4;

/** The rate of the hostile cameras' detector in the configuration. */
export const VICTIM_RATE_HZ = 0.5;

export const attackCommands: Attack = async (context, signal) => {
  const { random, sent } = context;
  const named = { camera: hostileId(0), detector: NAMES.victim };
  {
    using client = await openClient(context, "commander");
    let turn = 0;
    await atPace(PER_SECOND, signal, async () => {
      const isBurst = turn++ % BURST_EVERY === 0;
      for (let count = isBurst ? BURST : SINGLES; count > 0; count--) {
        await publish(client, CONTROL, commandPayload(random, named));
      }
      if (isBurst) sent.add("commands in bursts", BURST);
      else sent.add("single commands", SINGLES);
    });
  }
  const { camera, detector } = named;
  await carryOut(context, [
    ["set_rate", { detector, rateHz: VICTIM_RATE_HZ }],
    ["set_rate", { detector, rateHz: VICTIM_RATE_HZ, camera }],
    ["set_masks", { camera, masks: [] }],
    ["set_zones", { camera, zones: [] }],
    ["set_lines", { camera, lines: [] }],
  ]);
};
