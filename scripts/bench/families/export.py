"""Exports a model of each family with random weights, by the family's own exporter, and writes beside it
what the family's own post-processing finds in one picture.

    pip install torch torchvision onnx onnxruntime ultralytics transformers rfdetr yolov5 libreyolo
    python scripts/bench/families/export.py tmp/families [NAME…]

NAME.onnx, NAME.rgb (levels, row by row) and NAME.json: width, height, the least confidence, and the
detections as class, score, x1, y1, x2, y2 in pixels of the picture, which has the size of the input.
Then, to compare: deno task bench scripts/bench/families.ts tmp/families
"""
import os
import pathlib
import sys

import torch

import damo_yolo
import hugging_face
import libre
import openmmlab
import paddle_detection
from common import IOU, one_class_each, picture, run, spread, tensor, threshold, write


def ultralytics_model(name, config, kind="YOLO", **options):
    import ultralytics
    from ultralytics.utils import nms

    model = getattr(ultralytics, kind)(config)
    if kind == "YOLO":
        for part in model.model.modules():
            part.requires_grad_(True)
        spread(model.model)
        fixed_bins(model.model)
        usual_boxes(model.model)
    os.replace(model.export(format="onnx", verbose=False, imgsz=options.pop("imgsz", 320), **options),
               name + ".onnx")
    levels = picture(320, 320)
    values = tensor(levels).repeat(options.get("batch", 1), 1, 1, 1)
    output = torch.from_numpy(run(name, {"images": values.numpy()})[0])[:1]
    if kind == "RTDETR":
        from ultralytics.utils import ops
        confidence = threshold(output[0, :, 4])
        boxes = ops.xywh2xyxy(output[0, :, :4]) * 320
        kept = output[0, :, 4] > confidence
        rows = torch.cat([output[0, :, 5:6], output[0, :, 4:5], boxes], 1)[kept]
        return write(name, levels, rows, confidence)
    scores = output[0, :, 4] if output.shape[-1] == 6 else output[0, 4:].amax(0)
    confidence = threshold(scores)
    found = nms.non_max_suppression(output, confidence, IOU, max_det=100)[0]
    write(name, levels, torch.cat([found[:, 5:6], found[:, 4:5], found[:, :4]], 1), confidence)


def usual_boxes(module):
    """Makes boxes of a width and height: without a distribution, sides of random weights can be negative."""
    for part in module.modules():
        for name in ("cv2", "one2one_cv2"):
            if getattr(part, "reg_max", 0) == 1 and getattr(part, name, None) is not None:
                for branch in getattr(part, name):
                    branch[-1].weight.data.mul_(0.3)
                    branch[-1].bias.data.fill_(2.0)


def fixed_bins(module):
    """Restores what reads distributions over distances: its weights are not learned."""
    for part in module.modules():
        if type(part).__name__ == "DFL":
            part.conv.weight.data[:] = torch.arange(part.c1, dtype=torch.float32).view(1, part.c1, 1, 1)


def export(name, module, example, inputs, outputs, **options):
    torch.onnx.export(module, example, name + ".onnx", input_names=inputs, output_names=outputs,
                      opset_version=17, dynamo=False, **options)


def rf_detr(name):
    import rfdetr
    model = rfdetr.RFDETRNano(pretrain_weights=None)
    size = model.model.resolution
    folder = name + ".out"
    model.export(output_dir=folder, verbose=False)
    os.replace(next(pathlib.Path(folder).glob("*.onnx")), name + ".onnx")
    levels = picture(size, size)
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    dets, labels = run(name, {"input": tensor(levels, mean=mean, std=std).numpy()})[:2]
    from rfdetr.models.postprocess import PostProcess
    outputs = {"pred_logits": torch.from_numpy(labels), "pred_boxes": torch.from_numpy(dets)}
    confidence = threshold(outputs["pred_logits"].sigmoid().amax(-1))
    result = PostProcess(num_select=300)(outputs, torch.tensor([[size, size]]))[0]
    write(name, levels, one_class_each(result, confidence), confidence)


