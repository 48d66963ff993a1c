/** The Python of the tracking bench: ground truth, ByteTrack of `supervision`, and the figures of `motmetrics`. */
import { z } from "zod";
import { ROOT, type TempFolder } from "../../../tests/support/system/files.ts";

/** `supervision` has had no ByteTrack since 0.28. */
const PACKAGES: readonly string[] = [
  ...["motmetrics==1.4.0", "supervision==0.27.0.post2"],
  // motmetrics 1.4 calls what numpy 2 has no more.
  ...["numpy==1.26.4", "pandas==2.3.3"],
];

const PROGRAM = `${ROOT}/scripts/bench/tracking/tracking.py`;

/** An object in a frame: x, y, width and height in pixels. */
const BOX = z.object({
  id: z.number(),
  box: z.tuple([z.number(), z.number(), z.number(), z.number()]),
});
/** An object of the truth, or what a tracker takes for one. */
export type ObjectBox = z.infer<typeof BOX>;

const FRAMES = z.array(z.array(BOX));
/** The objects of every frame. */
export type Frames = readonly (readonly ObjectBox[])[];
const SCORES = z.object({
  idtp: z.number(),
  idfp: z.number(),
  idfn: z.number(),
  num_switches: z.number(),
  num_misses: z.number(),
  num_false_positives: z.number(),
  num_objects: z.number(),
});
/** Sums over several runs, as `motmetrics` calls them. */
export type Scores = z.infer<typeof SCORES>;

/** x, y, width, height, confidence. */
export type DetectedBox = readonly [number, number, number, number, number];

/** The detections of a sequence for ByteTrack of `supervision`, with its options. */
export interface ByteTrackRun {
  readonly options: Readonly<Record<string, number>>;
  readonly detections: readonly (readonly DetectedBox[])[];
}

export interface ScoredRun {
  readonly truth: Frames;
  readonly tracks: Frames;
}

/** A Python with the packages. */
export class BenchPython {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** The frames of every sequence. */
  async truth(): Promise<Readonly<Record<string, Frames>>> {
    return z.record(z.string(), FRAMES).parse(await this.#run("truth", null));
  }

  /** What ByteTrack makes of each run. */
  async byteTrack(
    runs: readonly ByteTrackRun[],
  ): Promise<readonly Frames[]> {
    return z.array(FRAMES).parse(await this.#run("tracks", { runs }));
  }

  async scores(runs: readonly ScoredRun[]): Promise<Scores> {
    return SCORES.parse(await this.#run("scores", { runs }));
  }

  async #run(command: string, input: unknown): Promise<unknown> {
    const child = new Deno.Command("sh", {
      args: ["-c", 'exec "$0" "$@"', this.#path, "-W", "ignore", PROGRAM, command],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    const output = child.output();
    try {
      await writer.write(new TextEncoder().encode(JSON.stringify(input)));
      await writer.close();
    } catch (error) {
      // A program that has failed reads no more; its own message says why.
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    }
    const { success, stdout, stderr } = await output;
    const text = new TextDecoder();
    if (success) return JSON.parse(text.decode(stdout));
    throw new Error(
      `Cannot run ${PROGRAM} ${command} with ${this.#path}:\n${text.decode(stderr).trim()}\n` +
        `It needs ${PACKAGES.join(" and ")}.`,
    );
  }
}

/** Makes a virtual environment with the packages, or uses the given one when it is there. */
export async function makePython(folder: TempFolder, given: string | null): Promise<BenchPython> {
  const place = given ?? `${folder.path}/python`;
  const script = 'test -x "$0/bin/python" && exit; python3 -m venv "$0" && ' +
    '"$0/bin/pip" install --quiet --disable-pip-version-check "$@"';
  const { success, stderr } = await new Deno.Command("sh", {
    args: ["-c", script, place, ...PACKAGES],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) return new BenchPython(`${place}/bin/python`);
  throw new Error(
    `Cannot make a Python with ${PACKAGES.join(" and ")} in ${place}: ` +
      `${new TextDecoder().decode(stderr).trim()}\n` +
      "Install python3 and python3-venv, and let pip reach its index.",
  );
}
