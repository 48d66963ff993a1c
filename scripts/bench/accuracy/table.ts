/** The figures of the accuracy bench, and their tables. */
import {
  type AreaName,
  AREAS,
  atThreshold,
  averagePrecision,
  cocoAp,
  type JudgedPicture,
  meanOf,
} from "./average_precision.ts";
import { median } from "../median.ts";
import type { Measured } from "./measure.ts";

/** The overlap from which a box counts in AP50, recall and precision. */
const USUAL_IOU = 0.5;
const SIZES = ["small", "medium", "large"] as const satisfies readonly AreaName[];
const NAME_WIDTH = 32;
const CELL_WIDTH = 11;

/** The figures of a contender: means over the classes; null where the labels have no such object. */
export interface Figures {
  readonly name: string;
  readonly ap: number | null;
  readonly ap50: number | null;
  /** Median of the runs. */
  readonly wallMs: number;
  /** Median of the runs. */
  readonly cpuMs: number;
  readonly leastMs: number;
  readonly bySize: Readonly<Record<AreaName, SizeFigures>>;
}

/** The figures of objects of one size. */
export interface SizeFigures {
  readonly ap: number | null;
  readonly recall: number | null;
  readonly precision: number | null;
}

/** Computes the figures of a contender. */
export function figuresOf({ name, judged, runs }: Measured, confidence: number): Figures {
  const classes = [...judged.values()];
  const mean = (of: (pictures: readonly JudgedPicture[]) => number | null) =>
    meanOf(classes.map(of));
  const sized = (name: AreaName): SizeFigures => {
    const match = { iou: USUAL_IOU, area: AREAS[name], confidence };
    return {
      ap: mean((pictures) => cocoAp(pictures, AREAS[name])),
      recall: mean((pictures) => atThreshold(pictures, match).recall),
      precision: mean((pictures) => atThreshold(pictures, match).precision),
    };
  };
  const bySize = {
    all: sized("all"),
    small: sized("small"),
    medium: sized("medium"),
    large: sized("large"),
  };
  return {
    name,
    ap: bySize.all.ap,
    ap50: mean((pictures) => averagePrecision(pictures, { iou: USUAL_IOU, area: AREAS.all })),
    wallMs: median(runs.map(({ wallMs }) => wallMs)),
    cpuMs: median(runs.map(({ cpuMs }) => cpuMs)),
    leastMs: Math.min(...runs.map(({ wallMs }) => wallMs)),
    bySize,
  };
}

/** AP by size, recall, precision and time: a line for each contender. */
export function mainTable(all: readonly Figures[]): string[] {
  const head = ["AP", "AP50", ...SIZES, "recall", "precision", "ms", "least", "CPU ms"];
  return [
    row("", head),
    ...all.map((one) =>
      row(one.name, [
        ...[one.ap, one.ap50, ...SIZES.map((size) => one.bySize[size].ap)].map(share),
        ...[one.bySize.all.recall, one.bySize.all.precision].map(share),
        ...[one.wallMs, one.leastMs, one.cpuMs].map((ms) => ms.toFixed(1)),
      ])
    ),
  ];
}

/** Recall and precision by size: a line for each contender. */
export function sizeTable(all: readonly Figures[]): string[] {
  return [
    row("", [...SIZES.map(() => "recall"), ...SIZES.map(() => "precision")]),
    row("", [...SIZES, ...SIZES]),
    ...all.map(({ name, bySize }) =>
      row(name, [
        ...SIZES.map((size) => share(bySize[size].recall)),
        ...SIZES.map((size) => share(bySize[size].precision)),
      ])
    ),
  ];
}

function share(value: number | null): string {
  return value === null ? "-" : value.toFixed(3);
}

function row(name: string, cells: readonly string[]): string {
  return name.padEnd(NAME_WIDTH) + cells.map((cell) => cell.padStart(CELL_WIDTH)).join("");
}