def yolov5(name):
    """The package has the repository's own model, export and suppression."""
    import yolov5 as package
    from yolov5.models.yolo import Model
    from yolov5.utils.general import non_max_suppression
    folder = pathlib.Path(package.__file__).parent
    model = spread(Model(str(folder / "models/yolov5n.yaml"))).eval()
    head = model.model[-1]
    head.export = True
    levels = picture(320, 320)
    values = tensor(levels)
    model(values)
    export(name, model, (values,), ["images"], ["output0"])
    output = torch.from_numpy(run(name, {"images": values.numpy()})[0])
    confidence = threshold((output[0, :, 5:] * output[0, :, 4:5]).amax(1))
    found = non_max_suppression(output, confidence, IOU, max_det=100)[0]
    write(name, levels, torch.cat([found[:, 5:6], found[:, 4:5], found[:, :4]], 1), confidence)


def yolox(name, is_raw):
    """The package has YOLOX's network with its decoding apart, as the official export leaves it, and
    within the graph, as with --decode_in_inference."""
    from libreyolo import LibreYOLOX
    from libreyolo.postprocess import yolox as post
    model = spread(LibreYOLOX(None, size="n").model).eval()
    model.head.export = False
    next(part for part in model.modules() if isinstance(part, torch.nn.Conv2d)).weight.data.div_(100)
    for branch in model.head.reg_preds:
        branch.weight.data.mul_(0.1)
        branch.bias.data.fill_(0.5)
    levels = picture(416, 416)
    values = tensor(levels, bgr=True, scale=255)

    class Flat(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, images):
            maps = self.model(images)
            if not is_raw:
                return post.decode_outputs(maps)
            return torch.cat([one.flatten(2).permute(0, 2, 1) for one in maps], 1)

    with torch.no_grad():
        maps = model(values)
    export(name, Flat(), (values,), ["images"], ["output"])
    flat = torch.cat([one.flatten(2) for one in maps], 2)[0]
    confidence = threshold((flat[5:] * flat[4:5]).amax(0))
    found = post.postprocess(maps, confidence, IOU, input_size=416, max_det=100)
    rows = zip(found["classes"], found["scores"], found["boxes"])
    write(name, levels, [[number, score, *box] for number, score, box in rows], confidence)


def torchvision_model(name):
    import torchvision
    model = torchvision.models.detection.fasterrcnn_mobilenet_v3_large_320_fpn(
        weights=None, weights_backbone=None, box_score_thresh=0.01).eval()
    levels = picture(320, 320)
    values = tensor(levels)[0]
    export(name, model, ([values],), ["image"], ["boxes", "labels", "scores"],
           dynamic_axes={"boxes": [0], "labels": [0], "scores": [0]})
    with torch.no_grad():
        found = model([values])[0]
    confidence = threshold(found["scores"])
    kept = found["scores"] >= confidence
    rows = torch.cat([found["labels"][:, None].float(), found["scores"][:, None], found["boxes"]], 1)
    write(name, levels, rows[kept], confidence)


FAMILIES = {
    "yolo11": lambda name: ultralytics_model(name, "yolo11n.yaml"),
    "yolo11-dynamic": lambda name: ultralytics_model(name, "yolo11n.yaml", dynamic=True),
    "yolo11-half": lambda name: ultralytics_model(name, "yolo11n.yaml", half=True),
    "yolo11-batch": lambda name: ultralytics_model(name, "yolo11n.yaml", batch=4),
    "yolo11-nms": lambda name: ultralytics_model(name, "yolo11n.yaml", nms=True),
    "yolo26": lambda name: ultralytics_model(name, "yolo26n.yaml"),
    "yolo26-end2end": lambda name: ultralytics_model(name, "yolo26n.yaml", nms=False),
    "yolov10-end2end": lambda name: ultralytics_model(name, "yolov10n.yaml", nms=False),
    "rtdetr-ultralytics": lambda name: ultralytics_model(name, "rtdetr-resnet50.yaml", "RTDETR"),
    "rfdetr": rf_detr,
    "yolov5": yolov5,
    "yolox": lambda name: yolox(name, True),
    "yolox-decoded": lambda name: yolox(name, False),
    "torchvision": torchvision_model,
    **damo_yolo.FAMILIES,
    **hugging_face.FAMILIES,
    **libre.FAMILIES,
    **openmmlab.FAMILIES,
    **paddle_detection.FAMILIES,
}


def main():
    folder, wanted = sys.argv[1], sys.argv[2:] or list(FAMILIES)
    os.makedirs(folder, exist_ok=True)
    os.chdir(folder)
    torch.set_num_threads(1)
    for name in wanted:
        torch.manual_seed(3)
        try:
            FAMILIES[name](name)
        except Exception as error:  # One family whose package is missing does not end the others.
            print("FAILED", name, repr(error)[:300])


main()
