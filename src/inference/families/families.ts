/** Every family of models that can be used, in the order in which a file is tried. */
import { BOXES_SCORES } from "./boxes_scores.ts";
import { DETR, DETR_LOGITS, DETR_SOFTMAX, RF_DETR } from "./detr.ts";
import type { Family } from "./family.ts";
import { YOLO_NAS, YOLOV7_END2END } from "./flat_rows.ts";
import { NANODET_PLUS } from "./nanodet_plus.ts";
import { PP_YOLOE } from "./pp_yoloe.ts";
import { RT_DETR } from "./rt_detr.ts";
import { RTMDET } from "./rtmdet.ts";
import { SSD } from "./ssd.ts";
import { TORCHVISION } from "./torchvision.ts";
import { NMS } from "./triple.ts";
import { YOLO } from "./yolo.ts";
import { YOLO_END2END } from "./yolo_end2end.ts";
import { YOLOV5 } from "./yolov5.ts";
import { YOLOX } from "./yolox.ts";

/** What names its outputs comes first, then what is distinguished by sizes alone. */
export const FAMILIES: readonly Family[] = [
  ...[SSD, RF_DETR, RTMDET, DETR_SOFTMAX, DETR_LOGITS, DETR, PP_YOLOE, TORCHVISION, NMS],
  ...[YOLO_NAS, YOLOV7_END2END, RT_DETR, YOLO_END2END, YOLOV5, YOLO, NANODET_PLUS, YOLOX],
  BOXES_SCORES,
];
