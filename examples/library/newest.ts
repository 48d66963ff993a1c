/** Writes the newest picture of a camera, twice a second: `newest.ts ADDRESS FOLDER [PICTURES]`. */
import { frames } from "@orion/orion/libav";

const [address = "", folder = ".", pictures = "Infinity"] = Deno.args;
let left = Number(pictures);
for await (const frame of frames(address, { rateHz: 2 })) {
  await Deno.writeFile(`${folder}/newest.jpg`, frame.jpeg({ maxSidePx: 640 }));
  if (--left === 0) break;
}
