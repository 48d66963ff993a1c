/**
 * Networks as LibreYOLO exports them. Which one it is stands in the file; by its sizes alone it would be taken
 * for another family, whose boxes or colours are others.
 */
import type { Preprocess } from "../../core/model_families.ts";
import { boxesAndScores } from "./boxes_scores.ts";
import { DETR_LOGITS, DETR_SOFTMAX, RF_DETR, SQUEEZED } from "./detr.ts";
import {
  type Family,
  type FamilyOutputs,
  IMAGENET,
  IMAGENET_BGR,
  type ModelFacts,
  PLAIN,
} from "./family.ts";
import { LABELLED_WIDTH, labelledRows, scoredColumns, scoredRows } from "./scored_rows.ts";
import { TORCHVISION } from "./torchvision.ts";
import { ANY, isFloat, named, onlyFloat } from "./views.ts";
import { YOLOX } from "./yolox.ts";

/** Its name for the network. */
const NETWORK = "model_family";
/** What every file of it has. */
const VERSION = "libreyolo_version";

/** Values of a box: x1, y1, x2, y2 in pixels. */
const BOX = 4;

interface Network {
  /** As the files have it. */
  readonly names: readonly string[];
  readonly title: string;
  /** Default: every file of it. */
  readonly suits?: (metadata: ReadonlyMap<string, string>) => boolean;
  readonly preprocess: Preprocess;
  readonly overlaps: boolean;
  readonly match: (facts: ModelFacts) => FamilyOutputs | null;
}

const TOP_LEFT = { ...PLAIN, resize: "letterbox-top-left" } as const;
const SQUEEZED_IMAGENET = { ...SQUEEZED, ...IMAGENET } as const;
/** Sizes of DEIMv2 with a backbone of DINOv3. */
const DINO_SIZES: ReadonlySet<string> = new Set(["s", "m", "l", "x"]);

const NETWORKS: readonly Network[] = [
  {
    names: ["yolo9", "yolo9_p2"],
    title: "YOLOv9",
    suits: (metadata) => metadata.get("letterbox_pad") === "center",
    ...{ preprocess: PLAIN, overlaps: true, match: cells },
  },
  {
    names: ["yolo9", "yolo9_p2"],
    title: "YOLOv9",
    ...{ preprocess: TOP_LEFT, overlaps: true, match: cells },
  },
  { names: ["yolo7"], title: "YOLOv7", preprocess: TOP_LEFT, overlaps: true, match: cells },
  {
    names: ["yolox"],
    title: "YOLOX",
    ...{ preprocess: YOLOX.preprocess, overlaps: true, match: YOLOX.match },
  },
  {
    names: ["rtmdet"],
    title: "RTMDet",
    ...{ preprocess: { ...TOP_LEFT, ...IMAGENET_BGR }, overlaps: true, match: cells },
  },
  {
    names: ["picodet"],
    title: "PicoDet",
    ...{ preprocess: SQUEEZED_IMAGENET, overlaps: true, match: cells },
  },
  {
    names: ["ppyoloe"],
    title: "PP-YOLOE",
    ...{ preprocess: SQUEEZED_IMAGENET, overlaps: true, match: boxesAndScores },
  },
  {
    names: ["yolonas"],
    title: "YOLO-NAS",
    ...{ preprocess: PLAIN, overlaps: true, match: boxesAndScores },
  },
  {
    // As OpenCV and Caffe have it: a mean of levels, and no deviation.
    names: ["ssd"],
    title: "SSD",
    preprocess: { ...SQUEEZED, scale: 255, mean: [123, 117, 104] },
    ...{ overlaps: true, match: cells },
  },
  {
    names: ["efficientdet"],
    title: "EfficientDet",
    preprocess: { ...TOP_LEFT, ...IMAGENET },
    ...{ overlaps: true, match: kept },
  },
  {
    names: ["centernet"],
    title: "CenterNet",
    preprocess: {
      ...{ ...PLAIN, colour: "bgr", pad: 0 },
      ...{ mean: [0.408, 0.447, 0.470], std: [0.289, 0.274, 0.278] },
    },
    ...{ overlaps: false, match: kept },
  },
  {
    names: ["faster_rcnn"],
    title: "Faster R-CNN",
    ...{ preprocess: PLAIN, overlaps: false, match: TORCHVISION.match },
  },
  {
    names: ["deimv2"],
    title: "DEIMv2",
    suits: (metadata) => DINO_SIZES.has(metadata.get("size") ?? ""),
    ...{ preprocess: SQUEEZED_IMAGENET, overlaps: false, match: DETR_LOGITS.match },
  },
  {
    names: ["dfine", "deim", "deimv2", "rtdetr", "rtdetrv2", "rtdetrv4"],
    title: "RT-DETR, D-FINE or DEIM",
    ...{ preprocess: SQUEEZED, overlaps: false, match: DETR_LOGITS.match },
  },
  {
    names: ["ec", "lwdetr", "deformable_detr", "dinodetr", "tinyformer", "gtr"],
    title: "a detection transformer",
    ...{ preprocess: SQUEEZED_IMAGENET, overlaps: false, match: DETR_LOGITS.match },
  },
  {
    names: ["detr"],
    title: "DETR",
    ...{ preprocess: DETR_SOFTMAX.preprocess, overlaps: false, match: DETR_SOFTMAX.match },
  },
  {
    names: ["rfdetr"],
    title: "RF-DETR",
    ...{ preprocess: RF_DETR.preprocess, overlaps: false, match: RF_DETR.match },
  },
];

