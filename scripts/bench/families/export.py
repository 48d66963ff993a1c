"""Exports a model of each family with random weights, by the family's own exporter, and writes beside it
what the family's own post-processing finds in one picture.

    pip install torch torchvision onnx onnxruntime ultralytics transformers rfdetr yolov5 libreyolo
    pip install --no-deps pydfine sparrow-rtdetr yolov7detect   # and super-gradients, with what it demands
    python scripts/bench/families/export.py tmp/families [NAME…]

Those that want packages which do not agree with these are in modules of their own, which name them.

NAME.onnx, NAME.rgb (levels, row by row) and NAME.json: width, height, the least confidence, and the
detections as class, score, x1, y1, x2, y2 in pixels of the picture, which has the size of the input.
Then, to compare: deno task bench scripts/bench/families.ts tmp/families
"""
import functools
import os
import pathlib
import sys

import numpy
import torch

import damo_yolo
import hugging_face
import libre
import openmmlab
import paddle_detection
from common import IOU, one_class_each, picture, run, threshold, write
from torch_parts import IMAGENET, calibrate, export, spread, tensor


def usual_outputs(model, layers, values):
    """Gives each channel of last layers a mean of 0 and a deviation of 1."""
    def scale(layer, _, output):
        deviation, mean = torch.std_mean(output, (0, 2, 3))
        layer.weight.data.div_(deviation.view(-1, 1, 1, 1))
        layer.bias.data.sub_(mean).div_(deviation)

    hooks = [layer.register_forward_hook(scale) for layer in layers]
    with torch.no_grad():
        model(values)
    for hook in hooks:
        hook.remove()


def ultralytics_model(name, config, kind="YOLO", is_calibrated=False, **options):
    import ultralytics
    from ultralytics.utils import nms

    model = getattr(ultralytics, kind)(config)
    if kind == "YOLO":
        for part in model.model.modules():
            part.requires_grad_(True)
        spread(model.model)
        fixed_bins(model.model)
        usual_boxes(model.model)
        if is_calibrated:
            calibrate(model.model, tensor(picture(320, 320)))
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


def d_fine_official(name):
    """The repository's network and tools/deployment/export_onnx.py, without its configuration."""
    from dfine import DFINE
    model = DFINE(size="n", imgsz=320, backbone_pretrained=False)
    spread(model.model.backbone)
    model.export(file=name + ".onnx")
    levels = picture(320, 320)
    feeds = {"images": tensor(levels).numpy(), "orig_target_sizes": numpy.array([[320, 320]])}
    confidence = threshold(run(name, feeds)[2])
    found = model.predict(levels, conf=confidence)[0].boxes
    write(name, levels, numpy.column_stack([found.cls, found.conf, found.xyxy]), confidence)


def rt_detr_official(name):
    """The package has the repository's network and post-processing; joined and exported as its
    tools/export_onnx.py does."""
    from sparrow_rtdetr.backbone import PResNet
    from sparrow_rtdetr.decoder import RTDETRTransformer
    from sparrow_rtdetr.encoder import HybridEncoder
    from sparrow_rtdetr.post_processor import PostProcessor
    size = [320, 320]
    model = torch.nn.Sequential(
        spread(PResNet(18, return_idx=[1, 2, 3])),
        HybridEncoder([128, 256, 512], eval_spatial_size=size),
        RTDETRTransformer(feat_channels=[256, 256, 256], num_decoder_layers=3, eval_spatial_size=size)).eval()
    post = PostProcessor()

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model
            self.postprocessor = post

        def forward(self, images, orig_target_sizes):
            return self.postprocessor(self.model(images), orig_target_sizes)

    levels = picture(*size)
    values, sizes = tensor(levels), torch.tensor([size])
    with torch.no_grad():
        found = post(model(values), sizes)
    confidence = threshold(found["scores"])
    rows = torch.stack([found["labels"][0], found["scores"][0], *found["boxes"][0].T], 1)
    post.deploy()
    export(name, Model(), (values, sizes), ["images", "orig_target_sizes"], ["labels", "boxes", "scores"],
           dynamic_axes={"images": {0: "N"}, "orig_target_sizes": {0: "N"}})
    write(name, levels, rows[rows[:, 1] >= confidence], confidence)


