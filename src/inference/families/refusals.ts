/** Models that are no detectors, and detectors whose export lacks a part: what they are, and the way on. */
import type { ModelHeader } from "../model_file.ts";
import { unreadNetwork } from "./libreyolo.ts";
import type { ModelPorts, TensorPort } from "../graph/model_graph.ts";

/** What is known of a file when it is refused. */
export interface RefusedFile extends ModelPorts {
  readonly header: ModelHeader;
  readonly names: ReadonlyMap<number, string> | null;
}

/** Why a model is refused. */
export interface Refusal {
  /** A clause: "it is a pose model". */
  readonly why: string;
  readonly remedy: string;
}

/** A kind of file that is refused. */
export interface Rule extends Refusal {
  readonly applies: (file: RefusedFile) => boolean;
}

const DETECTION_INSTEAD = "Use the detection model of the same family";

/** Tasks that Ultralytics notes in the file, other than `detect`. */
const TASKS = {
  pose: {
    why: "it is a pose model: it gives key points",
    remedy: `${DETECTION_INSTEAD}: export yolo11n.pt instead of yolo11n-pose.pt.`,
  },
  segment: {
    why: "it is a segmentation model: it gives masks",
    remedy: `${DETECTION_INSTEAD}: export yolo11n.pt instead of yolo11n-seg.pt.`,
  },
  obb: {
    why: "it is a model of rotated boxes (OBB)",
    remedy: `${DETECTION_INSTEAD}: export yolo11n.pt instead of yolo11n-obb.pt.`,
  },
  classify: {
    why: "it is a classifier: it names a whole picture and finds no boxes",
    remedy: "Use a detection model: export yolo11n.pt instead of yolo11n-cls.pt.",
  },
} as const satisfies Record<string, Refusal>;

const TASK_NAMES: ReadonlyMap<string, Refusal> = new Map(Object.entries(TASKS));

/** Channels of the prototypes that masks are made of. */
const MASK_CHANNELS = 32;

/** What a model with outputs of its form would be, before it is taken for a detector. */
const BEFORE: readonly Rule[] = [
  {
    why: "it gives something else than tensors of numbers",
    remedy: "Use a detector that gives boxes and scores as float32.",
    applies: ({ outputs }) => outputs.some(({ type }) => type === null || type === "string"),
  },
  {
    why: "it is a face detector that gives landmarks",
    remedy: "Use a detection model without landmarks.",
    applies: ({ outputs }) => outputs.some(({ name }) => /landm|(?:^|_)kps/.test(name)),
  },
  {
    ...TASKS.segment,
    applies: ({ outputs }) =>
      outputs.some(({ dims }) => dims.length === 3) &&
      outputs.some(({ dims: [, channels, ...rest], type }) =>
        channels === MASK_CHANNELS && rest.length === 2 && type?.startsWith("float") === true
      ),
  },
  {
    why: "it is a segmentation model: it gives masks",
    remedy: "Export the detection model of the same family.",
    applies: ({ outputs }) => outputs.some(({ name }) => /(?:^|_)masks?$/.test(name)),
  },
  {
    why: "it is a key point model",
    remedy: "Export the detection model of the same family.",
    applies: ({ outputs }) => outputs.some(({ name }) => /key_?points?/.test(name)),
  },
  {
    why: "it is a pose model: it gives key points",
    remedy: "Use a detection model instead.",
    applies: ({ outputs: [port], outputs }) => outputs.length === 1 && ends(port, [6, 56]),
  },
  ...classMismatch(),
];

/** Further rows that other tasks have behind the scores, by what they are. */
function classMismatch(): Rule[] {
  const extra = ({ outputs: [port], names }: RefusedFile): number | null => {
    const [, rows = null, cells = null] = port?.dims ?? [];
    if (names === null || rows === null || cells === null || port?.dims.length !== 3) return null;
    if (cells < rows) return null;
    return rows - 4 - names.size;
  };
  return [
    {
      ...TASKS.obb,
      applies: (file) => file.outputs.length === 1 && extra(file) === 1 && file.names?.size !== 1,
    },
    {
      ...TASKS.pose,
      applies: (file) => {
        const rows = extra(file) ?? 0;
        return file.outputs.length === 1 && rows >= 6 && (rows % 3 === 0 || rows % 2 === 0);
      },
    },
  ];
}

