/** A camera over UDP that loses packets, and what reaches a detector all the same. */
import { CaptureRun } from "./capture_run.ts";
import { HostileCamera } from "./hostile_camera.ts";
import { assertCloses } from "../streams/ledger.ts";
import { WAIT_TIMEOUT_MS } from "../system/lines.ts";
import { PATTERN_SIZE, patternClip, readPattern } from "../clips/pattern.ts";
import { UdpDrops } from "./udp_drops.ts";

const LOSS = 0.05;
const PICTURES = 600;
const KEYFRAME_EVERY = 12;
/** Times faster than 25 pictures a second. */
const SPEED = 5;
/** Small enough for a picture to take several packets, and large enough for few to fill a socket. */
const PAYLOAD_BYTES = 300;

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
  /** Packets that the kernel dropped, of every process: those are lost as well. */
  readonly droppedPackets: number;
  /** Pictures left out as damaged, before the loss, in all, and after it. */
  readonly corruptBefore: number;
  readonly corrupt: number;
  readonly corruptAfter: number;
}

/** Loses 5 % of the packets until so many seconds have passed and so many pictures came through. */
export async function loseUdpPackets(
  least: { readonly seconds: number; readonly pictures: number },
): Promise<LossResult> {
  const encoder = ["-bf", "0", "-g", `${KEYFRAME_EVERY}`, "-crf", "18"];
  const clip = await patternClip(PICTURES, encoder);
  await using camera = HostileCamera.start({ clip, speed: SPEED, payloadBytes: PAYLOAD_BYTES });
  let taken = 0;
  let damaged = 0;
  let newest = 0;
  await using run = new CaptureRun({
    source: { url: camera.url, transport: "udp" },
    detectors: [{
      id: "reader",
      rateHz: null,
      input: { ...PATTERN_SIZE, bars: 0.5 },
      onFrame(_meta, tensor) {
        taken++;
        const { number, wrong } = readPattern(tensor);
        if (wrong > 0) damaged++;
        newest = number;
      },
    }],
  });
  const more = (count: number, untilMs = 0) => {
    const goal = taken + count;
    const done = () => taken >= goal && performance.now() >= untilMs;
    const timeoutMs = WAIT_TIMEOUT_MS + Math.max(0, untilMs - performance.now());
    return run.until(`${count} more pictures`, done, timeoutMs);
  };
  const drops = await UdpDrops.start();
  await more(100);
  // Without loss everything comes, and is read as it was drawn.
  const corruptAtFirst = (await run.report()).account.corrupt;
  await more(100);
  const corruptBefore = (await run.report()).account.corrupt - corruptAtFirst;
  const before = taken;
  const startMs = performance.now();
  camera.behaviour.loss = LOSS;
  await more(least.pictures, startMs + least.seconds * 1000);
  camera.behaviour.loss = 0;
  const lossySeconds = (performance.now() - startMs) / 1000;
  const during = taken - before;
  // A keyframe after it, and what was sent before that has been read.
  const sent = camera.pictures + KEYFRAME_EVERY;
  const isPast = () => (newest - sent % PICTURES + PICTURES) % PICTURES < PICTURES / 2;
  await run.until("a picture after the loss", isPast);
  const corruptSoFar = (await run.report()).account.corrupt;
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
    corruptAfter: account.corrupt - corruptSoFar,
    droppedPackets: await drops.count(),
  };
}

/** What is wrong with a result; nothing when all is well. */
export function lossProblems(result: LossResult): string[] {
  const { lostPackets, countedPackets, droppedPackets, damaged } = result;
  const { corruptBefore, corrupt, corruptAfter } = result;
  const problems: string[] = [];
  if (lostPackets <= 25) problems.push(`only ${lostPackets} packets were lost`);
  if (damaged > 0) problems.push(`${damaged} damaged pictures reached the detector`);
  if (countedPackets < lostPackets || countedPackets > lostPackets + droppedPackets) {
    problems.push(
      `${countedPackets} were counted as lost, not ${lostPackets} and some of ${droppedPackets}`,
    );
  }
  if (corrupt === 0) problems.push("no picture was left out in spite of the loss");
  if (droppedPackets > 0) return problems;
  if (corruptBefore > 0) problems.push(`${corruptBefore} pictures were left out without any loss`);
  // It goes on with the next keyframe.
  if (corruptAfter > 0) problems.push(`${corruptAfter} pictures were left out after the loss`);
  return problems;
}