def yolo_nas(name, form, **options):
    from super_gradients.conversion import DetectionOutputFormatMode
    from super_gradients.training import models
    from super_gradients.training.processing.processing import get_pretrained_processing_params
    model = spread(models.get("yolo_nas_s", num_classes=80)).eval()
    model.set_dataset_processing_params(**get_pretrained_processing_params("yolo_nas_s", "coco"))
    levels = picture(320, 320)
    values = tensor(levels)
    last = [layer for head in model.heads.children() for layer in (head.cls_pred, head.reg_pred)]
    usual_outputs(model, last, values)
    with torch.no_grad():
        output = model(values)
    confidence = threshold(output[0][1][0].amax(1))
    post = model.get_post_prediction_callback(conf=confidence, iou=IOU, nms_top_k=1000, max_predictions=300,
                                              multi_label_per_box=True, class_agnostic_nms=False)
    found = post(output)[0]
    # The package is of a time when torch had one exporter.
    torch.onnx.export = functools.partial(torch.onnx.export, dynamo=False)
    model.export(name + ".onnx", confidence_threshold=confidence, nms_threshold=IOU,
                 input_image_shape=(320, 320), max_predictions_per_image=300,
                 output_predictions_format=DetectionOutputFormatMode[form], **options)
    write(name, levels, found[:, [5, 4, 0, 1, 2, 3]], confidence)


def rf_detr(name):
    import rfdetr
    model = rfdetr.RFDETRNano(pretrain_weights=None)
    size = model.model.resolution
    folder = name + ".out"
    model.export(output_dir=folder, verbose=False)
    os.replace(next(pathlib.Path(folder).glob("*.onnx")), name + ".onnx")
    levels = picture(size, size)
    dets, labels = run(name, {"input": tensor(levels, **IMAGENET).numpy()})[:2]
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


def yolov7(name, classes=80, is_end2end=False):
    """The package has the repository's layers, suppression and export.py, of which this is --grid, or
    --grid --end2end --max-wh 640; it has no configuration of a network, for which a small one stands here."""
    from yolov7.models.experimental import End2End
    from yolov7.models.yolo import Model
    from yolov7.utils.general import non_max_suppression
    layers = [[-1, 1, "Conv", [channels, 3, 2]] for channels in (16, 32, 64, 64, 64)]
    anchors = [[12, 16, 19, 36, 40, 28], [36, 75, 76, 55, 72, 146], [142, 110, 192, 243, 459, 401]]
    model = Model({"nc": classes, "depth_multiple": 1, "width_multiple": 1, "anchors": anchors,
                   "backbone": layers, "head": [[[2, 3, 4], 1, "IDetect", ["nc", "anchors"]]]})
    model = spread(model).requires_grad_(False).fuse().eval()
    model.model[-1].concat = True
    levels = picture(320, 320)
    values = tensor(levels)
    with torch.no_grad():
        output = model(values)
    scores = output[0, :, 4:5] * output[0, :, 5:] if classes > 1 else output[0, :, 4:5]
    confidence = threshold(scores.amax(1))
    found = non_max_suppression(output, confidence, IOU)[0]
    if is_end2end:
        model = End2End(model, 100, IOU, confidence, 640, None, classes)
    export(name, model, (values,), ["images"], ["output"])
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
    "yolo12": lambda name: ultralytics_model(name, "yolo12n.yaml", is_calibrated=True),
    "yolo26": lambda name: ultralytics_model(name, "yolo26n.yaml"),
    "yolo26-end2end": lambda name: ultralytics_model(name, "yolo26n.yaml", nms=False),
    "yolov10-end2end": lambda name: ultralytics_model(name, "yolov10n.yaml", nms=False),
    "rtdetr-ultralytics": lambda name: ultralytics_model(name, "rtdetr-resnet50.yaml", "RTDETR"),
    "dfine": d_fine_official,
    "rtdetr": rt_detr_official,
    "yolo-nas": lambda name: yolo_nas(name, "FLAT_FORMAT"),
    "yolo-nas-batch": lambda name: yolo_nas(name, "BATCH_FORMAT"),
    "yolo-nas-plain": lambda name: yolo_nas(name, "FLAT_FORMAT", preprocessing=False),
    "rfdetr": rf_detr,
    "yolov5": yolov5,
    "yolov7": yolov7,
    "yolov7-one-class": lambda name: yolov7(name, classes=1),
    "yolov7-end2end": lambda name: yolov7(name, is_end2end=True),
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
