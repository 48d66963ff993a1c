/** A camera over UDP that loses packets, and what reaches a detector all the same. */
import { CaptureRun } from "./capture_run.ts";
import { HostileCamera } from "./hostile_camera.ts";
import { assertCloses } from "./ledger.ts";
import { PATIENCE } from "./lines.ts";
import { PATTERN_SIZE, patternClip, readPattern } from "./pattern.ts";

const LOSS = 0.05;
const PICTURES = 1500;
const KEYFRAME_EVERY = 12;
/** Times faster than 25 pictures a second. */
const SPEED = 10;
const PATIENCE_MS = 20_000 * PATIENCE;

/** What was seen. */
export interface LossResult {
  readonly lossySeconds: number;
  readonly lostPackets: number;
  /** Pictures that reached the detector: before, during and after the loss. */
  readonly before: number;
  readonly during: number;
  readonly after: number;
  /** Of all of those the ones that did not look as they were drawn. */
  readonly damaged: number;
  /** Packets that the camera lost, as the worker counts them. */
  readonly countedPackets: number;
  /** Pictures left out as damaged, before the loss and in all. */
  readonly corruptBefore: number;
  readonly corrupt: number;
  /** Pictures from the last one in the loss to the second one after it. */
  readonly gap: number;
}

/** Loses 5 % of the packets until so many seconds have passed and so many pictures came through. */
export async function loseUdpPackets(
  least: { readonly seconds: number; readonly pictures: number },
): Promise<LossResult> {
  const encoder = ["-bf", "0", "-g", `${KEYFRAME_EVERY}`, "-crf", "18"];
  const clip = await patternClip(PICTURES, encoder);
  await using camera = HostileCamera.start({ clip, speed: SPEED, payloadBytes: 150 });
  let taken = 0;
  let damaged = 0;
  /** The numbers of the newest two. */
  const last: [number, number] = [0, 0];
  await using run = new CaptureRun({
    source: { url: camera.url, transport: "udp" },
    detectors: [{
      id: "reader",
      rateHz: null,
      input: { ...PATTERN_SIZE, bars: 0.5 },
      onFrame(_meta, tensor) {
        const { number, wrong } = readPattern(tensor);
        taken++;
        if (wrong > 0) damaged++;
        last[0] = last[1];
        last[1] = number;
      },
    }],
  });
  const more = (count: number, untilMs = 0) => {
    const goal = taken + count;
    const done = () => taken >= goal && performance.now() >= untilMs;
    const timeoutMs = PATIENCE_MS + Math.max(0, untilMs - performance.now());
    return run.until(`${count} more pictures`, done, timeoutMs);
  };
  await more(100);
  // Without loss everything comes, and is read as it was drawn.
  const corruptAtFirst = (await run.snapshot()).account.corrupt;
  await more(100);
  const corruptBefore = (await run.snapshot()).account.corrupt - corruptAtFirst;
  const before = taken;
  const startMs = performance.now();
  camera.behaviour.loss = LOSS;
  await more(least.pictures, startMs + least.seconds * 1000);
  camera.behaviour.loss = 0;
  const lossySeconds = (performance.now() - startMs) / 1000;
  const during = taken - before;
  const number = last[1];
  await more(2);
  const gap = (last[1] - number + PICTURES) % PICTURES;
  await more(100);
  const { account, network } = await run.stop();
  assertCloses(account);
  return {
    lossySeconds,
    lostPackets: camera.lost,
    before,
    during,
    after: taken - before - during,
    damaged,
    countedPackets: network?.lostPackets ?? 0,
    corruptBefore,
    corrupt: account.corrupt,
    gap,
  };
}

/** What is wrong with a result; nothing when all is well. */
export function lossProblems(result: LossResult): string[] {
  const { lostPackets, countedPackets, damaged, corruptBefore, corrupt, gap } = result;
  const problems: string[] = [];
  if (lostPackets <= 25) problems.push(`only ${lostPackets} packets were lost`);
  if (damaged > 0) problems.push(`${damaged} damaged pictures reached the detector`);
  if (countedPackets !== lostPackets) problems.push(`${countedPackets} were counted as lost`);
  if (corruptBefore > 0) problems.push(`${corruptBefore} pictures were left out without any loss`);
  if (corrupt === 0) problems.push("no picture was left out in spite of the loss");
  // It goes on at once: at the latest with the second keyframe.
  if (gap >= 4 * KEYFRAME_EVERY) problems.push(`${gap} pictures until it went on`);
  return problems;
}
