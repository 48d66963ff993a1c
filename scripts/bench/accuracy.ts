/**
 * How well models detect in labelled pictures, at several shapes of their input, and what that costs.
 *
 *     deno task bench scripts/bench/accuracy.ts FOLDER [OPTIONS]
 *
 * FOLDER is in COCO's format: `images/` with JPEGs and `instances.json`. Without it the options are listed. The
 * pictures go the product's way: libav decodes and converts them, ONNX Runtime infers, and the detections are
 * postprocessed as for a camera, from a confidence of 0.01 on. The contenders take turns at every picture, so
 * that their times can be compared on a busy machine; CPU time depends on its load least.
 *
 * AP is COCO's: the mean over overlaps of 0.5 to 0.95, and over the classes. Objects that the labels ignore
 * and regions with a crowd are neither missed nor false detections. Ends with a comparison of the default
 * with what it was before, and with 1 when `--wanted` is given and that is missed.
 */
import { ONNX_RUNTIME_VERSION } from "../../src/core/version.ts";
import { locateLibav } from "../../src/libav/locate.ts";
import { openLibav } from "../../src/libav/open.ts";
import { printLine } from "../lib/print.ts";
import { comparison } from "./accuracy/comparison.ts";
import { type DataSet, readDataSet } from "./accuracy/data_set.ts";
import { measure, type MeasureOptions } from "./accuracy/measure.ts";
import { type Options, parseOptions } from "./accuracy/options.ts";
import { figuresOf, mainTable, sizeTable } from "./accuracy/table.ts";

/** What `/proc/cpuinfo` calls instructions that networks are computed with. */
const FLAGS = "avx2 avx_vnni avx512_vnni avx512_bf16 amx_int8 amx_bf16 asimddp i8mm bf16";

/** The processor: the board where it has a name, else the model's; its cores, and what it is fast at. */
async function processorName(): Promise<string> {
  const script = "cat /proc/device-tree/model || grep -m1 '^model name' /proc/cpuinfo; echo; " +
    "grep -m1 -E '^(flags|Features)' /proc/cpuinfo";
  const { stdout } = await new Deno.Command("sh", { args: ["-c", script], stderr: "null" })
    .output();
  const [name = "", ...rest] = new TextDecoder().decode(stdout).replaceAll("\0", "").split("\n");
  const has = new Set(rest.join(" ").split(/\s+/));
  const flags = FLAGS.split(" ").filter((flag) => has.has(flag));
  return [
    name.replace(/^model name\s*: /, "") || Deno.build.arch,
    `${navigator.hardwareConcurrency} cores`,
    ...flags,
  ].join(", ");
}

function printHead(
  set: DataSet,
  { classes, confidence, runs }: MeasureOptions & { readonly confidence: number },
  processor: string,
): void {
  const objects = set.pictures.flatMap(({ truth }) =>
    classes.flatMap((name) => truth.get(name) ?? [])
  );
  printLine(
    `${set.name}: ${set.pictures.length} pictures, ${objects.length} labelled (${
      classes.join(", ")
    })`,
  );
  printLine(
    `recall and precision at confidence ${confidence} and overlap 0.5; ms of ${runs} runs or more, in turns`,
  );
  printLine(`${processor}; ONNX Runtime ${ONNX_RUNTIME_VERSION}`);
}

/** @returns whether the default is as much better than before as 720p scenes have to show */
async function bench(options: Options): Promise<boolean> {
  const set = await readDataSet(options.folder);
  const classes = options.classes ?? set.classes;
  using libav = openLibav(locateLibav());
  const measured = await measure(libav, set, { ...options, classes });
  const all = measured.map((one) => figuresOf(one, options.confidence));
  printHead(set, { ...options, classes }, await processorName());
  for (const { name, loaded } of measured) printLine(`${name}: ${loaded}`);
  for (const line of ["", ...mainTable(all), "", ...sizeTable(all)]) printLine(line);
  const { lines, isMissed } = comparison(all);
  for (const line of ["", ...lines]) printLine(line);
  return !isMissed;
}

/** @returns the exit code: 0, 1 for a missed target, 2 for an unfinished bench */
async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(args);
    const isReached = await bench(options);
    return options.isWanted && !isReached ? 1 : 0;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    Deno.stderr.writeSync(new TextEncoder().encode(`error: ${text}\n`));
    return 2;
  }
}

if (import.meta.main) Deno.exitCode = await main(Deno.args);