/** One family for each network, all of the same name. */
export const LIBREYOLO: readonly Family[] = NETWORKS.map((network) => ({
  name: "libreyolo",
  title: `${network.title} of LibreYOLO`,
  preprocess: network.preprocess,
  overlaps: network.overlaps,
  usesIds: true,
  match(facts) {
    const { metadata, isChosen } = facts;
    // Other programs note a family too.
    if (!isChosen && !metadata.has(VERSION)) return null;
    if (!network.names.includes(metadata.get(NETWORK) ?? "")) return null;
    if (network.suits?.(metadata) === false) return null;
    return suppressed(facts) ?? network.match({ ...facts, isChosen: true });
  },
}));

/** The network of a file of LibreYOLO that is not read; null for every other file. */
export function unreadNetwork(metadata: ReadonlyMap<string, string>): string | null {
  const network = metadata.get(NETWORK);
  if (network === undefined || !metadata.has(VERSION)) return null;
  return NETWORKS.some(({ names }) => names.includes(network)) ? null : network;
}

/** An output `[1, N, 4 + C]`, or `[1, 4 + C, N]`: x1, y1, x2, y2 in pixels, then a score for each class. */
function cells(facts: ModelFacts): FamilyOutputs | null {
  const port = onlyFloat(facts, [1, ANY, ANY]);
  const [, second = null, third = null] = port?.dims ?? [];
  const width = facts.names === null ? null : BOX + facts.names.size;
  if (port === undefined || width === null || second !== width && third !== width) return null;
  return third === width
    ? scoredRows(port, width, { boxes: "corners" })
    : scoredColumns(port, width, { boxes: "corners" });
}

/** An output `[1, N, 6]` of box, score, class. */
function kept(facts: ModelFacts): FamilyOutputs | null {
  const port = named(facts, "output");
  if (port === undefined || !isFloat(port, [1, ANY, LABELLED_WIDTH])) return null;
  return labelledRows(port, { boxes: "corners" });
}

/** With `nms=True`: what is kept, and beside it what it was chosen from. */
function suppressed(facts: ModelFacts): FamilyOutputs | null {
  return named(facts, "raw") === undefined ? null : kept(facts);
}
