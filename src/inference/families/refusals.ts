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

interface Rule extends Refusal {
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

/** What a model is that no family takes. */
const AFTER: readonly Rule[] = [
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
    remedy:
      "Export it with its decoding: YOLOv5 as export.py does by default, YOLOv7 with --grid, " +
      "others without a flag such as --raw or --no-postprocess.",
    applies: ({ outputs }) => outputs.length >= 2 && outputs.every(({ dims }) => dims.length >= 4),
  },
  {
    why: "it gives a map of the picture, such as a segmentation or depth",
    remedy: "Use a detection model instead.",
    applies: ({ outputs: [port], outputs }) => outputs.length === 1 && port?.dims.length === 4,
  },
  {
    ...TASKS.classify,
    applies: ({ outputs: [port], outputs }) =>
      outputs.length === 1 && port?.dims.length === 2 && port.type?.startsWith("float") === true,
  },
];

/** Inputs that no picture fits. */
const INPUTS: readonly Rule[] = [
  {
    why: "it takes text beside the picture",
    remedy: "Use a detector with a fixed list of classes: for YOLO-World, set the classes before " +
      "the export.",
    applies: ({ inputs }) => inputs.some(({ name }) => /input_ids|attention_mask|^text/.test(name)),
  },
  {
    why: "it takes grey pictures",
    remedy: "Use a model for colour pictures.",
    applies: ({ inputs: [port] }) => port?.dims.length === 4 && port.dims[1] === 1,
  },
  {
    why: "it takes a sequence of pictures",
    remedy: "Use a detector for single pictures.",
    applies: ({ inputs: [port] }) => port?.dims.length === 5,
  },
  {
    why: "it takes whole numbers other than levels from 0 to 255",
    remedy: "Export it with a float32 or uint8 input.",
    applies: ({ inputs: [port] }) =>
      port?.dims.length === 4 && /^u?int(?!8$)|^int8$/.test(port.type ?? ""),
  },
];

/** Why a file with these inputs cannot be used, when that is known. */
export function refusedInput(file: RefusedFile): Refusal | null {
  return INPUTS.find((rule) => rule.applies(file)) ?? null;
}

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
