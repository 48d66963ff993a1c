/**
 * Orion's tracker beside ByteTrack of `supervision`, on ground truth that comes with `motmetrics`: its boxes
 * are perturbed to detections, which both get, at every frame, every 5th and every 25th.
 *
 *     deno task bench scripts/bench/tracking.ts [FOLDER]
 *
 * FOLDER is a virtual environment of Python to use or make; by default one is made and removed again. Both
 * trackers get detections from a confidence of 0.5 on as confident ones, keep a track for a second,
 * and are scored as ByteTrack reports: from the second sighting of a track on, or from the first frame.
 * Exits with 1 when the IDF1 is lower by more than 0.01, with 2 when a measurement failed. Needs python3
 * with venv and pip.
 */
import { steadyMs } from "../../src/core/clock.ts";
import { Tracker } from "../../src/tracking/tracker.ts";
import { tempFolder } from "../../tests/support/system/files.ts";
import { perturbed } from "./tracking/perturb.ts";
import {
  type BenchPython,
  type DetectedBox,
  type Frames,
  makePython,
  type ScoredRun,
  type Scores,
} from "./tracking/python.ts";

const PREFIX = "bench";
/** Of the sequences. */
const FRAMES_HZ = 25;
const SIZE = { width: 640, height: 480 };
const SEEDS = 10;
/** Every how many frames a frame is taken; from each frame of the first that many one run begins. */
const STEPS = [1, 5, 25] as const;
const CONFIDENCE = 0.5;
const KEEP_SECONDS = 1;
/** ByteTrack of `supervision` counts its buffer in frames of 30 Hz. */
const BUFFER_HZ = 30;
const IDF1_LOSS_MAX = 0.01;

/** A sequence at one rate. */
interface Run {
  readonly sequence: string;
  readonly step: number;
  readonly truth: Frames;
  readonly detections: readonly (readonly DetectedBox[])[];
}

function write(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

/** Every sequence with every seed, at every rate, from every first frame. */
function runsOf(truth: Readonly<Record<string, Frames>>): Run[] {
  const runs: Run[] = [];
  for (const [sequence, frames] of Object.entries(truth)) {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const detections = perturbed(frames, seed);
      for (const step of STEPS) {
        for (let first = 0; first < step; first++) {
          const isTaken = (_: unknown, at: number) => at % step === first;
          runs.push({
            ...{ sequence, step },
            truth: frames.filter(isTaken),
            detections: detections.filter(isTaken),
          });
        }
      }
    }
  }
  return runs;
}

/** What Orion's tracker makes of a run. */
function orionTracks({ step, detections }: Run): Frames {
  const tracker = new Tracker({ prefix: PREFIX, keepMs: 1000 * KEEP_SECONDS });
  const seen = new Set<string>();
  return detections.map((frame, at) => {
    const all = frame.map(([x, y, width, height, confidence]) => ({
      ...{ class: "person", confidence },
      box: { x, y, width, height },
    }));
    const strong = all.filter(({ confidence }) => confidence >= CONFIDENCE);
    const weak = all.filter(({ confidence }) => confidence < CONFIDENCE);
    const atMs = steadyMs(1000 * at * step / FRAMES_HZ);
    const tracked = tracker.observe({ detections: strong, weak, size: SIZE, atMs });
    return [...strong, ...weak].flatMap(({ box: { x, y, width, height } }, place) => {
      const track = [...tracked.detections, ...tracked.weak][place] ?? null;
      if (track === null) return [];
      const isReported = at === 0 || seen.has(track.id);
      seen.add(track.id);
      return isReported
        ? [{ id: Number(track.id.slice(PREFIX.length + 1)), box: [x, y, width, height] }]
        : [];
    });
  });
}

/** What ByteTrack makes of the runs. */
async function byteTracks(
  python: BenchPython,
  runs: readonly Run[],
): Promise<readonly Frames[]> {
  return await python.byteTrack(runs.map(({ step, detections }) => ({
    options: {
      track_activation_threshold: CONFIDENCE,
      lost_track_buffer: KEEP_SECONDS * BUFFER_HZ,
      frame_rate: FRAMES_HZ / step,
    },
    detections,
  })));
}

function idf1({ idtp, idfp, idfn }: Scores): number {
  return 2 * idtp / (2 * idtp + idfp + idfn);
}

function mota({ num_misses, num_false_positives, num_switches, num_objects }: Scores): number {
  return 1 - (num_misses + num_false_positives + num_switches) / num_objects;
}

/** Measures and prints everything. @returns the cells in which Orion's tracker is worse */
async function bench(python: BenchPython): Promise<string[]> {
  const runs = runsOf(await python.truth());
  const orion = runs.map(orionTracks);
  const other = await byteTracks(python, runs);
  const scored = (
    list: readonly Frames[],
    sequence: string,
    step: number,
  ) =>
    python.scores(
      runs.flatMap((run, index): ScoredRun[] =>
        run.sequence === sequence && run.step === step
          ? [{ truth: run.truth, tracks: list[index] ?? [] }]
          : []
      ),
    );
  const heads = ["boxes", "IDF1", "switches", "MOTA", "IDF1", "switches", "MOTA"];
  write(`${"".padEnd(26)}${"".padEnd(10)}${"Orion".padEnd(30)}ByteTrack of supervision\n`);
  write(`${"".padEnd(26)}${heads.map((head) => head.padEnd(10)).join("")}\n`);
  const worse: string[] = [];
  for (const sequence of new Set(runs.map((run) => run.sequence))) {
    for (const step of STEPS) {
      const ours = await scored(orion, sequence, step);
      const theirs = await scored(other, sequence, step);
      const name = `${sequence}, every ${step}`;
      const cells = [ours, theirs].flatMap((scores) => [
        ...[idf1(scores).toFixed(3), `${scores.num_switches}`, mota(scores).toFixed(3)],
      ]);
      const words = [`${ours.num_objects}`, ...cells].map((cell) => cell.padEnd(10));
      write(`${name.padEnd(26)}${words.join("")}\n`);
      if (idf1(ours) < idf1(theirs) - IDF1_LOSS_MAX) worse.push(name);
    }
  }
  return worse;
}

/** @returns the exit code: 0, 1 for a missed target, 2 for an unfinished bench */
async function main(args: readonly string[]): Promise<number> {
  try {
    using folder = tempFolder();
    const worse = await bench(await makePython(folder, args[0] ?? null));
    for (const name of worse) write(`missed: the IDF1 at ${name}\n`);
    return worse.length > 0 ? 1 : 0;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    Deno.stderr.writeSync(new TextEncoder().encode(`error: ${text}\n`));
    return 2;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