const DECODED =
  "Export it with its decoding: YOLOv5 as export.py does by default, YOLOv7 with --grid, " +
  "others without a flag such as --raw or --no-postprocess.";
/** More outputs than a detector has whose boxes are in one. */
const MANY_OUTPUTS = 6;

/** What a model is that no family takes. */
const AFTER: readonly Rule[] = [
  {
    why: "it takes a mask of the picture, whose size is free",
    remedy: "Export it with a fixed size, or without pixel_mask.",
    applies: ({ inputs }) =>
      inputs.some(({ name, dims }) => name === "pixel_mask" && dims.includes(null)),
  },
  {
    why: "it is a pose model: it gives key points",
    remedy: "Use a detection model instead.",
    applies: ({ outputs: [port], outputs }) => outputs.length === 1 && ends(port, [17, 3]),
  },
  {
    why: "it gives maps of centres that are not decoded (CenterNet)",
    remedy: "Use a detector that gives boxes: an export whose decoding is part of the graph.",
    applies: ({ outputs }) =>
      outputs.length >= 2 && outputs.every(({ dims }) => dims.length === 4) &&
      outputs.some(({ dims: [, channels] }) => channels === 2),
  },
  {
    why: "it gives feature maps that are not decoded",
    remedy: DECODED,
    applies: ({ outputs }) => outputs.length >= 2 && outputs.every(({ dims }) => dims.length >= 4),
  },
  {
    why: "it gives boxes and scores of each grid apart, which are not decoded",
    remedy: DECODED,
    applies: ({ outputs }) => outputs.length >= MANY_OUTPUTS,
  },
  {
    why: "it gives key points beside its boxes",
    remedy: "Export the detection model of the same family.",
    applies: ({ outputs }) => outputs.length >= 4 && outputs.some((port) => ends(port, [17, 3])),
  },
  {
    why: "it is a segmentation model: it gives masks",
    remedy: "Export the detection model of the same family.",
    applies: ({ outputs }) =>
      outputs.some(({ dims }) => dims.length === 4) &&
      outputs.some((port) => port.dims.length === 2 && ends(port, [4])),
  },
  {
    why: "its output does not fit the class names in the file",
    remedy: "Export it again with the names of its classes, or without any.",
    applies: ({ outputs: [port], outputs, names }) =>
      names !== null && outputs.length === 1 && port?.dims.length === 3 &&
      port.type?.startsWith("float") === true,
  },
  {
    why: "it gives a map of the picture, such as a segmentation or depth",
    remedy: "Use a detection model instead.",
    applies: ({ outputs: [port], outputs }) => outputs.length === 1 && port?.dims.length === 4,
  },
  {
    why: "it is a classifier, or gives the features of a whole picture, and finds no boxes",
    remedy: "Use a detection model instead.",
    applies: ({ outputs: [port], outputs }) =>
      outputs.length === 1 && port?.dims.length === 2 && port.type?.startsWith("float") === true,
  },
];

/** Why a file is no detector, though a family might take it for one. */
export function refusedTask(file: RefusedFile): Refusal | null {
  const { metadata } = file.header;
  const task = metadata.get("task");
  if (task !== undefined && task !== "detect") return TASK_NAMES.get(task) ?? unknownTask(task);
  const network = unreadNetwork(metadata);
  if (network !== null) return unknownNetwork(network);
  return BEFORE.find((rule) => rule.applies(file)) ?? null;
}

/** What a file is that no family takes, when that is known. */
export function refusedOutput(file: RefusedFile): Refusal | null {
  return AFTER.find((rule) => rule.applies(file)) ?? null;
}

function unknownTask(task: string): Refusal {
  return {
    why: `its task is ${JSON.stringify(task.slice(0, 40))}, not detect`,
    remedy: "Use a detection model instead.",
  };
}

function unknownNetwork(network: string): Refusal {
  return {
    why: `it is ${JSON.stringify(network.slice(0, 40))} of LibreYOLO, whose output is not known`,
    remedy: "Export another detector of LibreYOLO, such as LibreYOLO9 or LibreDFINE.",
  };
}

function ends(port: TensorPort | undefined, sizes: readonly number[]): boolean {
  const last = port?.dims.slice(-sizes.length) ?? [];
  return last.length === sizes.length && last.every((size, axis) => size === sizes[axis]);
}
