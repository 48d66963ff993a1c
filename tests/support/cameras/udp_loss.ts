/** A camera over UDP that loses packets, and the frames that reach a detector. */
import { CaptureRun } from "./capture_run.ts";
import { HostileCamera } from "./hostile_camera.ts";
import { assertCloses } from "../streams/ledger.ts";
import { WAIT_TIMEOUT_MS } from "../system/lines.ts";
import { PATTERN_SIZE, patternClip, readPattern } from "../clips/pattern.ts";
import { UdpDrops } from "./udp_drops.ts";
import { fixedInput } from "../models/inputs.ts";

const LOSS = 0.05;
const PICTURES = 600;
const KEYFRAME_EVERY = 12;
/** Factor above 25 fps. */
const SPEED = 5;
/** Small enough for several packets per picture, and large enough not to fill a socket. */
const PAYLOAD_BYTES = 300;

/** The result of a run. */
export interface LossResult {
  readonly lossySeconds: number;
  readonly lostPackets: number;
  /** Frames that reached the detector: before, during and after the loss. */
  readonly before: number;
  readonly during: number;
  readonly after: number;
  /** The damaged frames among them. */
  readonly damaged: number;
  /** Lost packets as counted by the worker. */
  readonly countedPackets: number;
  /** Packets dropped by the kernel, of all processes, which are lost as well. */
  readonly droppedPackets: number;
  /** Pictures skipped as corrupt: before the loss, in total, and after it. */
  readonly corruptBefore: number;
  readonly corrupt: number;
  readonly corruptAfter: number;
}

/** Loses 5 % of the packets until a time has passed and a number of frames was delivered. */
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
      input: fixedInput(PATTERN_SIZE),
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
  // Without loss every frame is delivered undamaged.
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
  // Waits for a keyframe after the loss, and until everything sent before it was read.
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

/** The problems of a result; empty if there are none. */
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
  if (corrupt === 0) problems.push("no picture was skipped as corrupt in spite of the loss");
  if (droppedPackets > 0) return problems;
  if (corruptBefore > 0) {
    problems.push(`${corruptBefore} pictures were skipped as corrupt without any loss`);
  }
  // The stream recovers with the next keyframe.
  if (corruptAfter > 0) {
    problems.push(`${corruptAfter} pictures were skipped as corrupt after the loss`);
  }
  return problems;
}
